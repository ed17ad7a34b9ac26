"""Find the one number that a sentence gives as its answer.

Number words become digits; then the places where the answer can stand are tried in order: the
whole text, what follows the last `=`, what follows the verb, the number that has the gold's unit,
the only number there is besides bounds. A hedge, a negation, a bare bound or several numbers give
nothing.
"""

import re
from enum import Enum
from itertools import zip_longest
from typing import NamedTuple

from tasks.answers.denials import DENIAL, blank, denies_number, find_conclusion
from tasks.answers.number_words import write_digits
from tasks.answers.policy import DEFAULT_POLICY
from tasks.answers.quantities import CHANGES_VALUE, Quantity, parse_quantity, quantities_match
from tasks.answers.unit_phrases import is_bare_list, may_follow
from tasks.answers.units import Unit, find_unit, shares_unit

MAX_WORDS = 400

_NONE = re.compile(
    r"\b((?:is|are|was|were|has|have|had) )no\b"
    r"(?! (?:answer|solution|way|information|data|idea|clue|number|one|real|such|longer)\b)|^none$",
    re.IGNORECASE,
)
HEDGE_WORD = re.compile(DENIAL)
HEDGE = re.compile(rf"{DENIAL}|[<>≤≥≠±|!\u2208\u222a]|infty")
"""A hedge or negation, or a sign that makes of a number a bound or another number."""
_BOUND = re.compile(
    r"\b(?:between \$?-?[0-9][^ ]* and|at least|at most|(?<![0-9] )(?:over|under|above|below)"
    r"|(?:more|less|fewer|greater|larger|bigger|smaller|higher|lower) than|up to|exactly)"
    r" \$?-?[0-9][^ ]*",
    re.IGNORECASE,
)
_EQUAL_NUMBERS = re.compile(r"([0-9]{1,60}) ?= ?([0-9]{1,60})")
_POWER = re.compile(r"(?<=[0-9] )([A-Za-z]{1,12}) (squared|cubed)\b")
_CONTRAST = re.compile(
    r"(?:, (?:and )?| and )not \$?-?[0-9][^ ,;]*(?: [a-z]{1,12})?$"
    r"|\bnot \$?-?[0-9][^ ,;]*(?: [a-z]{1,12})?,? but ",
    re.IGNORECASE,
)
"""What is denied beside the answer: `5, not 4`, `not 4 but 5`."""
_OPERATION = re.compile(r" [-+*/] [$]?[0-9]")
_ASSIGNMENTS = re.compile(r"= ?[^=,;]{1,40}(?:[,;]| and) ?[A-Za-z]\w{0,9} ?=")
_ENDS_IN_LETTER = re.compile(r"[0-9] ?, ?[A-Za-z]$")
_OR = re.compile(r",? or |;|, (?=(?:about|approximately) )", re.IGNORECASE)
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|equals?|has|have|had|costs?|contains?|gives?|makes?|total of)"
    r" (?:equal to |to |therefore |thus |only |just )?|[是为有得共]|等于",
    re.IGNORECASE,
)
_EDGES = "()[]{},;:.\"'"


class Absence(Enum):
    """Why a text gives no single number."""

    NO_NUMBER = "no_number"
    SEVERAL = "several_values"
    HEDGE = "hedge"


class _Sought(NamedTuple):
    """What tells the gold's number and its own words from others."""

    unit: Unit
    own: str


def find_quantities(text: str, gold_unit: Unit, own: str = "") -> tuple[Quantity, ...] | Absence:
    """Find what number a normalized answer gives; several only where it gives alternatives.

    Args:
        text: Normalized answer, of any length.
        gold_unit: Unit of the gold answer, which tells its number from the others in a sentence.
        own: Normalized gold, whose words deny nothing where they stand as a whole.
    """
    sought = _Sought(gold_unit, own)
    text = write_digits(text[: MAX_WORDS * 20])
    if " squared" in text or " cubed" in text:
        text = _POWER.sub(_write_power, text)
    text = _NONE.sub(lambda found: f"{found[1] or ''}0", text)
    found = _find_all(text, sought)
    if found is Absence.HEDGE and _CONTRAST.search(text):
        return _find_all(_CONTRAST.sub(" ", text).strip(), sought)
    conclusion = find_conclusion(text) if found is Absence.HEDGE else None
    return _find_all(conclusion, sought) if conclusion else found


def _write_power(found: re.Match[str]) -> str:
    """Write `5 cm squared` as `5 cm^2`, where the word is a unit."""
    return f"{found[1]}^{2 if found[2] == 'squared' else 3}" if find_unit(found[1]) else found[0]


def _find_all(text: str, sought: _Sought) -> tuple[Quantity, ...] | Absence:
    if _OR.search(text):
        parts = [_find_one(part.strip(), sought) for part in _OR.split(text)[:9]]
        found = tuple(part for part in parts if isinstance(part, Quantity))
        return found if len(found) == len(parts) else Absence.HEDGE
    one = _find_one(text, sought)
    return one if isinstance(one, Absence) else (one,)


def _find_one(text: str, sought: _Sought) -> Quantity | Absence:
    whole = parse_quantity(text)
    if whole is not None:
        return Absence.HEDGE if _is_denied(text, whole, sought) else whole
    if _ASSIGNMENTS.search(text):
        return Absence.SEVERAL
    for tail in _list_tails(text):
        found = _read_leading(tail)
        if found is not None:
            is_hedged = HEDGE.search(blank(sought.own, text)) or _is_denied(tail, found, sought)
            return Absence.HEDGE if is_hedged or _is_false_equality(text) else found
    text = _drop_bounds(text)
    numbers = scan_quantities(text)
    if not numbers:
        return Absence.NO_NUMBER if numbers is not None else Absence.SEVERAL
    rest = blank(sought.own, text)
    if HEDGE.search(rest) or _BOUND.search(text) or denies_number(rest):
        return Absence.HEDGE
    if len(numbers) > 1 and (_OPERATION.search(text) or not any(map(str.isalpha, text))):
        return Absence.SEVERAL
    if is_bare_list(text) and not _are_one(text, numbers):
        return Absence.SEVERAL
    named = [number for number in numbers if sought.unit and shares_unit(sought.unit, number.unit)]
    chosen = named if len({number.value for number in named}) == 1 else numbers
    return chosen[0] if len({number.value for number in chosen}) == 1 else Absence.SEVERAL


def _are_one(text: str, numbers: list[Quantity]) -> bool:
    """Tell one number in several units (`5 cm (50 mm)`) from a list (`5 cm, 6`, `5, a`)."""
    is_one = all(quantities_match(numbers[0], other, DEFAULT_POLICY) for other in numbers[1:])
    return is_one and not _ENDS_IN_LETTER.search(text)


def _is_denied(text: str, found: Quantity, sought: _Sought) -> bool:
    """Tell whether the words by a number, other than the gold's own, deny or change it."""
    is_worded = found.unit.words - sought.unit.words or text.count(" ") > 1 or not text.isascii()
    rest = blank(sought.own, text) if is_worded else ""
    return HEDGE_WORD.search(rest) is not None or denies_number(rest)


def _is_false_equality(text: str) -> bool:
    """Tell `6 = 5`, two whole numbers that differ."""
    sides = _EQUAL_NUMBERS.fullmatch(text)
    return sides is not None and sides[1] != sides[2]


def _drop_bounds(text: str) -> str:
    """Drop the numbers that only say what is counted: `6 trains had at least 20 passengers`."""
    free = _BOUND.sub(" ; ", text)
    return free if any(map(str.isdigit, free)) else text.replace("exactly ", "")


def _list_tails(text: str) -> list[str]:
    tails = [text.rpartition(sign)[2].strip() for sign in ("=", "≈") if sign in text]
    verbs = list(_VERB.finditer(text))
    return [*tails, *([text[verbs[-1].end() :]] if verbs else [])]


def _read_leading(text: str) -> Quantity | None:
    """Read the number that a text begins with and that is its only one."""
    words = text.split(" ")
    is_only = any(map(str.isdigit, words[0])) and not any(map(str.isdigit, "".join(words[1:])))
    return parse_quantity(text) or (_read_at(words, 0, min(len(words), 6)) if is_only else None)


def scan_quantities(text: str) -> list[Quantity] | None:
    """Find every number of a sentence with the words after it; None where one cannot be read."""
    words = text.split(" ")[: MAX_WORDS + 1]
    places = [place for place, word in enumerate(words) if any(map(str.isdigit, word))]
    if len(words) > MAX_WORDS:
        return None
    found: list[Quantity] = []
    for place, following in zip_longest(places, places[1:], fillvalue=len(words)):
        quantity = _read_at(words, place, min(following, place + 6))
        if quantity is None:
            return None
        found.append(quantity)
    return found


def _read_at(words: list[str], start: int, end: int) -> Quantity | None:
    """Read the number at `start`, with as many of the words before `end` as belong to it."""
    for stop in range(start + 1, end):
        if words[stop - 1][-1:] in (",", ";", ")", ".", ":"):
            end = stop
            break
    whole = parse_quantity(" ".join(words[start:end]).strip(_EDGES))
    if whole is not None or end == start + 1:
        return whole
    following = words[start + 1]
    is_changed = any(map(CHANGES_VALUE.match, words[start + 1 : min(end, start + 3)]))
    if is_changed or not may_follow(following):
        return None
    return parse_quantity(words[start].strip(_EDGES))
