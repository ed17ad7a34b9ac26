"""Whether a repaired text takes the place of the text that it repairs. A kernel.

A repair may be worse than what it repairs: cut off, a refusal, or one valid line of a long table.
A text is therefore read and checked first, and taken only if something is won by it.
"""

import re
from dataclasses import dataclass

from schemas.records import Reply, Status
from tasks.formats import describe_problems, extract_formal_text, is_refusal, validate

MIN_KEPT = 0.5
"""Of the different words of the text before; an invalid text with fewer has lost a part."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """A formal text as one reply has it."""

    text: str | None
    """None: the reply holds no formal text."""
    problems: tuple[str, ...]
    """What the checks of its format say, one a line; empty: it is valid, or there is none."""
    reply: Reply


def read_writing(format: str, reply: Reply) -> Writing:
    """Take the formal text out of a reply that has text, and check it."""
    text = extract_formal_text(format, reply.text or "").strip() or None
    problems = validate(format, text) if text else []
    told = describe_problems(problems).split("\n") if problems else []
    return Writing(text=text, problems=tuple(told), reply=reply)


def find_fault(before: Writing, repair: Writing) -> str | None:
    """Say why a repair must not take the place of the invalid text before it; None: it may.

    A valid text may, and one with fewer problems, or as many but other ones: a check that stops
    at its first finding tells the next one only when that is gone.
    """
    if repair.text is None or before.text is None:
        return "it holds no text"
    if is_refusal(repair.text) and not is_refusal(before.text):
        return "it is a refusal"
    is_cut = repair.reply.status is Status.TRUNCATED
    if is_cut and before.reply.status is not Status.TRUNCATED:
        return "it is cut off"
    if not repair.problems:
        return None
    if len(repair.problems) > len(before.problems) or repair.problems == before.problems:
        return "it has no fewer problems"
    if _count_words(repair.text) < MIN_KEPT * _count_words(before.text):
        return "it is far shorter"
    return None


def _count_words(text: str) -> int:
    """Count different words, so that a loop counts once."""
    return len(set(_WORD.findall(text)))
