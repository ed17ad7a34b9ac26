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
from itertools import combinations, product

from tasks.answers.math_matching import TOLERANCE, Basis, match_expressions, parse
from tasks.answers.math_parser import Reading
from tasks.answers.math_tokens import Unreadable
from tasks.answers.math_tree import Symbol
from tasks.answers.normalization import fold_characters
from tasks.answers.relations import Statement, match_relations

MAX_CHARS = 400
MAX_CHOICES = 3
MAX_RELATIONS = 4
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
    parsed = [parse(side, frozenset()) for side in (*left.sides, *right.sides)]
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
        return match_expressions(left.sides[0], right.sides[0], basis)
    if left.signs and right.signs:
        return match_relations(left, right, basis.reading)
    if set(left.signs + right.signs) != {"="}:
        return None
    pairs = product(left.sides, right.sides)
    return {match_expressions(*pair, basis) for pair in pairs} == {True} or None


def _drop_name(statement: Statement, other: Statement) -> Statement:
    """Drop the name before `=` that the other side lacks or shares: `x = 5`, `f(x) = 2x`."""
    sides, signs = statement
    if signs[:1] != ("=",) or (other.signs and other.signs[0] != "="):
        return statement
    name = _read_name(sides[0])
    if name is None or (other.signs and _read_name(other.sides[0]) != name):
        return statement
    if any(name in parse(side, frozenset()).symbols for side in sides[1:]):
        return statement
    return Statement(sides[1:], signs[1:])


def _read_name(text: str) -> str | None:
    named = _FUNCTION_NAME.fullmatch(text)
    if named:
        return f"{named[1]}()"
    node = parse(text, frozenset()).node
    return node.name if isinstance(node, Symbol) else None
