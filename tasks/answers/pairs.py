"""Ranges and ratios: numbers that belong together and are compared one by one.

Normalized text comes in; the numbers go out, or None where the text is neither. A range is no
subtraction: `1990-2000` equals `1990 to 2000`, never -10 or another range of ten years.
"""

import re

from tasks.answers.policy import Policy, is_within_tolerance
from tasks.answers.quantities import Quantity, parse_quantity, quantities_match

MAX_CHARS = 200

Numbers = tuple[Quantity, ...]

_NUMBER = r"[-+]?[$€£]?[0-9][0-9,.]*"
_RANGE = re.compile(
    rf"(?:from |between )?({_NUMBER})(?!e-)[^0-9,:]{{0,12}}?(?: ?- ?| to | and )({_NUMBER})(.*)",
    re.IGNORECASE,
)
_TERM = r"\(?[0-9.]+(?:/[0-9.]+)?\)?"
_RATIO = re.compile(rf"{_TERM}(?: ?: ?{_TERM})+|{_TERM}(?: to {_TERM})+", re.IGNORECASE)
_RATIO_SIGN = re.compile(r" ?: ?| to ", re.IGNORECASE)


def parse_range(text: str) -> Numbers | None:
    """Read the two ends of a range; None where the text is none."""
    found = _RANGE.fullmatch(text) if len(text) < MAX_CHARS else None
    if found is None:
        return None
    start, end = parse_quantity(found[1]), parse_quantity(found[2].rstrip(",.") + found[3])
    return (start, end) if start and end else None


def parse_ratio(text: str) -> Numbers | None:
    """Read the terms of a ratio, two or more; None where the text is none."""
    if len(text) > MAX_CHARS or not _RATIO.fullmatch(text):
        return None
    terms = [parse_quantity(term.strip("()")) for term in _RATIO_SIGN.split(text)]
    found = tuple(term for term in terms if term is not None and term.value)
    return found if len(found) == len(terms) else None


def ranges_match(gold: Numbers, answer: Numbers, policy: Policy) -> bool:
    """Tell whether both ends are equal, in order."""
    return all(quantities_match(*ends, policy) for ends in zip(gold, answer, strict=True))


def ratios_match(gold: Numbers, answer: Numbers, policy: Policy) -> bool:
    """Tell whether the terms are proportional."""
    first, last = gold[0].value, answer[0].value
    return len(gold) == len(answer) and all(
        is_within_tolerance(left.value * last, right.value * first, policy)
        for left, right in zip(gold, answer, strict=True)
    )
