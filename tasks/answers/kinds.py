"""The gold answer and its type, which routes its check.

The answer as the source gives it comes in, with its options and unit; a `Gold` goes out. Types are
read off the text alone, so the same source text always gets the same type.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from tasks.answers.dates import parse_date, parse_time
from tasks.answers.normalization import normalize, to_key
from tasks.answers.policy import DEFAULT_POLICY
from tasks.answers.quantities import Quantity, parse_quantity, quantities_match
from tasks.answers.sentences import write_digits

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
YES_NO = {"yes": True, "no": False, "true": True, "false": False, "是": True, "否": False}


class AnswerType(StrEnum):
    """What a gold answer is."""

    CHOICE = "choice"
    YES_NO = "yes_no"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FRACTION = "fraction"
    PERCENT = "percent"
    EXPRESSION = "expression"
    """Mathematics that is not one number."""
    TUPLE = "tuple"
    """Parts in brackets, in order."""
    LIST = "list"
    """Numbers between commas without brackets, in order."""
    SET = "set"
    """Parts in braces, in any order."""
    RANGE = "range"
    """Two ends: `1990-2000`, `5 to 7`."""
    RATIO = "ratio"
    DATE = "date"
    TIME = "time"
    TEXT = "text"


NUMERIC_TYPES = frozenset(
    {AnswerType.INTEGER, AnswerType.DECIMAL, AnswerType.FRACTION, AnswerType.PERCENT}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    """A reference answer, ready to be checked against; make it with `type_gold`, once a problem."""

    answer: str
    """As the source gives it."""
    answer_type: AnswerType
    options: tuple[str, ...] | None = None
    unit: str | None = None
    """Where the source gives it apart from the answer."""


_NUMBER = r"[-+]?[$€£]?[0-9][0-9,.]*"
_RANGE = re.compile(
    rf"(?:from |between )?({_NUMBER})[^0-9,:]{{0,12}}?(?: ?- ?| to | and )({_NUMBER})(.*)"
)
_RATIO = re.compile(r"([0-9.]+) ?(?::|(?<= )to(?= )) ?([0-9.]+)")
_LIST = re.compile(r"[^,;]{1,40}(?:[,;] ?[^,;]{1,40})+")
_BRACKETED = {"(": AnswerType.TUPLE, "[": AnswerType.TUPLE, "{": AnswerType.SET}
_MATH_SIGN = re.compile(r"[\\^=+*<>≤≥±√∞{}|]|[0-9(] ?/|/ ?[0-9(]|\bsqrt\b|[0-9](?:pi\b|[a-z]\b)")
_LONG_WORD = re.compile(r"(?<![\\A-Za-z])(?!sqrt|sin|cos|tan|log|exp|pi)[A-Za-z]{3,}")


def type_gold(answer: str, options: Sequence[str] | None = None, unit: str | None = None) -> Gold:
    """Type a gold answer.

    Args:
        answer: As the source gives it; with options, a letter or the text of one of them.
        options: Texts of the choices, in order; None or empty where it is no choice.
        unit: Unit of the answer, where the source gives it apart.

    Raises:
        ValueError: There is no gold answer: it is empty, or none of the options.
    """
    if not to_key(normalize(answer)):
        raise ValueError(f"gold answer {answer!r} is empty; expected text")
    unit = unit.strip() or None if unit else None
    choices = tuple(options) if options else None
    if choices is None:
        return Gold(answer=answer, answer_type=infer_type(answer, unit), unit=unit)
    if find_option(normalize(answer), choices) is None:
        raise ValueError(
            f"gold answer {answer[:80]!r} is none of the {len(choices)} options; "
            f"expected the text of one or a letter from A to {LETTERS[min(len(choices), 26) - 1]}"
        )
    return Gold(answer=answer, answer_type=AnswerType.CHOICE, options=choices, unit=unit)


def infer_type(answer: str, unit: str | None = None) -> AnswerType:
    """Read the type off the text of an answer that has no options."""
    text = normalize(answer)
    digits = write_digits(text)
    if to_key(text) in YES_NO:
        return AnswerType.YES_NO
    if len(text) == 1 and text in LETTERS and unit is None:
        return AnswerType.CHOICE
    if parse_date(text):
        return AnswerType.DATE
    if parse_time(text):
        return AnswerType.TIME
    quantity = parse_quantity(digits)
    if quantity is not None and (unit or _is_plain(digits, quantity)):
        return _type_quantity(quantity)
    return _infer_composite(text)


def _is_plain(text: str, quantity: Quantity) -> bool:
    """Tell a number with its unit (`5 cm`, `3 apples`) from a name that holds one (`7 Up`)."""
    words = re.findall(r"[A-Za-z]+", text)
    return bool(quantity.unit.known) or (
        len(words) < 4 and all(word.islower() for word in words[-1:])
    )


def parse_range(text: str) -> tuple[Quantity, Quantity] | None:
    """Read the two ends of a range; None where the text is none."""
    found = _RANGE.fullmatch(text) if len(text) < 200 else None
    if found is None:
        return None
    start, end = parse_quantity(found[1]), parse_quantity(found[2].rstrip(",.") + found[3])
    return (start, end) if start and end else None


def parse_ratio(text: str) -> tuple[Quantity, Quantity] | None:
    """Read the two terms of a ratio; None where the text is none."""
    found = _RATIO.fullmatch(text) if len(text) < 80 else None
    terms = (parse_quantity(found[1]), parse_quantity(found[2])) if found else (None, None)
    return (terms[0], terms[1]) if terms[0] and terms[1] else None


@lru_cache(maxsize=4096)
def key_options(options: tuple[str, ...]) -> tuple[str, ...]:
    """Make the keys of the options' texts, without the letter that may stand before each."""
    keys = tuple(to_key(normalize(option)) for option in options)
    marks = [f"{letter.lower()}{mark}" for letter in LETTERS for mark in (".", ")", ":")]
    plain = [key.lstrip("(") for key in keys]
    if all(key.startswith(tuple(marks[3 * i : 3 * i + 3])) for i, key in enumerate(plain[:26])):
        return tuple(key[2:].strip() or key for key in plain)
    return keys


def find_option(text: str, options: tuple[str, ...]) -> int | None:
    """Find the option that a normalized text is: by its text, else its letter, else its number."""
    keys, key = key_options(options), to_key(text)
    if key in keys:
        return keys.index(key)
    letter = text.strip("()[] .:").upper()
    if len(letter) == 1 and letter in LETTERS[: len(options)]:
        return LETTERS.index(letter)
    quantity = parse_quantity(text)
    if quantity is None:
        return None
    parsed = enumerate(_parse_options(options))
    same = [i for i, other in parsed if other is not None and _are_equal(other, quantity)]
    return same[0] if len(same) == 1 else None


def _are_equal(option: Quantity, quantity: Quantity) -> bool:
    """Compare strictly, whatever the source's policy: options lie close together."""
    return quantities_match(option, quantity, DEFAULT_POLICY)


@lru_cache(maxsize=4096)
def _parse_options(options: tuple[str, ...]) -> tuple[Quantity | None, ...]:
    return tuple(parse_quantity(normalize(option)) for option in options)


def _type_quantity(quantity: Quantity) -> AnswerType:
    if quantity.is_percent:
        return AnswerType.PERCENT
    if quantity.has_slash:
        return AnswerType.FRACTION
    is_whole = quantity.value.denominator == 1 and not quantity.has_point
    return AnswerType.INTEGER if is_whole else AnswerType.DECIMAL


def _infer_composite(text: str) -> AnswerType:
    if parse_ratio(text):
        return AnswerType.RATIO
    if parse_range(text):
        return AnswerType.RANGE
    if text[0] in _BRACKETED and text[-1] in ")]}" and "," in text:
        return _BRACKETED[text[0]]
    if _LIST.fullmatch(text[:400]) and all(map(parse_quantity, re.split(r"[,;] ?", text))):
        return AnswerType.LIST
    is_short = len(text) <= 200 and not _LONG_WORD.search(text)
    return AnswerType.EXPRESSION if is_short and _MATH_SIGN.search(text) else AnswerType.TEXT
