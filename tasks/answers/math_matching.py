"""Match two mathematical expressions, each one value, by what they come to at the same points.

Texts without relations and a reading come in; True, False or None (cannot tell) goes out. Rational
ones are computed modulo a prime, the others in floating point with bounded errors.
"""

from functools import lru_cache
from typing import NamedTuple

from tasks.answers.math_parser import Parsed, Reading, parse_expression
from tasks.answers.math_tree import Node
from tasks.answers.math_values import Undefined, compare_values, find_residue, find_value

NUM_POINTS = 6
MIN_POINTS = 3
"""Points at which both expressions must have a value, where they hold symbols."""
TOLERANCE = 1e-6
"""Of the gold's value, between values of which one is written with a decimal point."""


class Basis(NamedTuple):
    """How two statements are matched."""

    reading: Reading
    tolerance: float


@lru_cache(maxsize=4096)
def parse(text: str, reading: Reading) -> Parsed:
    """Parse an expression; the same text is parsed once.

    Raises:
        Unreadable: It is no expression that can be read for certain.
    """
    return parse_expression(text, reading)


def match_expressions(left: str, right: str, basis: Basis) -> bool | None:
    """Match two expressions; those with a plus-minus stand for two values each."""
    gold, answer = parse(left, basis.reading), parse(right, basis.reading)
    signed = [parsed for parsed in (gold, answer) if "minus" in parsed.ambiguous]
    if not signed:
        return _match_parsed(gold, answer, basis.tolerance)
    if len(signed) == 1:
        return None
    lower = basis.reading | {"minus"}
    golds, answers = (gold, parse(left, lower)), (answer, parse(right, lower))
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
