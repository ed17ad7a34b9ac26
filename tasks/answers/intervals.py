"""Intervals, unions of them, and the inequalities that say the same.

Normalized text comes in; the pieces go out, each with its ends and whether they belong to it, or
None where the text is no interval. `(1, 2)` is read as an open interval here: whether it was meant
as a point cannot be seen, so the caller asks only where the other side is an interval, too.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tasks.answers.sequences import Match, match_parts

MAX_CHARS = 300
MAX_PIECES = 12
INFINITY = "infty"

_END = r"[^\[\](){},;<>=]{1,60}(?:\([^\[\](){},;<>=]{1,30}\)[^\[\](){},;<>=]{0,30})?"
_INTERVAL = re.compile(
    rf"(?P<left>[\[(\]]) ?(?P<start>{_END}) ?[,;] ?(?P<end>{_END}) ?(?P<right>[\])\[])"
)
_POINTS = re.compile(rf"\{{ ?({_END}) ?\}}")
_RELATION = re.compile(r" ?(<=|>=|!=|<|>) ?")
_UNION = re.compile(r" ?\u222a ?| or | union |(?<=[)\]]) ?[Uu] ?(?=[(\[])")
_NAME_BEFORE = re.compile(r"(?:(?P<name>[A-Za-z]) ?(?:\u2208|=|is in|in) ?)")
_BUILDER = re.compile(r"\{ ?[A-Za-z] ?(?:[|:]|\\mid) ?([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z]")
_NUMBER_LIKE = re.compile(r"(?:[0-9+*/^.() -]|pi|sqrt|infty|\\frac|[{}]|\be\b)+")
_REALS = re.compile(r"R|all real numbers?|(?:the )?real numbers|all reals", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Piece:
    """One interval."""

    start: str
    end: str
    has_start: bool
    has_end: bool


@dataclass(frozen=True, slots=True)
class Region:
    """A union of intervals, and the variable that lies in it where the text names one."""

    pieces: tuple[Piece, ...]
    name: str | None
    is_certain: bool
    """No part of it can be a point or a list."""


def parse_region(text: str) -> Region | None:
    """Read an interval, a union or an inequality in one variable; None for anything else."""
    if len(text) > MAX_CHARS or not any(sign in text for sign in "[(]<>!\u2208Rr"):
        return None
    builder = _BUILDER.fullmatch(text)
    if builder:
        return parse_region(builder[1])
    named = _NAME_BEFORE.match(text)
    rest = text[named.end() :] if named else text
    terms = _UNION.split(rest)
    if _REALS.fullmatch(rest):
        everything = Piece(f"-{INFINITY}", INFINITY, has_start=False, has_end=False)
        return Region((everything,), named["name"] if named else None, is_certain=True)
    read = [_read_interval(term) or _read_inequality(term) for term in terms[: MAX_PIECES + 1]]
    if len(terms) > MAX_PIECES or any(region is None for region in read):
        return None
    regions = [region for region in read if region is not None]
    names = {region.name for region in regions} - {None} | ({named["name"]} if named else set())
    if len(names) > 1:
        return None
    pieces = tuple(piece for region in regions for piece in region.pieces)
    is_certain = bool(named) or len(terms) > 1 or regions[0].is_certain
    return Region(pieces, names.pop() if names else None, is_certain=is_certain)


def regions_match(gold: Region, answer: Region, match: Match) -> bool | None:
    """Tell whether two regions are equal, piece by piece in any order; `match` compares ends."""
    if gold.name and answer.name and gold.name != answer.name:
        return False
    return match_parts(
        [_write(piece) for piece in gold.pieces],
        [_write(piece) for piece in answer.pieces],
        lambda left, right: _match_pieces(left, right, match),
        is_ordered=False,
    )


def _match_pieces(left: str, right: str, match: Match) -> bool | None:
    first, second = left.split(";"), right.split(";")
    if first[0] != second[0]:
        return False
    return match_parts(first[1:], second[1:], _match_ends(match), is_ordered=True)


def _match_ends(match: Match) -> Callable[[str, str], bool | None]:
    def match_ends(left: str, right: str) -> bool | None:
        if INFINITY in (left[-5:], right[-5:]):
            return left.removeprefix("+") == right.removeprefix("+")
        return match(left, right)

    return match_ends


def _write(piece: Piece) -> str:
    """Write a piece as its kind and its ends, so that equal pieces are equal texts."""
    kind = ("[" if piece.has_start else "(") + ("]" if piece.has_end else ")")
    return f"{kind};{piece.start};{piece.end}"


def _read_interval(text: str) -> Region | None:
    found = _INTERVAL.fullmatch(text)
    if found is None:
        points = _POINTS.fullmatch(text)
        if points is None:
            return None
        end = points[1].strip()
        return Region((Piece(end, end, has_start=True, has_end=True),), None, is_certain=False)
    start, end = (found[name].replace(" ", "") for name in ("start", "end"))
    piece = Piece(start, end, has_start=found["left"] == "[", has_end=found["right"] == "]")
    is_mixed = (found["left"], found["right"]) not in (("(", ")"), ("[", "]"))
    return Region((piece,), None, is_certain=is_mixed or INFINITY in start + end)


def _read_inequality(text: str) -> Region | None:
    """Read `x > 3`, `1 < x <= 2` or `x != 3`; the ends must be constants."""
    parts = _RELATION.split(text)
    sides, signs = parts[::2], parts[1::2]
    if len(signs) not in (1, 2) or "=" in "".join(sides):
        return None
    place = next((i for i, side in enumerate(sides) if _NAME.fullmatch(side)), None)
    others = [side.replace(" ", "") for i, side in enumerate(sides) if i != place]
    if place is None or not all(map(_NUMBER_LIKE.fullmatch, others)):
        return None
    pieces = _bound(place, others, signs)
    return Region(pieces, sides[place], is_certain=True) if pieces else None


def _bound(place: int, ends: Sequence[str], signs: Sequence[str]) -> tuple[Piece, ...]:
    low, high = f"-{INFINITY}", INFINITY
    if len(signs) == 2:
        if place != 1 or {sign[0] for sign in signs} not in ({"<"}, {">"}):
            return ()
        ends, signs = (ends, signs) if signs[0][0] == "<" else (ends[::-1], signs[::-1])
        return (Piece(ends[0], ends[1], has_start="=" in signs[0], has_end="=" in signs[1]),)
    end, sign = ends[0], signs[0]
    if sign == "!=":
        return (
            Piece(low, end, has_start=False, has_end=False),
            Piece(end, high, has_start=False, has_end=False),
        )
    is_above = (sign[0] == ">") is (place == 0)
    if is_above:
        return (Piece(end, high, has_start="=" in sign, has_end=False),)
    return (Piece(low, end, has_start=False, has_end="=" in sign),)
