"""What tools found in an image: lines of text and boxes of objects. A kernel.

It goes into the prompt as `formalize.evidence`, and the lines into a coverage check of the formal
text.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.curation.words import fold_text, split_words

_GROUP = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
"""The comma before a group of three digits."""
MAX_LINES = 400
"""Most lines and boxes that a prompt carries."""
SCALE = 1000
"""Places run from 0 to this across and down an image, whatever its size, as in formal texts."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a tool found."""

    label: str
    """The text of a line, or the name of an object."""
    box: Box
    """In thousandths of the image's width and height, not rounded."""
    score: float
    """The tool's confidence in 0..1."""


def scale_box(box: Box, size: tuple[int, int]) -> Box:
    """Turn pixels of an image of `size`, its width and height, into thousandths of it.

    Example:
        `scale_box((320, 240, 400, 300), (640, 480))` is `(500.0, 500.0, 625.0, 625.0)`.
    """
    width, height = (max(1, side) for side in size)
    left, top, right, bottom = box
    return (
        SCALE * left / width,
        SCALE * top / height,
        SCALE * right / width,
        SCALE * bottom / height,
    )


def describe_findings(findings: Sequence[Finding], max_lines: int = MAX_LINES) -> str:
    """Write findings one a line, `left top right bottom text` from 0 to 1000, for a prompt."""
    return "\n".join(
        " ".join([*map(str, _round_box(found.box)), " ".join(found.label.split())])
        for found in findings[:max_lines]
    )


def _round_box(box: Box) -> list[int]:
    """Round the sides outwards, so that no box becomes a line, and keep them in the image."""
    outwards = (math.floor, math.floor, math.ceil, math.ceil)
    return [min(SCALE, max(0, take(side))) for take, side in zip(outwards, box, strict=True)]


def measure_coverage(findings: Sequence[Finding], formal_text: str) -> float | None:
    """Measure the share of the words that OCR read which the formal text holds.

    Words are compared without case, each as often as it was read, and Han and kana characters one
    by one; punctuation does not count, nor do the commas of `1,000`.

    Returns:
        A share in 0..1; None where OCR read no word.
    """
    read = Counter(word for found in findings for word in _list_words(found.label, joined=True))
    if not read:
        return None
    # `12,345` in a formal text may be one number or two cells.
    held = Counter(_list_words(formal_text)) | Counter(_list_words(formal_text, joined=True))
    return sum((read & held).values()) / sum(read.values())


def _list_words(text: str, *, joined: bool = False) -> list[str]:
    folded = fold_text(text)
    return split_words(_GROUP.sub("", folded) if joined else folded)
