"""Answers of several parts: split at the top level, and matched in order or in any order.

Normalized text comes in; its parts go out. Brackets are followed to any depth in one pass, so
`(1,2), (3,4)` has two parts. How two parts compare is the caller's business.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

MAX_PARTS = 200
MAX_UNEQUAL = 16
"""Parts in any order whose texts differ; more would take quadratic time."""

Parts = tuple[str, ...]
Match = Callable[[str, str], bool | None]

_MARK = re.compile(r"[\[({]|[\])}]|[,;]| and | or ", re.IGNORECASE)
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_THOUSANDS = re.compile(r"[0-9]{3}(?![0-9])")
_EMPTY = {"", "and", "or"}
_NAME = re.compile(
    r"(?P<name>[A-Za-z](?:[A-Za-z0-9_']{0,11}|_\{\w{1,5}\})(?:\([a-z]\))?) ?= ?(?!=)(?P<value>.+)"
)


def strip_brackets(text: str) -> tuple[str, str]:
    """Take off the brackets around the whole text: (`(` or nothing, what is inside)."""
    if text[:1] not in _CLOSING or text[-1:] not in ")]}":
        return "", text
    depth = 0
    for mark in re.finditer(r"[\[({]|[\])}]", text):
        depth += 1 if mark[0] in _CLOSING else -1
        if depth == 0:
            return (text[0], text[1:-1].strip()) if mark.end() == len(text) else ("", text)
    return "", text


def split_parts(text: str) -> Parts:
    """Split at commas, semicolons, `and` and `or` outside of brackets; a plus-minus is two parts.

    A comma before three digits is of a number where other commas have a space: `1,000, 2,000`.
    """
    parts: list[str] = []
    start = depth = 0
    is_spaced = ", " in text or ";" in text
    for mark in _MARK.finditer(text):
        sign = mark[0]
        if sign in _CLOSING or sign in ")]}":
            depth += 1 if sign in _CLOSING else -1
        elif depth <= 0 and not (sign == "," and is_spaced and _is_grouping(text, mark.start())):
            parts.append(text[start : mark.start()])
            start = mark.end()
        if len(parts) > MAX_PARTS:
            break
    stripped = [part.strip() for part in (*parts, text[start:])]
    return tuple(
        value for part in stripped if part not in _EMPTY for value in expand_signs(_strip_and(part))
    )


def expand_signs(text: str) -> Parts:
    """Write a plus-minus as its two values; all signs of one text go together."""
    if "\u00b1" not in text:
        return (text,)
    return text.replace("\u00b1", "+").lstrip("+ "), text.replace("\u00b1", "-")


def split_name(text: str) -> tuple[str | None, str]:
    """Split `x = 5` into its name and value; no name where the left side is anything else."""
    found = _NAME.fullmatch(text)
    if found is None or "=" in found["value"]:
        return None, text
    return found["name"], found["value"]


def match_parts(
    gold: Sequence[str], answer: Sequence[str], match: Match, *, is_ordered: bool
) -> bool | None:
    """Match parts one to one; None where no two that must match differ, but one cannot be told."""
    if len(gold) != len(answer) or not gold or len(gold) > MAX_PARTS:
        return False
    if is_ordered:
        return _join(match(*pair) for pair in zip(gold, answer, strict=True))
    wanted, given = _drop_common(gold, answer)
    if len(wanted) > MAX_UNEQUAL:
        return None
    verdicts: list[bool | None] = []
    for part in wanted:
        found = [match(part, other) for other in given]
        verdicts.append(True if True in found else None if None in found else False)
        if verdicts[-1] is False:
            break
        given.pop(found.index(verdicts[-1]))
    return _join(verdicts)


def _drop_common(gold: Sequence[str], answer: Sequence[str]) -> tuple[list[str], list[str]]:
    """Drop the parts whose texts are on both sides."""
    left, right = Counter(gold), Counter(answer)
    return list((left - right).elements()), list((right - left).elements())


def _join(verdicts: Iterable[bool | None]) -> bool | None:
    """Give False where one is False, else None where one is None."""
    is_open = False
    for verdict in verdicts:
        if verdict is False:
            return False
        is_open = is_open or verdict is None
    return None if is_open else True


def _is_grouping(text: str, position: int) -> bool:
    return text[position - 1 : position].isdigit() and bool(_THOUSANDS.match(text, position + 1))


def _strip_and(part: str) -> str:
    return part[part.index(" ") :].strip() if part[:4].lower().startswith(("and ", "or ")) else part
