"""Number words as digits: `twenty-five` is 25, `two thirds` 2/3, `one hundred and five` 105."""

import re

_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_VALUES = {word: value for value, word in enumerate(_ONES)} | {
    word: 10 * value for value, word in enumerate(_TENS, start=2)
}
_SCALES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9}
_PARTS = {"half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6,
          "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "hundredth": 100,
          "thousandth": 1000}  # fmt: skip
_VALUE = "|".join([*reversed(_ONES), *_TENS])
_SCALE = "|".join(_SCALES)
_HAS_WORD = re.compile(
    rf"\b(?:{_VALUE}|half|negative|minus|a (?:dozen|{_SCALE}))(?![a-z])", re.IGNORECASE
)
_RUN = re.compile(
    rf"(?<![\w-])(?P<run>(?:(?:{_VALUE})|a (?={_SCALE})(?:{_SCALE}))(?![a-z])"
    rf"(?:[- ](?:{_VALUE}|(?:{_SCALE})(?:(?: and|(?<!hundred),)(?= (?:{_VALUE})\b))?)(?![a-z]))*)"
    r"(?![\w-]*-[a-z]*(?:year|digit|day))"
    rf"(?:[- ](?P<part>{'|'.join(_PARTS)})s?)?(?!\w)",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"\b(?:the|this|that|which|any|every|each|no|first|second|third|last|other|only) $", re.I
)
_WORD = re.compile(r"[a-z]+")
_MAX_WORDS = 24
_DOZEN = re.compile(r"\b(half )?a dozen\b", re.IGNORECASE)
_HALF_A = re.compile(r"(?<!and a )\bhalf an? (?=[a-z]{3})", re.IGNORECASE)
_HALF = re.compile(r"^(?:a )?half$", re.IGNORECASE)
_AND_A_PART = re.compile(r"\b([0-9]+) and a (half|third|quarter)\b", re.IGNORECASE)
_POINT = re.compile(r"\b([0-9]+) point ([0-9](?: [0-9])*)(?![0-9])")
_SIGN = re.compile(r"(?:(?<![0-9)] )\bminus|\bnegative) (?=[0-9])", re.IGNORECASE)


def write_digits(text: str) -> str:
    """Write number words as digits; words that make no one number (`one two`) become several."""
    if not _HAS_WORD.search(text):
        return text
    text = _DOZEN.sub(lambda found: "6" if found[1] else "12", text)
    text = _HALF_A.sub("1/2 ", _HALF.sub("1/2", text))
    text = _RUN.sub(_write_run, text)
    text = _AND_A_PART.sub(lambda found: f"{found[1]} 1/{_PARTS[found[2].lower()]}", text)
    text = _POINT.sub(lambda found: f"{found[1]}.{found[2].replace(' ', '')}", text)
    return _SIGN.sub("-", text)


def _write_run(found: re.Match[str]) -> str:
    before = found.string[max(0, found.start() - 12) : found.start()]
    if found["run"].lower() == "one" and _PRONOUN.search(before) and not found["part"]:
        return found[0]
    values = _read_values(_WORD.findall(found["run"].lower()))
    if values is None:
        return found[0]
    part = f"/{_PARTS[found['part'].lower()]}" if found["part"] else ""
    return " ".join(map(str, values)) + part


def _read_values(words: list[str]) -> list[int] | None:
    """Read the numbers that words make; None where a scale has nothing to multiply, or of many.

    `total` is what the thousands so far make, `group` what follows them, and `room` the first
    value that would begin another number (10 after `twenty`).
    """
    values: list[int] = []
    if len(words) > _MAX_WORDS:
        return None
    total, group, room = 0, 0, 10**9
    for word in words:
        if word == "a":
            group = 1
        elif word in _SCALES:
            if not group:
                return None
            room = _SCALES[word]
            total, group = (total, group * 100) if room == 100 else (total + group * room, 0)
        elif word != "and":
            value = _VALUES[word]
            if value >= room:
                values.append(total + group)
                total, group = 0, 0
            group += value
            room = 10 if value >= 20 else 0
    return [*values, total + group]
