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
_WEEKDAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? )?"
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
    r" ?(?P<half>am|pm)?(?: in the (?:morning|afternoon|evening))?",
    re.IGNORECASE,
)
_NAMED_TIMES = {"noon": "12:00 pm", "midday": "12:00 pm", "midnight": "12:00 am"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Date:
    """A calendar date; None for a part that is left out."""

    year: int | None
    month: int
    day: int | None


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
    if found is None or not (found["minute"] or found["half"]):
        return None
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59 or (found["half"] and not 1 <= hour <= 12):
        return None
    is_half_known = bool(found["half"]) or hour > 12 or hour == 0
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].lower() == "pm" else 0)
    return Time(second=hour * 3600 + minute * 60 + second, is_half_known=is_half_known)


def dates_match(gold: Date, answer: Date) -> bool:
    """Tell whether the answer has every part of the gold date."""
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
    return Date(year=int(found["year"]) if found["year"] else None, month=month, day=day)
