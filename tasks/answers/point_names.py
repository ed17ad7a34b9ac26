"""Names of points and of their parts: what stands before `=` where there are several values.

Normalized text or parts come in; the same without the names, or in the order of the names, goes
out.
"""

import re

from tasks.answers.sequences import Parts, split_name

_NAMES = re.compile(r"\( ?([A-Za-z](?: ?, ?[A-Za-z]){1,5}) ?\) ?= ?")
_MEMBER = re.compile(r"[A-Za-z] ?\u2208 ?(?=\{)")
_INDEX = re.compile(r"[A-Za-z]_?\{?([0-9]{1,3})\}?")


def drop_point_name(text: str) -> str:
    """Drop what names the parts of a point or the members of a set: `(x, y) = (1, 2)`.

    Names that are not in their order, as in `(y, x) = (1, 2)`, stay.
    """
    if "=" not in text and "\u2208" not in text:
        return text
    member = _MEMBER.match(text)
    if member:
        return text[member.end() :]
    found = _NAMES.match(text)
    return text[found.end() :] if found and not is_misordered(found[0]) else text


def is_misordered(text: str) -> bool:
    """Tell `(y, x) = (1, 2)`, whose right side is no point of the plane."""
    return any(_list_names(found) != sorted(_list_names(found)) for found in _NAMES.finditer(text))


def _list_names(found: re.Match[str]) -> list[str]:
    return [name.strip() for name in found[1].split(",")]


def sort_named(parts: Parts) -> Parts:
    """Sort parts whose names follow each other: `y = 2, x = 1`, `x_2 = 2, x_1 = 1`."""
    places = [_find_place(split_name(part)[0] or "") for part in parts]
    first = min(places, default=0)
    if first <= 0 or sorted(places) != list(range(first, first + len(parts))):
        return parts
    ordered = dict(zip(places, parts, strict=True))
    return tuple(ordered[place] for place in sorted(places))


def _find_place(name: str) -> int:
    """Find where a name stands among those of its kind, from 1 on; 0: it has no place."""
    index = _INDEX.fullmatch(name)
    if index:
        return int(index[1]) + 1
    return ord(name.lower()) if len(name) == 1 else 0
