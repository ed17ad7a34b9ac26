"""What tools found in an image: lines of text and boxes of objects. A kernel.

It goes into the prompt as `formalize.evidence`, and the lines into a coverage check of the formal
text.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+")
MAX_LINES = 400
"""Most lines and boxes that a prompt carries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a tool found."""

    label: str
    """The text of a line, or the name of an object."""
    box: tuple[int, int, int, int]
    """Left, top, right, bottom, in pixels of the normalized image."""
    score: float
    """The tool's confidence in 0..1."""


def describe_findings(findings: Sequence[Finding]) -> str:
    """Write findings one a line, `left top right bottom text`, for a prompt."""
    return "\n".join(
        " ".join([*map(str, found.box), " ".join(found.label.split())])
        for found in findings[:MAX_LINES]
    )


def measure_coverage(findings: Sequence[Finding], formal_text: str) -> float | None:
    """Measure the share of the words that OCR read which the formal text holds.

    Words are compared without case, each as often as it was read; punctuation does not count.

    Returns:
        A share in 0..1; None where OCR read no word.
    """
    read = Counter(word for found in findings for word in _list_words(found.label))
    if not read:
        return None
    held = Counter(_list_words(formal_text))
    return sum((read & held).values()) / sum(read.values())


def _list_words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]
