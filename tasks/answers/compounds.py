"""One quantity in several units: `2 hours 30 minutes`, `5 ft 3 in`, `$3 and 50 cents`.

Normalized text comes in; its value in the first unit goes out. Each unit must be smaller than the
one before it and of its kind, and every number but the last a whole one.
"""

import re
from fractions import Fraction

from tasks.answers.units import find_ratio, find_unit

MAX_CHARS = 60

_ITEM = re.compile(
    r" ?(?:,|and )? ?(?P<number>[0-9]{1,9}(?:\.[0-9]{1,9})?) ?"
    r"(?P<unit>[A-Za-z]{1,12}|[\u00b0'\"\u00a2])"
)
_MARKS = {"\u00b0": {"'": "arcminute", '"': "arcsecond"}, "'": {'"': "in"}}
_DOLLARS = re.compile(r"\$ ?([0-9]{1,9})(?= and )")


def parse_compound(text: str) -> tuple[Fraction, str] | None:
    """Read a quantity in two or three units as (value, first unit); None for anything else."""
    if len(text) > MAX_CHARS:
        return None
    sign = -1 if text.startswith("-") else 1
    items = _read_items(_DOLLARS.sub(r"\1 dollars", text.removeprefix("-")))
    if items is None:
        return None
    first = find_unit("ft" if items[0][1] == "'" else items[0][1])
    marks = _MARKS.get(items[0][1], {})
    total, last = items[0][0], first
    for number, word in items[1:]:
        unit = find_unit(marks.get(word, word))
        if first is None or last is None or unit is None or find_ratio(last, unit) is None:
            return None
        total += number * (find_ratio(first, unit) or 0)
        last = unit
    return (sign * total, first) if first else None


def _read_items(text: str) -> list[tuple[Fraction, str]] | None:
    items: list[tuple[Fraction, str]] = []
    position = 0
    while position < len(text) and len(items) < 4:
        found = _ITEM.match(text, position)
        if found is None:
            return None
        items.append((Fraction(found["number"]), found["unit"]))
        position = found.end()
    are_whole = all(number.denominator == 1 for number, _ in items[:-1])
    return items if position == len(text) and 2 <= len(items) <= 3 and are_whole else None
