"""Tell a list of options from an answer: who lists them all has chosen none.

The text of a model comes in; the lines that it ends with go out, where they are several answers.
"""

import re
from collections.abc import Sequence
from itertools import pairwise, takewhile

from tasks.answers.normalization import fold_characters, normalize, to_key

MAX_LINES = 30

_LABEL = re.compile(r"[-*\s(\[]{0,6}([A-Za-z])[*)\].:]{1,4} ?\S")
_BARE_NUMBER = re.compile(r"[-+$]?[0-9][0-9.,/%]*")
_BULLET = " \t-*\u2022"


def list_labelled(text: str) -> list[str]:
    """List the last lines where they are labelled in a row from A on, or all of them numbers."""
    lines = _list_last_lines(text)
    labels = [found[1] if (found := _LABEL.match(line)) else "" for line in lines]
    count = next((n for n, label in enumerate(labels, 1) if label in ("A", "a")), 0)
    if count > 1 and all(_follows(*pair) for pair in pairwise(labels[:count])):
        return lines[:count][::-1]
    are_numbers = len(lines) > 1 and all(map(_BARE_NUMBER.fullmatch, lines))
    return lines[::-1] if are_numbers else []


def list_options(text: str, options: Sequence[str]) -> list[str]:
    """List the last lines where they are the texts of several options, one a line."""
    keys = {to_key(normalize(option)) for option in options}
    lines = [fold_characters(line).strip(_BULLET) for line in _list_last_lines(text)]
    listed = list(takewhile(lambda line: to_key(normalize(line)) in keys, lines))
    return listed[::-1] if len(set(listed)) > 1 else []


def _list_last_lines(text: str) -> list[str]:
    """List the last lines that hold something, the last one first."""
    lines = [stripped for line in text.rsplit("\n", 2 * MAX_LINES) if (stripped := line.strip())]
    return lines[: -MAX_LINES - 1 : -1]


def _follows(label: str, before: str) -> bool:
    return before != "" and ord(label or "\0") == ord(before) + 1
