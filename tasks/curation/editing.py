"""The edits that a recipe asks for, made to one selected rollout: trimming, then replacement.

A rollout as the model wrote it comes in; the parts of the completion go out, with a log of every
edit, or with the reason why the edits cannot stand. Nothing is edited that no recipe asks for.
"""

import re
from dataclasses import dataclass, replace

from schemas.recipe import CurateParams, ReplaceParams, TrimParams
from tasks.curation.layout import Parts
from tasks.curation.phrases import name_replacement_fault, replace_phrases, write_diff
from tasks.curation.trimming import trim_reflection

_INNER_POINT = re.compile(r"\.(?!\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A rollout after its edits."""

    parts: Parts
    edits: tuple[str, ...] = ()
    """What was changed, one text an edit step: a diff, or what was cut."""
    fault: str | None = None
    """drop_reason where the edits cannot stand."""


def read_parts(reasoning: str | None, answer_text: str, answer: str) -> Parts:
    """Read the parts of a rollout: thought, summary if there is one, answer.

    A rollout without a thought of its own is all thought.
    """
    thought = (reasoning or answer_text).strip()
    summary = answer_text[: _find_answer_tag(answer_text)].strip() if reasoning else ""
    return Parts(reasoning=thought, summary=summary, answer=_strip_point(answer))


def _strip_point(answer: str) -> str:
    """Strip the point of a sentence, but not that of "9:15 A.M." or of "1, 2, 3, ..."."""
    bare = answer.strip()
    last_word = bare.split()[-1] if bare else ""
    if not last_word.endswith(".") or _INNER_POINT.search(last_word[:-1]):
        return bare
    return bare[:-1].rstrip()


def _find_answer_tag(text: str) -> int:
    place = text.lower().find("<answer>")
    return len(text) if place < 0 else place


def edit_parts(parts: Parts, question: str, params: CurateParams) -> Edited:
    """Make the edits of a recipe, in its order: cut reflections, then replace phrases.

    Args:
        parts: of the selected rollout.
        question: with its options; its own words are never replaced.
        params: the recipe's section.
    """
    edited = Edited(parts=parts)
    if params.trim is not None:
        edited = _trim(edited, params.trim)
    if params.replace is not None:
        edited = _replace(edited, question, params.replace)
    return edited


def _trim(edited: Edited, params: TrimParams) -> Edited:
    parts = edited.parts
    trim = trim_reflection(parts.reasoning, parts.answer, params.cues)
    if trim.cue is None:
        return edited
    cut = len(parts.reasoning) - len(trim.text)
    return Edited(
        parts=replace(parts, reasoning=trim.text),
        edits=(*edited.edits, f"cut {cut} characters from {trim.cue!r} on"),
    )


def _replace(edited: Edited, question: str, params: ReplaceParams) -> Edited:
    parts, edits = edited.parts, edited.edits
    for name in ("reasoning", "summary"):
        before = getattr(parts, name)
        replaced = replace_phrases(before, question)
        if not replaced.edits:
            continue
        edits = (*edits, write_diff(before, replaced.edits))
        parts = replace(parts, **{name: replaced.text})
        if fault := name_replacement_fault(replaced, params.max_edited_words):
            return Edited(parts=parts, edits=edits, fault=fault)
    return Edited(parts=parts, edits=edits)
