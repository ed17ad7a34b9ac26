"""Leaks: a thought that mentions a description, a caption, the text, or an answer it was given.

VLAA-Thinking's reasoner was told never to mention the caption and still did; Vision-R1's was shown
the gold answer (Osilly/Vision-R1, issue 17), and nothing released marks which rows rationalize it.
The phrases are in `leak_table`. Linear in the text.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tasks.curation.leak_table import HARMLESS_PHRASES, LEAK_PHRASES, LeakKind, LeakPhrase
from tasks.curation.phrase_index import PhraseIndex
from tasks.curation.words import fold_word, split_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """One phrase that gives something away."""

    kind: LeakKind
    start: int
    """Place in the text, in characters."""
    text: str
    """The words as written."""


Leaks = PhraseIndex[LeakPhrase | None]
"""A table of phrases, indexed; None stands for what is harmless."""
JOINTS = "-\u2010\u2011*_"
"""Words of a phrase may be joined by hyphens or marked by Markdown: `ground-truth`."""
_PLACE_CHARS = 60
_PLACE = re.compile(
    r"\b(?:in|on|at|inside|under|below|above|within|next to)\s(?:the|this|that|its|a|an)\s"
    r"(?:\w{1,20}\s){0,3}(?:image|picture|photo|figure|diagram|poster|sign|label|box|bubble|"
    r"screen|title|left|right|top|bottom|middle|center|corner|side)\s?,?\s{1,2}$",
    re.IGNORECASE,
)


def index_leaks(table: Iterable[LeakPhrase], harmless: Iterable[str] = HARMLESS_PHRASES) -> Leaks:
    """Index a table of phrases, and of harmless ones, for `find_leaks`."""
    lines = [(line.phrase, line) for line in table]
    return PhraseIndex([*lines, *((phrase, None) for phrase in harmless)], JOINTS)


PHRASES = index_leaks(LEAK_PHRASES)


def find_leaks(text: str, question: str = "", phrases: Leaks = PHRASES) -> list[Leak]:
    """Find the leaks of a thought, in order, none inside another.

    Args:
        text: The reasoning or the summary.
        question: The question with its options. A phrase whose subject or whose very words it
            holds is the question's own, and no leak.
        phrases: The table, indexed.
    """
    found = [(match.value, match.start, match.end) for match in phrases.find(text) if match.value]
    if not found:
        return []
    asked = {fold_word(word) for word in split_words(question)}
    asked_phrases = {_fold(question[match.start : match.end]) for match in phrases.find(question)}
    return [
        Leak(kind=line.kind, start=start, text=text[start:end])
        for line, start, end in found
        if not _is_asked(line.subject, asked, question)
        and _fold(text[start:end]) not in asked_phrases
        and not (line.kind == LeakKind.TEXT and _is_seen(text, start))
    ]


def name_leak(leaks: Iterable[Leak]) -> str | None:
    """Return the drop_reason of the first leak, such as `leak_description`; None without one."""
    return next((f"leak_{leak.kind}" for leak in leaks), None)


def _fold(phrase: str) -> str:
    return " ".join(fold_word(word) for word in split_words(phrase))


def _is_asked(subject: str, asked: set[str], question: str) -> bool:
    """Tell whether the question speaks of the subject; Han subjects are searched as written."""
    return any(
        word in asked or (not word.isascii() and word in question) for word in subject.split()
    )


def _is_seen(text: str, start: int) -> bool:
    """Tell whether a place in the image stands before: `in the picture, the text says`."""
    return _PLACE.search(text[max(0, start - _PLACE_CHARS) : start]) is not None
