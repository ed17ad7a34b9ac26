"""OCR: the lines of text of an image with their places, in reading order.

    size: 640 480
    [12, 20, 300, 44] Invoice No. 1042
    [12, 60, 120, 80] Total

A place is [left, top, right, bottom] with the origin at the top left: in pixels where the first
line gives the size of the image, else from 0 to 1000 across and down the image. The text stands
after one space, as it is written; a line of the image is one line here.
"""

import re
from collections.abc import Iterator

from tasks.formats.problems import Problem, quote

MAX_LINES = 5_000
MAX_PIXELS = 100_000
THOUSANDTHS = (1000.0, 1000.0)
SIDES = ("left", "top", "right", "bottom")
_NUMBER = r"\s{0,3}(-?[0-9]{1,7}(?:\.[0-9]{1,6})?)\s{0,3}"
_LINE = re.compile(rf"\s{{0,8}}\[{_NUMBER},{_NUMBER},{_NUMBER},{_NUMBER}\](.*)")
_SIZE = re.compile(rf"size\s?:{_NUMBER}[,x ]{_NUMBER}", re.IGNORECASE)


def check_ocr(text: str) -> Iterator[Problem]:
    """Yield the problems of lines of text with places."""
    size = THOUSANDTHS
    seen: dict[str, int] = {}
    num_lines = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        if found := _SIZE.fullmatch(line.strip()):
            size = float(found[1]), float(found[2])
            if num_lines or not all(0 < side <= MAX_PIXELS for side in size):
                yield Problem(number, "Give the size once, above all lines, as size: 640 480.")
                return
            continue
        num_lines += 1
        if problem := _find_problem(line, size):
            yield Problem(number, problem)
        first = seen.setdefault("".join(line.split()), number)
        if first != number:
            yield Problem(number, f"This line repeats line {first}, place and all; remove one.")
    if num_lines > MAX_LINES:
        yield Problem(1, f"There are {num_lines} lines; at most {MAX_LINES} are read.")
    if not num_lines:
        yield Problem(1, "There is no line of text; write each as [left, top, right, bottom] text.")


def _find_problem(line: str, size: tuple[float, float]) -> str | None:
    """Return what is wrong with one line, or None."""
    found = _LINE.fullmatch(line)
    if not found:
        return f"{quote(line.strip())} has no place before it, such as [10, 20, 300, 40] text."
    *numbers, text = found.groups()
    if not text.strip():
        return "There is no text after the place; write it, or remove the line."
    if not text.startswith(" "):
        return "Put one space between the place and the text."
    left, top, right, bottom = (float(number) for number in numbers)
    for side, number, most in zip(SIDES, (left, top, right, bottom), size * 2, strict=True):
        if not 0 <= number <= most:
            remedy = "; pixels need a first line such as size: 640 480" * (size == THOUSANDTHS)
            return f"The {side} is {number:g}, but must be from 0 to {most:g}{remedy}."
    if left >= right or top >= bottom:
        return "A place runs from left to right and from top to bottom; swap its numbers."
    return None
