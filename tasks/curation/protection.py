r"""Spans of a text that no edit may touch: quotes, code and mathematics.

Quotes are `"..."` and its typographic and Chinese kin, and '...' around whole words; code is in
backticks; mathematics is in dollars or `\(...\)`, `\[...\]`, `\begin...\end`. One pass: a mark
that is never closed protects nothing, and is not looked for again. Linear in the text.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence

MAX_INLINE_CHARS = 400
"""Longest quote or formula within a paragraph; an open mark farther from the next is a stray."""
_OPENING = re.compile(
    r"```|`|\$\$|\$(?=\S)|\\\(|\\\[|\\begin\{|(?<!\d)\"(?=\S)|\u201c|\u300c|\u300e|\u00ab"
    r"|(?<![\w'])'(?=\w)"
)
_BLOCKS = {"```": "```", "$$": "$$", "\\(": "\\)", "\\[": "\\]", "\\begin{": "\\end{"}
_INLINE = {
    "`": "`",
    "$": "$",
    '"': '"',
    "'": "'",
    "\u201c": "\u201d",
    "\u300c": "\u300d",
    "\u300e": "\u300f",
    "\u00ab": "\u00bb",
}
_CLOSING: dict[str, Callable[[str, int], bool]] = {
    # A dollar before a digit or after a blank is money.
    "$": lambda text, at: not text[at - 1].isspace() and not text[at + 1 : at + 2].isdigit(),
    "'": lambda text, at: not text[at + 1 : at + 2].isalnum() and not text[at - 1].isspace(),
}
Span = tuple[int, int]


def find_protected(text: str) -> list[Span]:
    """Find the spans (start, end) of quotes, code and mathematics, in order, none in another."""
    spans: list[Span] = []
    closings: dict[str, int] = {}
    position = 0
    while opening := _OPENING.search(text, position):
        mark = opening[0]
        end = _find_end(text, mark, opening.end(), closings)
        if end is not None:
            spans.append((opening.start(), end))
        position = opening.end() if end is None else end
    return spans


def is_protected(spans: Sequence[Span], start: int, end: int) -> bool:
    """Tell whether [start, end) overlaps one of the ordered spans."""
    place = bisect_right(spans, (start, len(spans) and spans[-1][1])) - 1
    return (place >= 0 and spans[place][1] > start) or (
        place + 1 < len(spans) and spans[place + 1][0] < end
    )


def mask_protected(text: str) -> str:
    """Write a bar for each protected span, so that what stands around it does not meet."""
    pieces: list[str] = []
    position = 0
    for start, end in find_protected(text):
        pieces += [text[position:start], "|"]
        position = end
    return "".join([*pieces, text[position:]])


def _find_end(text: str, mark: str, start: int, closings: dict[str, int]) -> int | None:
    """Return where the span of a mark ends; None: it is never closed, or too far away."""
    place = _find_closing(text, mark, start, closings)
    if place == len(text):
        return None
    if mark in _BLOCKS:
        return place + len(_BLOCKS[mark])
    is_near = place < start + MAX_INLINE_CHARS and text.find("\n\n", start, place) < 0
    return place + 1 if is_near else None


def _find_closing(text: str, mark: str, start: int, closings: dict[str, int]) -> int:
    """Return the place of the next closing mark, else the length; those found before are kept."""
    if closings.get(mark, -1) >= start:
        return closings[mark]
    closing, is_closed = _BLOCKS.get(mark) or _INLINE[mark], _CLOSING.get(mark)
    place = text.find(closing, start)
    while place >= 0 and is_closed and not is_closed(text, place):
        place = text.find(closing, place + 1)
    closings[mark] = len(text) if place < 0 else place
    return closings[mark]
