"""Phrase replacement: mentions of a description become mentions of the image, and are logged.

The step that Vision-R1 calls word replacement (arXiv 2503.06749, section 3.3), with the guards that
its released rows lack: whole phrases, the longest first, never inside quotes, code or mathematics,
never the question's own words, never where they mean something else; then a check of the wording,
and a cap on the edits, as VLAA-Thinking drops rows whose rewrite differs in more than 15 words.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz.distance import Levenshtein

from tasks.curation.phrase_context import (
    CONTEXT_CHARS,
    has_other_meaning,
    list_subjects,
    reads_well,
)
from tasks.curation.phrase_index import PhraseIndex, PhraseMatch
from tasks.curation.phrase_table import REPLACEMENTS
from tasks.curation.protection import find_protected, is_protected
from tasks.curation.wording import MIN_PART_CHARS, find_doubled_words, find_stuck_words
from tasks.curation.words import find_words, fold_word, split_words

MAX_EDITED_WORDS = 15
"""VLAA-Thinking's cap on its rewrite step."""
DIFF_CHARS = 30
ReplacementReason = Literal["doubled_words", "stuck_words", "too_many_edits"]
PHRASES = PhraseIndex(REPLACEMENTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One replacement."""

    start: int
    """Place in the original text, in characters."""
    before: str
    """The text that stood there."""
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """A text after replacement, and how it came about."""

    text: str
    edits: tuple[Edit, ...]
    """In the order of the text."""
    num_edited_words: int
    """Edit distance in words."""
    doubled_words: tuple[str, ...]
    """Doubled words that the original does not have."""
    stuck_words: tuple[str, ...]
    """Tokens that the original does not have and that are two words in one."""


def replace_phrases(
    text: str, question: str = "", phrases: PhraseIndex[str] = PHRASES
) -> Replacement:
    """Replace every phrase of the table that may be replaced.

    Args:
        text: The reasoning or the summary.
        question: The question with its options. A phrase that occurs in it is its own and stays,
            and so do all that speak of a description, caption or text where the question does.
        phrases: The table, indexed; the value of a phrase stands in its place.
    """
    is_own = _tell_own(question, phrases)
    spans = find_protected(text)
    edits: list[Edit] = []
    left, position = "", 0
    for match in phrases.find(text):
        edit = _make_edit(text, match)
        left = (left + text[position : match.start])[-CONTEXT_CHARS:]
        position = match.end
        if (
            edit.before != edit.after
            and not is_protected(spans, match.start, match.end)
            and not is_own(edit.before)
            and not has_other_meaning(text, match.start, match.end, match.value)
            and reads_well(left, edit.after, text[match.end : match.end + CONTEXT_CHARS])
        ):
            edits.append(edit)
            left += edit.after
        else:
            left += edit.before
    return _describe(text, tuple(edits))


def _tell_own(question: str, phrases: PhraseIndex[str]) -> Callable[[str], bool]:
    """Return what tells whether a phrase is the question's own, or speaks of what it speaks of."""
    own = {_fold(question[match.start : match.end]) for match in phrases.find(question)}
    asked = list_subjects(question)
    return lambda told: _fold(told) in own or not asked.isdisjoint(list_subjects(told))


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """Apply edits that are in order and do not overlap."""
    pieces: list[str] = []
    position = 0
    for edit in edits:
        pieces += [text[position : edit.start], edit.after]
        position = edit.start + len(edit.before)
    return "".join([*pieces, text[position:]])


def write_diff(text: str, edits: Sequence[Edit]) -> str:
    """Write the edits for a person: two lines each, with what stands around them."""
    lines: list[str] = []
    for edit in edits:
        end = edit.start + len(edit.before)
        before = text[max(0, edit.start - DIFF_CHARS) : edit.start]
        after = text[end : end + DIFF_CHARS]
        lines += [
            f"{sign} {before}[{changed}]{after}".replace("\n", " ")
            for sign, changed in (("-", edit.before), ("+", edit.after))
        ]
    return "\n".join(lines)


def name_replacement_fault(
    replacement: Replacement, max_edited_words: int = MAX_EDITED_WORDS
) -> ReplacementReason | None:
    """Return the drop_reason of a replacement that did harm or changed too much, else None."""
    if replacement.doubled_words:
        return "doubled_words"
    if replacement.stuck_words:
        return "stuck_words"
    return "too_many_edits" if replacement.num_edited_words > max_edited_words else None


def _fold(phrase: str) -> str:
    return " ".join(fold_word(word) for word in split_words(phrase))


def _make_edit(text: str, match: PhraseMatch[str]) -> Edit:
    before, after = text[match.start : match.end], match.value
    if before.isupper():
        after = after.upper()
    elif before[0].isupper():
        after = after[0].upper() + after[1:]
    return Edit(start=match.start, before=before, after=after)


def _describe(text: str, edits: tuple[Edit, ...]) -> Replacement:
    edited = apply_edits(text, edits)
    return Replacement(
        text=edited,
        edits=edits,
        num_edited_words=sum(
            Levenshtein.distance(edit.before.split(), edit.after.split()) for edit in edits
        ),
        doubled_words=_find_new_doubles(text, edited) if edits else (),
        stuck_words=_find_new_stuck(text, edited, edits) if edits else (),
    )


def _find_new_doubles(text: str, edited: str) -> tuple[str, ...]:
    new = Counter(find_doubled_words(edited)) - Counter(find_doubled_words(text))
    return tuple(new)


def _find_new_stuck(text: str, edited: str, edits: Sequence[Edit]) -> tuple[str, ...]:
    """Look at new tokens: Latin words put beside others for Han ones, or stuck in the table."""
    known = {fold_word(match[0]) for match in find_words(text)}
    parts = (fold_word(match[0]) for edit in edits for match in find_words(edit.after))
    known.update(word for word in parts if len(word) < 2 * MIN_PART_CHARS)
    return tuple(find_stuck_words(edited, known))
