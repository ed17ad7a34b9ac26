"""Type a gold answer, which routes its check.

The answer as the source gives it comes in, with its options and unit; a `Gold` goes out. Types are
read off the text alone, so the same source text always gets the same type.
"""

import re
from collections.abc import Sequence

from tasks.answers.dates import parse_date, parse_time
from tasks.answers.denials import denies_number, is_denial
from tasks.answers.expressions import is_mathematical
from tasks.answers.extraction import has_content
from tasks.answers.intervals import parse_region
from tasks.answers.kinds import LETTERS, YES_NO, AnswerType, Gold
from tasks.answers.matrices import parse_matrix
from tasks.answers.normalization import fold_characters, normalize, to_key
from tasks.answers.number_words import write_digits
from tasks.answers.options import find_option
from tasks.answers.pairs import parse_range, parse_ratio
from tasks.answers.point_names import drop_point_name
from tasks.answers.quantities import Quantity, parse_quantity
from tasks.answers.sequences import split_name, split_parts, strip_brackets
from tasks.answers.units import is_money

MAX_COMPOSITE_CHARS = 400
MAX_WORDS_IN_PART = 4

_SEQUENCES = {"(": AnswerType.TUPLE, "[": AnswerType.TUPLE, "{": AnswerType.SET}
_RELATION = re.compile(r"[=<>]|!=")
_SUBSCRIPT = re.compile(r"_ ?\{[^{}]*\}")
_MATH_SIGN = re.compile(
    r"[\\^=+*<>\u00b1\u221e{}|]|[0-9(] ?/|/ ?[0-9(]|(?<![A-Za-z])(?:sqrt|infty)\b"
    r"|[0-9](?:[a-z]?pi\b|[a-z]\b)|(?<![A-Za-z])(?:[a-z]?pi|pi [a-z])(?![A-Za-z])|[a-z]sqrt\("
    r"|(?<![A-Za-z])[a-z]!|[0-9)]!|^-[a-z]{2,3}$|[0-9](?!st\b|[nr]d\b|th\b)[a-z]{2,3}\b|\u221b"
)
_LONG_WORD = re.compile(
    r"(?<![\\A-Za-z])(?!sqrt|sin|cos|tan|log|exp|pi|infty|[a-z]pi(?![A-Za-z])|[a-z]sqrt\()"
    r"(?!(?<=[0-9])[a-z]{3}(?![A-Za-z]))[A-Za-z]{3,}"
)
"""Not the letters of `3abc`, nor one that stands by a constant or a root."""
_DETERMINANT = re.compile(r"\\begin ?\{[vV]matrix\}")
_LETTER = re.compile(r"[A-Z]|\([A-Z]\)")
_SENTENCE = re.compile(r"\b(?:is|are|was|were|has|have|because|since|the|a|an|it|yes|no)\b", re.I)


def type_gold(answer: str, options: Sequence[str] | None = None, unit: str | None = None) -> Gold:
    """Type a gold answer.

    Args:
        answer: As the source gives it; with options, a letter or the text of one of them.
        options: Texts of the choices, in order; None or empty where it is no choice.
        unit: Unit of the answer, where the source gives it apart.

    Raises:
        ValueError: There is no gold answer: it is empty, or none of the options.
    """
    is_empty = not to_key(normalize(answer))
    if is_empty or not (options or has_content(fold_characters(answer))):
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
    if to_key(text) in YES_NO:
        return AnswerType.YES_NO
    if unit is None and _LETTER.fullmatch(text):
        return AnswerType.CHOICE
    if parse_date(text):
        return AnswerType.DATE
    if parse_time(text):
        return AnswerType.TIME
    digits = write_digits(text)
    quantity = parse_quantity(digits)
    if quantity is not None and (unit or _is_plain(digits, quantity)):
        stated = parse_quantity(f"{digits} {normalize(unit)}") if unit else None
        return _type_quantity(stated or quantity, is_in_words=digits != text)
    return _infer_composite(text)


def _is_plain(text: str, quantity: Quantity) -> bool:
    """Tell a number with its unit (`5 cm`, `3 apples`) from a name that holds one (`7 Up`)."""
    words = re.findall(r"[A-Za-z]+", text)
    if is_denial(text) or denies_number(text):
        return False
    return (
        bool(quantity.unit.known)
        or not quantity.unit
        or (len(words) < 4 and all(word.islower() for word in words[-1:]))
    )


def _type_quantity(quantity: Quantity, *, is_in_words: bool) -> AnswerType:
    if quantity.is_percent:
        return AnswerType.PERCENT
    if quantity.unit.known:
        return AnswerType.MONEY if is_money(quantity.unit) else AnswerType.QUANTITY
    if is_in_words:
        return AnswerType.NUMBER_WORD
    if quantity.has_slash:
        return AnswerType.MIXED_NUMBER if quantity.is_mixed else AnswerType.FRACTION
    is_whole = quantity.value.denominator == 1 and not quantity.has_point
    return AnswerType.INTEGER if is_whole else AnswerType.DECIMAL


def _infer_composite(text: str) -> AnswerType:
    if parse_ratio(text):
        return AnswerType.RATIO
    if parse_range(text):
        return AnswerType.RANGE
    if len(text) > MAX_COMPOSITE_CHARS:
        return AnswerType.TEXT
    region = parse_region(text)
    if region is not None and region.is_certain:
        return AnswerType.INTERVAL
    if parse_matrix(text):
        return AnswerType.MATRIX
    return _infer_sequence(text) or _infer_mathematics(text)


def _infer_sequence(text: str) -> AnswerType | None:
    bracket, inside = strip_brackets(drop_point_name(text))
    parts = split_parts(inside)
    if bracket:
        return _SEQUENCES[bracket] if len(parts) > 1 or bracket == "{" else None
    names = {split_name(part)[0] for part in parts}
    if len(parts) < 2:
        return None
    if not _LONG_WORD.search(text) and all(map(_is_value, parts)):
        is_list = names == {None} and "\u00b1" not in text and " or " not in text
        return AnswerType.LIST if is_list else AnswerType.SET
    has_comma = "," in text or ";" in text
    are_short = all(len(part.split()) <= MAX_WORDS_IN_PART for part in parts)
    is_list = has_comma and are_short and not _SENTENCE.search(text)
    return AnswerType.WORDS if is_list and not is_mathematical(text) else None


def _is_value(part: str) -> bool:
    """Tell a number, an expression or a point from a word."""
    value = split_name(part)[1]
    return bool(parse_quantity(value)) or is_mathematical(value) or strip_brackets(value)[0] != ""


def _infer_mathematics(text: str) -> AnswerType:
    if _DETERMINANT.search(text):
        return AnswerType.EXPRESSION
    if len(text) > 200 or _LONG_WORD.search(text) or not _MATH_SIGN.search(text):
        return AnswerType.TEXT
    # The sign in `\sum_{i=1}` relates nothing.
    has_sides = len(text) > 2 and _RELATION.search(_SUBSCRIPT.sub("", text[1:-1]))
    return AnswerType.EQUATION if has_sides else AnswerType.EXPRESSION
