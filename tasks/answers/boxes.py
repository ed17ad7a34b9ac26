r"""Find the boxes of a text, `\boxed{5}`, that it does not deny.

A text comes in; what the boxes hold goes out. `It is not \boxed{4}` states no answer, and nothing
else than that denial where it is all there is. Linear in the text.
"""

import re

_BOX = re.compile(r"\\(?:boxed|fbox) ?\{")
_BRACE = re.compile(r"\\[{}]|[{}]")
_BEFORE = 80
_DENIED_BEFORE = re.compile(
    r"(?:\b(?:not|never|cannot)|n't)(?: (?:possibly|actually|really|definitely|certainly|simply"
    r"|just|be|been|equal|equals|to|the|right|correct|final|answer|option|choice|number|value|is)){0,6}"
    r":?[\s$*({\\]*$",
    re.IGNORECASE,
)
_DENIED_AFTER = re.compile(
    r"[\s$*)}\\]{0,6}(?:is|was) (?:not (?:the|right|correct|it|possible|valid)"
    r"|wrong|incorrect|false|impossible)\b",
    re.IGNORECASE,
)


def find_boxed(text: str) -> tuple[list[str], bool]:
    """Find what the boxes hold, and tell whether one of them is never closed."""
    if "box" not in text:
        return [], False
    found: list[str] = []
    denied: list[str] = []
    position = 0
    while box := _BOX.search(text, position):
        end = _find_closing_brace(text, box.end())
        if end is None:
            return found, True
        (denied if _is_denied(text, box.start(), end + 1) else found).append(text[box.end() : end])
        position = end
    return found or [f"not {content}" for content in denied], False


def _is_denied(text: str, start: int, end: int) -> bool:
    before = text[max(start - _BEFORE, 0) : start]
    return bool(_DENIED_BEFORE.search(before) or _DENIED_AFTER.match(text, end))


def _find_closing_brace(text: str, start: int) -> int | None:
    depth = 1
    for brace in _BRACE.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return brace.start()
    return None
