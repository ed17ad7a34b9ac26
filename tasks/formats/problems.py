"""What is wrong with a formal text, and the checks that every format shares."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

MAX_CHARS = 200_000
"""Longest formal text that is looked at."""
MAX_PROBLEMS = 20
"""Most problems reported for one text; a model corrects few of them at a time."""
QUOTED_CHARS = 40
"""Longest piece of a text that a message repeats."""
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_SPECIAL_TOKEN = re.compile(r"<\|[a-z][a-z_]{0,40}\|>|<(?:bos|eos|pad|unk)>")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong, said so that a model can correct it."""

    line: int
    """From 1."""
    message: str
    """One sentence or two: what is wrong, the text that is, and the remedy."""

    def __str__(self) -> str:
        return f"Line {self.line}: {self.message}"


Validator = Callable[[str], Iterable[Problem]]
"""Yields problems in any order; the text has `\\n` line ends and passed `check_text`."""


def check_text(text: str) -> Iterator[Problem]:
    """Yield what no format allows: nothing, too much, control characters, model tokens."""
    if not text.strip():
        yield Problem(1, "The text is empty; write down what the image shows.")
    elif len(text) > MAX_CHARS:
        yield Problem(1, f"The text has {len(text)} characters; at most {MAX_CHARS} are read.")
    elif found := _CONTROL.search(text):
        line = line_at(text, found.start())
        yield Problem(line, f"Remove the control character {found.group()!a}.")
    elif found := _SPECIAL_TOKEN.search(text):
        line = line_at(text, found.start())
        yield Problem(line, f"Remove {quote(found.group())}, which is no part of the image.")


def check_fence(text: str) -> Iterator[Problem]:
    """Yield a code fence around a text; it belongs to the reply, not to the formal text."""
    lines = text.rstrip().split("\n")
    first = next((index for index, line in enumerate(lines) if line.strip()), 0)
    for index in {first, len(lines) - 1}:
        if lines[index].startswith(("```", "~~~")):
            yield Problem(index + 1, "Remove the code fence; write the formal text alone.")


def collect(problems: Iterable[Problem]) -> list[Problem]:
    """Return the first problems that are found, without doubles, by line."""
    return sorted(set(islice(problems, MAX_PROBLEMS)))


def line_at(text: str, offset: int) -> int:
    """Return the number of the line, from 1, that holds the character at `offset`."""
    return text.count("\n", 0, max(0, offset)) + 1


def quote(text: object) -> str:
    """Quote a piece of a text for a message: on one line, short, backslashes as they are."""
    shown = str(text)
    short = shown if len(shown) <= QUOTED_CHARS else shown[: QUOTED_CHARS - 3] + "..."
    return f"'{''.join(each if each.isprintable() else ' ' for each in short)}'"


def list_names(names: Iterable[str]) -> str:
    """Write names as `a, b or c`."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
