"""Leaks: a thought that mentions a description, a caption, the text, or an answer it was given.

VLAA-Thinking's reasoner was told never to mention the caption and still did; Vision-R1's was shown
the gold answer (Osilly/Vision-R1, issue 17), and nothing released marks which rows rationalize it.
The phrases are in `leak_table`. Linear in the text.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tasks.curation.leak_table import LEAK_PHRASES, LeakKind, LeakPhrase
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


def index_leaks(table: Iterable[LeakPhrase]) -> PhraseIndex[LeakPhrase]:
    """Index a table of phrases for `find_leaks`."""
    return PhraseIndex((line.phrase, line) for line in table)


PHRASES = index_leaks(LEAK_PHRASES)


def find_leaks(
    text: str, question: str = "", phrases: PhraseIndex[LeakPhrase] = PHRASES
) -> list[Leak]:
    """Find the leaks of a thought, in order, none inside another.

    Args:
        text: The reasoning or the summary.
        question: The question with its options. A phrase whose subject or whose very words it
            holds is the question's own, and no leak.
        phrases: The table, indexed.
    """
    found = list(phrases.find(text))
    if not found:
        return []
    asked = {fold_word(word) for word in split_words(question)}
    asked_phrases = {_fold(question[match.start : match.end]) for match in phrases.find(question)}
    return [
        Leak(kind=match.value.kind, start=match.start, text=text[match.start : match.end])
        for match in found
        if not _is_asked(match.value.subject, asked, question)
        and _fold(text[match.start : match.end]) not in asked_phrases
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
