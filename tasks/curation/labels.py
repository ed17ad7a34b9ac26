"""Labels in a text: points, lines and parts named by capitals, such as `ABC`, `P` or `R1`.

A capital alone counts after a word such as "point" only; four capitals and more only in the order
of the alphabet, so that `ABCD` is a label and `WAIT` is not. Linear in the text.
"""

import re

_CAPITALS = re.compile(
    r"(?<![\w.'\u2019\\-])(?:[A-Z]{2,6}[0-9]{0,3}|[A-Z][0-9]{1,3})(?![\w'\u2019-])"
)
_NAMED = re.compile(
    r"(?:\b(?:point|angle|vertex|line|segment|side|node|resistor|circle)s?\s{1,3}|[\u2220\u25b3]\s?)"
    r"([A-Z])(?![\w'\u2019])"
)
_ANY = re.compile(r"(?<![A-Za-z])[A-Z]{1,6}[0-9]{0,3}(?![A-Za-z])")
_INTRODUCTION = re.compile(
    r"\b(?:let|denote|call|draw|mark|construct|define|drop|name|label|extend)\b[^.\n;]{0,60}",
    re.IGNORECASE,
)
_KNOWN_CAPITALS = frozenset({
    "SAS", "ASA", "SSS", "AAS", "SSA", "AA", "HL", "RHS", "LHS", "LCM", "GCD", "GCF", "LCD", "QED",
    "SOH", "CAH", "TOA", "OK", "AM", "PM", "TV", "US", "USA", "UK", "EU", "UN", "AI", "ID", "PH",
    "GDP", "KEY",
    "CSV", "NOT", "AND", "OR", "IF", "ALL", "NO", "YES", "THE", "IS", "TO", "OF", "IN",
    "ON", "IT", "SO", "BUT", "MAX", "MIN", "SUM", "AVG", "DNA", "RNA", "ATP", "HMM", "II", "III",
    "IV", "VI", "VII", "XI", "XII",
})  # fmt: skip
"""Capitals that as a rule name no part of a figure."""


def find_labels(text: str) -> list[str]:
    """Find the distinct labels that a text uses, in order of kind, then place."""
    found = [match[0] for match in _CAPITALS.finditer(text)]
    found += [match[1] for match in _NAMED.finditer(text)]
    return [label for label in dict.fromkeys(found) if _is_label(label)]


def find_introduced(text: str) -> set[str]:
    """Find the labels that a text introduces itself: "let M be", "draw the height CD"."""
    return {
        label
        for introduction in _INTRODUCTION.finditer(text)
        for label in _ANY.findall(introduction[0])
    }


def find_capitals(text: str) -> set[str]:
    """Find everything that could be a label, as a source of labels writes them."""
    return set(_ANY.findall(text))


def is_spelled(label: str, letters: set[str]) -> bool:
    """Tell whether a label is made of known letters: `AB` where `ABC` is known."""
    return label.isalpha() and letters.issuperset(label)


def _is_label(label: str) -> bool:
    is_ordered = len(label) < 4 or not label.isalpha() or list(label) == sorted(label)
    return is_ordered and label not in _KNOWN_CAPITALS
