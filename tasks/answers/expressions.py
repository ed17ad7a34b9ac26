r"""Tell whether two mathematical expressions are equal, without an algebra system.

Two texts in LaTeX or plain mathematics come in; True, False or None (cannot tell) goes out, in
about 0.1 ms and never more than a few. Both are parsed and computed at the same points: rational
ones modulo a prime, the others in floating point with bounded errors. Equal everywhere is True,
different where both have a value is False, anything in doubt is None.

Equal: `2(x+1)` and `2x+2`, `\frac{\sqrt{2}}{2}` and `1/\sqrt{2}`, `36\pi` and `36 pi`, `x=5` and
`5`, `y=2x` and `2x-y=0`, `3<x` and `x>3`, `\pi/6` and `30°`. Not: `ab` and `a+b`, `x` and `X`,
`x>3` and `x\ge 3`. In doubt: words, units, and what people read in several ways that give several
verdicts (`1/2x`, the base of `log`, the letter `i`).
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations, pairwise, product
from typing import NamedTuple

from tasks.answers.math_parser import Parsed, Reading, parse_expression
from tasks.answers.math_tokens import Unreadable
from tasks.answers.math_tree import Node, Symbol, add, find_degree, negate
from tasks.answers.math_values import PRIME, Undefined, compare_values, find_residue, find_value
from tasks.answers.normalization import fold_characters

MAX_CHARS = 400
MAX_CHOICES = 3
MAX_RELATIONS = 4
NUM_POINTS = 6
MIN_POINTS = 3
"""Points at which both expressions must have a value, where they hold symbols."""
TOLERANCE = 1e-6
"""Of the gold's value, between values of which one is written with a decimal point."""

_RELATION = re.compile(
    r"(\\(?:leqslant|geqslant|leq?|geq?|neq?|lt|gt|approx)(?![A-Za-z])|<=|>=|!=|=<|=>|[<>=≈≤≥≠])"
)
_RELATION_SIGNS = {
    r"\leqslant": "<=", r"\leq": "<=", r"\le": "<=", "=<": "<=", "≤": "<=", r"\lt": "<",
    r"\geqslant": ">=", r"\geq": ">=", r"\ge": ">=", "=>": ">=", "≥": ">=", r"\gt": ">",
    r"\neq": "!=", r"\ne": "!=", "≠": "!=", r"\approx": "=", "≈": "=",
}  # fmt: skip
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_MATHEMATICAL = re.compile(
    r"[0-9+*/^=<>|!√°±∞]|-|\\(?!text|math|mbox|operatorname|left|right|quad|boxed)[A-Za-z]{2}"
    r"|^\s*[^\W\d_]\s*$|(?<![A-Za-z])(?:pi|sqrt)"
    r"|(?<![A-Za-z])(?:sin|cos|tan|cot|ln|log|exp)(?:[ (\\]|[A-Za-z]\b)"
)
_FUNCTION_NAME = re.compile(r"\s*([A-Za-z]) ?\( ?[a-z] ?\)\s*")


class Statement(NamedTuple):
    """Expressions and the relations between them; an expression alone has none."""

    sides: tuple[str, ...]
    signs: tuple[str, ...]


class Basis(NamedTuple):
    """How two statements are matched."""

    reading: Reading
    tolerance: float


def is_mathematical(text: str) -> bool:
    """Tell whether a text holds anything that a word does not."""
    return _MATHEMATICAL.search(text) is not None


def expressions_match(gold: str, answer: str, tolerance: float = TOLERANCE) -> bool | None:
    """Tell whether two expressions, equations or inequalities are equal; None: cannot tell.

    Any text is fine: it never raises. Symmetric, but for the tolerance.

    Args:
        gold: In LaTeX or plain mathematics, with or without dollars around it.
        answer: Likewise.
        tolerance: Of the gold's value, where one of the two has a decimal point.
    """
    if max(len(gold), len(answer)) > MAX_CHARS:
        return None
    left, right = _split_relations(fold_characters(gold)), _split_relations(fold_characters(answer))
    if not (is_mathematical(gold) and is_mathematical(answer)) or left is None or right is None:
        return None
    try:
        return _match_readings(left, right, tolerance)
    except Unreadable:
        return None


@lru_cache(maxsize=2048)
def _split_relations(text: str) -> Statement | None:
    parts = _RELATION.split(text)
    if len(parts) > 2 * MAX_RELATIONS + 1:
        return None
    signs = tuple(_RELATION_SIGNS.get(sign, sign) for sign in parts[1::2])
    sides = tuple(parts[::2])
    if signs and all(sign in "<=" for sign in signs) and set(signs) != {"="}:
        return Statement(sides[::-1], tuple(_FLIPPED.get(sign, sign) for sign in signs[::-1]))
    return Statement(sides, signs)


def _match_readings(left: Statement, right: Statement, tolerance: float) -> bool | None:
    """Match under every reading of what the texts leave open; all must agree.

    The degree sign is a unit, which may be left out: there, one reading that matches is enough.
    """
    parsed = [_parse(side, frozenset()) for side in (*left.sides, *right.sides)]
    choices = set[str]().union(*(side.ambiguous for side in parsed))
    if len(choices) > MAX_CHOICES:
        return None
    verdicts = {
        _match_degrees(left, right, Basis(reading, tolerance), "degree" in choices)
        for reading in _list_readings(choices - {"degree", "minus"})
    }
    return verdicts.pop() if len(verdicts) == 1 else None


def _list_readings(choices: set[str]) -> Iterator[Reading]:
    for count in range(len(choices) + 1):
        yield from map(frozenset, combinations(sorted(choices), count))


def _match_degrees(
    left: Statement, right: Statement, basis: Basis, has_degrees: bool
) -> bool | None:
    verdict = _match_statements(left, right, basis)
    if has_degrees and not verdict:
        plain = basis._replace(reading=basis.reading | {"degree"})
        return _match_statements(left, right, plain) or verdict
    return verdict


def _match_statements(left: Statement, right: Statement, basis: Basis) -> bool | None:
    """Match an expression or relation with another, both in one reading."""
    left, right = _drop_name(left, right), _drop_name(right, left)
    if not left.signs and not right.signs:
        return _match_signed(left.sides[0], right.sides[0], basis)
    if left.signs and right.signs:
        return _match_relations(left, right, basis.reading)
    if set(left.signs + right.signs) != {"="}:
        return None
    pairs = product(left.sides, right.sides)
    return {_match_signed(*pair, basis) for pair in pairs} == {True} or None


def _drop_name(statement: Statement, other: Statement) -> Statement:
    """Drop the name before `=` that the other side lacks or shares: `x = 5`, `f(x) = 2x`."""
    sides, signs = statement
    if signs[:1] != ("=",) or (other.signs and other.signs[0] != "="):
        return statement
    name = _read_name(sides[0])
    if name is None or (other.signs and _read_name(other.sides[0]) != name):
        return statement
    if any(name in _parse(side, frozenset()).symbols for side in sides[1:]):
        return statement
    return Statement(sides[1:], signs[1:])


def _read_name(text: str) -> str | None:
    named = _FUNCTION_NAME.fullmatch(text)
    if named:
        return f"{named[1]}()"
    node = _parse(text, frozenset()).node
    return node.name if isinstance(node, Symbol) else None


def _match_signed(left: str, right: str, basis: Basis) -> bool | None:
    """Match two expressions; those with a plus-minus stand for two values each."""
    gold, answer = _parse(left, basis.reading), _parse(right, basis.reading)
    signed = [parsed for parsed in (gold, answer) if "minus" in parsed.ambiguous]
    if not signed:
        return _match_parsed(gold, answer, basis.tolerance)
    if len(signed) == 1:
        return None
    lower = basis.reading | {"minus"}
    golds, answers = (gold, _parse(left, lower)), (answer, _parse(right, lower))
    verdicts = [
        [_match_parsed(*pair, basis.tolerance) for pair in zip(golds, order, strict=True)]
        for order in (answers, answers[::-1])
    ]
    if [True, True] in verdicts:
        return True
    return None if any(None in verdict for verdict in verdicts) else False


def _match_parsed(gold: Parsed, answer: Parsed, tolerance: float) -> bool | None:
    verdict = _match_residues(gold.node, answer.node)
    if verdict is None or (verdict is False and (gold.has_point or answer.has_point)):
        verdict = _match_values(gold, answer, tolerance)
    return None if verdict is False and _may_be_twins(gold, answer) else verdict


def _may_be_twins(gold: Parsed, answer: Parsed) -> bool:
    """Tell whether what differs may be one name for a segment and one for a product, or `i`."""
    names = {name for name in gold.symbols ^ answer.symbols if len(name) > 1 and name.isupper()}
    letters = set("".join(names))
    return bool(letters & (gold.symbols | answer.symbols))


def _match_residues(gold: Node, answer: Node) -> bool | None:
    try:
        return find_residue(gold, 0) == find_residue(answer, 0)
    except Undefined:
        return None


def _match_values(gold: Parsed, answer: Parsed, tolerance: float) -> bool | None:
    """Compare in floating point, at one point where there are no symbols, else at several."""
    is_constant = not gold.symbols and not answer.symbols
    is_rounded = gold.has_point or answer.has_point
    verdicts: list[bool | None] = []
    for point in range(1 if is_constant else NUM_POINTS):
        try:
            values = find_value(gold.node, point), find_value(answer.node, point)
        except Undefined:
            continue
        verdict = compare_values(*values)
        if is_rounded and not verdict:
            difference = abs(values[0][0] - values[1][0])
            verdict = difference <= tolerance * abs(values[0][0]) or verdict
        verdicts.append(verdict)
    found = set(verdicts)
    if len(verdicts) < (1 if is_constant else MIN_POINTS) or {True, False} <= found:
        return None
    return False if False in found else True if found == {True} else None


def _match_relations(left: Statement, right: Statement, reading: Reading) -> bool | None:
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
        if {_match_signed(*pair, basis) for pair in zip(left.sides, sides, strict=True)} == {True}:
            return True
    parsed = [_parse(side, reading) for side in (*left.sides, *right.sides)]
    return None if any(side.symbols for side in parsed) else False


def _subtract(sides: tuple[str, str], reading: Reading) -> Node:
    first, second = (_parse(side, reading) for side in sides)
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


@lru_cache(maxsize=4096)
def _parse(text: str, reading: Reading) -> Parsed:
    return parse_expression(text, reading)
