"""Dates and times of day, as people write them.

Normalized text comes in; a date as (year, month, day) with None for what is left out, or a time as
minutes of the day, goes out; None where the text is neither.
"""

import re
from dataclasses import dataclass

MAX_CHARS = 60

_MONTHS = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
]  # fmt: skip
_MONTH = "|".join(f"{month[:3]}(?:{month[3:]})?" for month in _MONTHS).replace(
    "sep(?:tember)?", "sept?(?:ember)?"
)
_WEEKDAY = (
    r"(?:(?P<weekday>(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day|\.|(?=,)))"
    r"(?:,| the)? )?"
)
_DATES = tuple(
    re.compile(_WEEKDAY + pattern, re.IGNORECASE)
    for pattern in (
        rf"(?P<month>{_MONTH})\.? (?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?"
        rf"(?:,? (?P<year>[0-9]{{4}}))?",
        rf"(?:the )?(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<month>{_MONTH})\.?"
        rf"(?:,? (?P<year>[0-9]{{4}}))?",
        rf"(?P<month>{_MONTH})\.?,? (?P<year>[0-9]{{4}})(?P<day>)",
        r"(?P<year>[0-9]{4})[-/](?P<month>[0-9]{1,2})[-/](?P<day>[0-9]{1,2})",
        r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4})",
    )
)
_TIME = re.compile(
    r"(?:at )?(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?)?"
    r" ?(?P<half>am|pm)?(?: (?:in the (?P<part>morning|afternoon|evening)|at (?P<night>night)))?",
    re.IGNORECASE,
)
_NAMED_TIMES = {"noon": "12:00 pm", "midday": "12:00 pm", "midnight": "12:00 am"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Date:
    """A calendar date; None for a part that is left out."""

    year: int | None
    month: int
    day: int | None
    weekday: str | None = None
    """Its first three letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """A time of day."""

    second: int
    """Since midnight, or since midnight or noon where `is_half_known` is false."""
    is_half_known: bool
    """Written with am or pm, or with an hour that needs neither."""


def parse_date(text: str) -> Date | None:
    """Read a date; numbers between slashes are month, day, year."""
    if len(text) > MAX_CHARS:
        return None
    for pattern in _DATES:
        found = pattern.fullmatch(text)
        if found:
            return _read_date(found)
    return None


def parse_time(text: str) -> Time | None:
    """Read a time of day; a bare number is none."""
    text = _NAMED_TIMES.get(text.lower(), text)
    found = _TIME.fullmatch(text) if len(text) <= MAX_CHARS else None
    if found is None:
        return None
    half = _read_half(found)
    if not (found["minute"] or half):
        return None
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59 or (found["half"] and not 1 <= hour <= 12):
        return None
    is_half_known = bool(half) or hour > 12 or hour == 0
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return Time(second=hour * 3600 + minute * 60 + second, is_half_known=is_half_known)


def _read_half(found: re.Match[str]) -> str | None:
    """Read the half of the day: `pm`, `in the afternoon`; 12 at night is midnight."""
    if found["half"]:
        return found["half"].lower()
    if found["night"]:
        return "pm" if 5 <= int(found["hour"]) < 12 else "am"
    return {None: None, "morning": "am"}.get(found["part"] and found["part"].lower(), "pm")


def dates_match(gold: Date, answer: Date) -> bool:
    """Tell whether the answer has every part of the gold date, and no other weekday."""
    if gold.weekday and answer.weekday and gold.weekday != answer.weekday:
        return False
    pairs = ((gold.year, answer.year), (gold.month, answer.month), (gold.day, answer.day))
    return all(wanted is None or wanted == given for wanted, given in pairs)


def times_match(gold: Time, answer: Time) -> bool:
    """Tell whether two times are equal; a gold without am or pm takes either half of the day."""
    if gold.is_half_known:
        return gold.second == answer.second and answer.is_half_known
    return (gold.second - answer.second) % 43_200 == 0


def _read_date(found: re.Match[str]) -> Date | None:
    name = found["month"].lower()
    month = int(name) if name.isdigit() else 1 + [m[:3] for m in _MONTHS].index(name[:3])
    day = int(found["day"]) if found["day"] else None
    if not 1 <= month <= 12 or not 1 <= (day or 1) <= 31:
        return None
    year = int(found["year"]) if found["year"] else None
    weekday = found["weekday"][:3].lower() if found["weekday"] else None
    return Date(year=year, month=month, day=day, weekday=weekday)
