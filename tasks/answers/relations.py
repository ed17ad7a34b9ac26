"""Match equations and inequalities, by the differences of their sides.

Two statements come in; True, False or None (cannot tell) goes out. `2x = 4` is `x = 2`, whose
difference is proportional; `2 + 3 = 5` is not `2 + 4 = 6`, though both differences vanish.
"""

from itertools import pairwise
from typing import NamedTuple

from tasks.answers.math_matching import TOLERANCE, Basis, match_expressions, parse
from tasks.answers.math_parser import Reading
from tasks.answers.math_tokens import Unreadable
from tasks.answers.math_tree import Node, add, find_degree, negate
from tasks.answers.math_values import PRIME, Undefined, find_residue, find_value


class Statement(NamedTuple):
    """Expressions and the relations between them; an expression alone has none."""

    sides: tuple[str, ...]
    signs: tuple[str, ...]


def match_relations(left: Statement, right: Statement, reading: Reading) -> bool | None:
    """Match relations by the differences of their sides, which must be proportional."""
    if len(left.signs) != len(right.signs):
        return None
    if left.signs != right.signs:
        return False
    verdicts = {
        _match_differences(_subtract(one, reading), _subtract(other, reading), sign)
        for one, other, sign in zip(
            pairwise(left.sides), pairwise(right.sides), left.signs, strict=True
        )
    }
    if None in verdicts:
        return _match_sides(left, right, reading)
    return verdicts == {True}


def _match_sides(left: Statement, right: Statement, reading: Reading) -> bool | None:
    """Match side by side what no difference tells: `2+3=5` holds as `2+4=6` does.

    Statements of numbers alone that differ are different; of others nobody can tell.
    """
    basis = Basis(reading, TOLERANCE)
    orders = (right.sides, right.sides[::-1]) if set(left.signs) == {"="} else (right.sides,)
    for sides in orders:
        pairs = zip(left.sides, sides, strict=True)
        if all(match_expressions(*pair, basis) for pair in pairs):
            return True
    parsed = [parse(side, reading) for side in (*left.sides, *right.sides)]
    return None if any(side.symbols for side in parsed) else False


def _subtract(sides: tuple[str, str], reading: Reading) -> Node:
    first, second = (parse(side, reading) for side in sides)
    if "minus" in first.ambiguous | second.ambiguous:
        raise Unreadable("a plus-minus in an equation")
    return add([first.node, negate(second.node)])


def _match_differences(gold: Node, answer: Node, sign: str) -> bool | None:
    """Match `gold sign 0` and `answer sign 0`."""
    try:
        residues = [(find_residue(gold, point), find_residue(answer, point)) for point in (0, 1)]
    except Undefined:
        return None
    (gold_0, answer_0), (gold_1, answer_1) = residues
    if not any((gold_0, answer_0, gold_1, answer_1)):
        return None  # Both always hold.
    if (gold_0, gold_1) == (answer_0, answer_1):
        return True
    if gold_0 * answer_1 % PRIME == gold_1 * answer_0 % PRIME and gold_0 and answer_0:
        return sign in ("=", "!=") or _is_ratio_positive(gold, answer)
    # A factor to a power has the zeros of the factor: only lines and conics are told apart.
    return False if (find_degree(gold), find_degree(answer)) in ((1, 1), (2, 2)) else None


def _is_ratio_positive(gold: Node, answer: Node) -> bool | None:
    try:
        (over, _), (under, _) = find_value(gold, 0), find_value(answer, 0)
    except Undefined:
        return None
    if isinstance(over, complex) or isinstance(under, complex) or not over or not under:
        return None
    return over / under > 0
