"""Why vLLM died, in one sentence, from its exit code and the end of its log. Pure.

Logs are other people's text: bounded, and shown as one line without control characters.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from tasks.server.signs import CAN_COME_LATE, SIGNS, WORDS, Cause

MAX_LINE_CHARS = 2_000
_SHOWN_CHARS = 240
_SHOWN_LINES = 2
_PREFIX = re.compile(
    r"^(\([^)\n]{1,80}\) ?)?"
    r"((INFO|WARNING|ERROR|DEBUG|CRITICAL) [\d-]{5} [\d:]{8} \[[^]\n]{1,80}\] ?)?"
)
_UNPRINTABLE = re.compile(r"(\x1b\[[0-9;]{0,20}[A-Za-z])|[\x00-\x08\x0b-\x1f\x7f-\x9f]+")
_ERROR = re.compile(r"[\w.]{1,200}(Error|Exception): \S")
_ABOVE = "See root cause above"
_NOISE = ("Traceback", "File ", "^", "warnings.warn", "For further information", "raise ")
_KILLED = (-9, 128 + 9)
_NOT_RUN = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Why a server is not there."""

    cause: Cause
    words: str
    """What is wrong and what to do, without the lines of the log."""
    lines: tuple[str, ...]
    """The lines of the log that tell it, else its last ones."""


def diagnose(
    log: str,
    code: int,
    *,
    path: str,
    option: str,
    has_served: bool = False,
    was_out_of_memory: bool = False,
) -> Diagnosis:
    """Tell why a server ended.

    Args:
        log: the end of what it wrote.
        code: its exit code; of a signal, its negative or 128 more.
        path: the model, for the words.
        option: the section of the recipe, for the words.
        has_served: it answered requests before it ended.
        was_out_of_memory: the kernel has killed some process meanwhile for want of memory.
    """
    lines = [clean_line(line) for line in log.splitlines()]
    cause, telling = _read_cause(lines, CAN_COME_LATE if has_served else tuple(Cause))
    if cause in (None, Cause.ENGINE):
        cause = _guess_cause(code, cause, was_out_of_memory=was_out_of_memory)
    words = WORDS[cause].format(path=path, option=option, code=code)
    shown = [telling] if telling else _pick_last_lines(lines)
    return Diagnosis(cause=cause, words=words, lines=tuple(line[:_SHOWN_CHARS] for line in shown))


def _read_cause(lines: Sequence[str], causes: Sequence[Cause]) -> tuple[Cause | None, str]:
    for cause, pattern in SIGNS:
        # The last is of the process that died last, and its words are the plainest.
        telling = next((line for line in reversed(lines) if pattern.search(line)), None)
        if telling is not None and cause in causes:
            return cause, telling
    return None, ""


def _guess_cause(code: int, cause: Cause | None, *, was_out_of_memory: bool) -> Cause:
    if was_out_of_memory:
        return Cause.HOST_MEMORY
    if cause is not None:
        return cause
    if code == _NOT_RUN:
        return Cause.NO_PROGRAM
    return Cause.KILLED if code in _KILLED else Cause.UNKNOWN


def _pick_last_lines(lines: Sequence[str]) -> list[str]:
    """Return the last error that has words of its own, else the last lines that say something."""
    errors = (line for line in reversed(lines) if _ERROR.match(line) and _ABOVE not in line)
    if error := next(errors, None):
        return [error]
    telling = (line for line in reversed(lines) if line and not line.startswith(_NOISE))
    picked = list(islice(telling, _SHOWN_LINES))
    return picked[::-1] or ["it wrote nothing"]


def clean_line(line: str) -> str:
    """Return a line of a log without colors, control characters, and what vLLM puts before each."""
    text = _UNPRINTABLE.sub("", line[:MAX_LINE_CHARS])
    return _PREFIX.sub("", text, count=1).strip()
