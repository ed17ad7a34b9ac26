"""Numbers with their units, as people and models write them.

Normalized text comes in; an exact `Quantity` goes out, or None where the text is anything but one
number with its unit. Nothing is evaluated: the only arithmetic is a fraction, a mixed number, a
power with a small exponent and a scale word.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from tasks.answers.compounds import parse_compound
from tasks.answers.normalization import REPEATS
from tasks.answers.policy import Policy, UnitPolicy, is_within_tolerance
from tasks.answers.unit_phrases import is_unit_phrase
from tasks.answers.units import Unit, compare_units, join_units, parse_unit

MAX_DIGITS = 60
MAX_EXPONENT = 64
MAX_QUANTITY_CHARS = 300
MAX_FRACTION = 10
"""Largest gold without a fraction bar that a percentage may state: 1000%."""

SCALES = {
    "dozen": 12, "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9,
    "trillion": 10**12, "k": 1000, "tenth": Fraction(1, 10), "hundredth": Fraction(1, 100),
    "thousandth": Fraction(1, 1000),
}  # fmt: skip
_NUMBER = (
    r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])(?:\.[0-9]+)?"
    r"|[1-9][0-9]{0,2}(?: [0-9]{3})+(?![0-9/])(?:\.[0-9]+)?"
    rf"|[0-9]*\.[0-9]*(?:[0-9]{REPEATS}){{1,12}}|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
)
_QUANTITY = re.compile(
    r"(?:(?:about|approximately|approx\.?|around|roughly|nearly|≈|~) ?)?"
    r"(?P<sign>[-+]?) ?(?P<currency>(?:(?:US|CA?|AU?|HK|NZ|S)?\$|[€£¥₹₩])?) ?(?P<inner>[-+]?)"
    rf"(?:(?P<whole>[0-9]+) (?:and )?(?P<over>[0-9]+) ?/ ?(?P<under>[0-9]+)|(?P<number>{_NUMBER})"
    rf"(?:\^ ?\{{?(?P<power>-?[0-9]{{1,3}})\}}?"
    rf"|(?:e| ?[*x] ?10 ?\^ ?\{{?)(?P<ten>[-+]?[0-9]{{1,3}})\}}?"
    rf"| ?/ ?(?P<divisor>{_NUMBER}))?)"
    r"(?: (?P<scale>dozen|hundred|thousand|million|billion|trillion|(?:ten|hundred|thousand)ths?)\b"
    r"| ?(?P<kilo>k)(?=[$€£]))?"
    r"(?P<percent> ?%| percent\b| per cent\b)?"
    r"(?P<rest>.*)",
    re.IGNORECASE,
)
_POWER_MARK = re.compile(r"\^ ?\{? ?[-+]?[0-9] ?\}?|(?<=[A-Za-z])[23](?![0-9])")
CHANGES_VALUE = re.compile(
    r"\b(?:pi|sqrt|plus|minus|times|over|squared|cubed|hal(?:f|ves)"
    r"|(?:third|quarter|fourth|fifth|sixth|seventh|eighth|ninth|tenth|hundredth|thousandth)s?"
    r"|(?:eleven|twelf|hundred|thousand|(?:m|b|tr)illion|[a-z]{3,5}teen|[a-z]{3,5}tie)ths?"
    r"|tens|dozens|hundreds|(?:mill|bill|trill)ions|thousands|quadrillions?|quintillions?|lakh|crore"
    r"|factorial|raised(?= to\b|$)|myriad|thou|(?:grand|gross)(?= ?$)|mln|bn|k(?= ?\$))\b",
    re.IGNORECASE,
)
"""Words after a number that make another number of it; they are no units."""
_NO_UNIT = Unit()
_JOINS_CLAUSE = re.compile(r"\b(?:or|and|not|to|through|if)\b|[0-9]|[或到至和不非以]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One exact number and the words by it."""

    value: Fraction
    is_percent: bool
    has_point: bool
    """Written with a decimal point."""
    has_slash: bool
    """Written as a fraction or mixed number."""
    is_mixed: bool
    """Written as a mixed number."""
    unit: Unit


def parse_quantity(text: str) -> Quantity | None:
    """Read normalized text that is one number, perhaps with a unit; None for anything else."""
    return _parse(text) if len(text) <= MAX_QUANTITY_CHARS else None


@lru_cache(maxsize=8192)
def _parse(text: str) -> Quantity | None:
    found = _QUANTITY.fullmatch(text)
    if found is None or (found["sign"] and found["inner"]):
        return None
    value, unit = _read_value(found), _read_unit(found)
    if value is None or unit is None:
        return _read_compound(text)
    if "-" in (found["sign"], found["inner"]):
        value = -value
    scale = found["scale"] or found["kilo"]
    return Quantity(
        value=value * SCALES[scale.lower().rstrip("s")] if scale else value,
        is_percent=found["percent"] is not None,
        has_point="." in (found["number"] or "").rstrip("."),
        has_slash=(found["divisor"] or found["under"]) is not None,
        is_mixed=found["under"] is not None,
        unit=unit,
    )


def quantities_match(gold: Quantity, answer: Quantity, policy: Policy) -> bool:
    """Tell whether two quantities are equal: values within tolerance, units that do not differ.

    A percentage equals its number (50% and 0.5) where the policy says so, and the bare number of
    the percentage where the sign may have been left out (gold 50 or 50%).
    """
    if gold.is_percent != answer.is_percent:
        return _percent_matches(gold, answer, policy)
    if policy.units is UnitPolicy.STRICT and bool(gold.unit.known) != bool(answer.unit.known):
        return False
    factor = compare_units(gold.unit, answer.unit)
    if factor is None:
        return False
    value = answer.value if factor == 1 else answer.value * factor
    return is_within_tolerance(gold.value, value, policy)


def _percent_matches(gold: Quantity, answer: Quantity, policy: Policy) -> bool:
    if gold.unit.known or answer.unit.known:
        return False
    value = answer.value
    if is_within_tolerance(gold.value, value, policy) and (gold.is_percent or abs(gold.value) > 1):
        return True
    if not policy.percent_equals_fraction:
        return False
    if gold.is_percent:
        return is_within_tolerance(gold.value / 100, value, policy)
    # A gold of 50 is half of 100 without its sign, not 5000%; 2 may well be 200%.
    is_fraction = gold.has_slash or abs(gold.value) <= MAX_FRACTION
    return is_fraction and is_within_tolerance(gold.value, value / 100, policy)


def _read_value(found: re.Match[str]) -> Fraction | None:
    if found["whole"]:
        parts = [_read_number(found[name]) for name in ("whole", "over", "under")]
        whole, over, under = parts
        if whole is None or over is None or not under:
            return None
        return whole + over / under
    value = _read_number(found["number"])
    if value is None:
        return None
    if found["divisor"]:
        divisor = _read_number(found["divisor"])
        return value / divisor if divisor else None
    if not found["power"] and not found["ten"]:
        return value
    exponent = int(found["power"] or found["ten"])
    if abs(exponent) > MAX_EXPONENT or (found["power"] and (value == 0 or len(found[0]) > 40)):
        return None
    return value**exponent if found["power"] else value * Fraction(10) ** exponent


def _read_compound(text: str) -> Quantity | None:
    compound = parse_compound(text)
    if compound is None:
        return None
    return Quantity(
        value=compound[0],
        is_percent=False,
        has_point=False,
        has_slash=False,
        is_mixed=False,
        unit=Unit(known=((compound[1], 1),)),
    )


def _read_number(text: str) -> Fraction | None:
    if text.isdecimal():
        return Fraction(int(text)) if len(text) <= MAX_DIGITS else None
    whole, _, decimals = text.replace(",", "").replace(" ", "").partition(".")
    if len(whole) + len(decimals) > MAX_DIGITS:
        return None
    if REPEATS in decimals:
        return _read_repeating(whole, decimals.replace(REPEATS, ""), decimals.count(REPEATS))
    return Fraction(int(whole + decimals), 10 ** len(decimals)) if whole + decimals else None


def _read_repeating(whole: str, decimals: str, period: int) -> Fraction:
    """Read a decimal whose last `period` digits come again and again."""
    digits, start = int(whole + decimals), int((whole + decimals)[:-period] or 0)
    return Fraction(digits - start, (10**period - 1) * 10 ** (len(decimals) - period))


def _read_unit(found: re.Match[str]) -> Unit | None:
    """Read currency and the words after the number; None where these are no unit."""
    before, rest = found["currency"], found["rest"]
    return _read_words(rest, before) if before or rest else _NO_UNIT


@lru_cache(maxsize=8192)
def _read_words(rest: str, before: str) -> Unit | None:
    unit = parse_unit(before) if before else _NO_UNIT
    if not rest.strip():
        return unit
    lower = _POWER_MARK.sub("", rest).lower()
    if CHANGES_VALUE.search(lower) or _JOINS_CLAUSE.search(lower):
        return None
    is_attached = rest[0].isascii() and rest[0].isalpha()
    if rest[0] in "-^" or (before and is_attached) or not is_unit_phrase(rest, before):
        return None
    return join_units(unit, parse_unit(rest.strip()))
