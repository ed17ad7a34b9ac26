"""Reflection trimming: a thought ends where it first concludes with the answer.

OpenVLThinker cuts a thought at reflection cues and drops the later segments, which raised MathVista
from 48.4 to 62.5 after SFT; dropping thoughts over 500 words gave 55.0 (arXiv 2503.17352, Table 3).
A plain cut can leave a thought that never reaches the answer; here the leading segments up to the
first that concludes with it, as `conclusions` tells, are kept, and a thought that nowhere does is
kept whole.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from tasks.curation.conclusions import concludes_with
from tasks.curation.protection import find_protected, is_protected
from tasks.curation.words import count_words

REFLECTION_CUES = ("Wait,", "But wait,", "But the question")
"""The cues of OpenVLThinker, section 3.1."""
MAX_WORDS = 500
"""OpenVLThinker's alternative to trimming, in words between blanks; Chinese in characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trim:
    """A thought after trimming, and what was cut."""

    text: str
    cue: str | None
    """The cue at which it was cut; None: kept whole."""


def trim_reflection(thought: str, answer: str, cues: Sequence[str] = REFLECTION_CUES) -> Trim:
    """Cut a thought at the first reflection cue after it has concluded with the answer.

    A cue counts at the start of a sentence only, and not in quotes, code or mathematics. The text
    that is kept is a prefix of the thought, never empty unless the thought is, and states the
    answer wherever the thought was cut.

    Args:
        thought: The reasoning, without tags.
        answer: The final answer, as extracted.
        cues: Sentence openings, matched as written but for white space.
    """
    start = 0
    for cue_start, cue in find_cues(thought, cues) if answer.strip(" .") else ():
        if concludes_with(thought[start:cue_start], answer):
            return Trim(text=thought[:cue_start].rstrip(), cue=cue)
        start = cue_start
    return Trim(text=thought, cue=None)


def find_cues(thought: str, cues: Sequence[str] = REFLECTION_CUES) -> list[tuple[int, str]]:
    """Find the cues that open a sentence: (place, cue), in order."""
    if not cues:
        return []
    spans = find_protected(thought)
    return [
        (match.start(), match[0])
        for match in _compile_cues(tuple(cues)).finditer(thought)
        if _opens_sentence(thought, match.start())
        and not is_protected(spans, match.start(), match.end())
    ]


def is_over_words(thought: str, max_words: int = MAX_WORDS) -> bool:
    """Tell whether a thought has more than `max_words` words (drop_reason `too_many_words`)."""
    return count_words(thought) > max_words


@lru_cache(maxsize=32)
def _compile_cues(cues: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(cues, key=len, reverse=True)
    forms = [r"\s{1,4}".join(map(re.escape, cue.split())) for cue in longest_first if cue.strip()]
    return re.compile(r"(?<!\w)(?:" + "|".join(forms or [r"(?!)"]) + ")")


def _opens_sentence(text: str, place: int) -> bool:
    """Tell whether what stands before is nothing, a line end, or a sentence end and a blank."""
    before = text[max(0, place - 40) : place]
    bare = before.rstrip()
    if not bare or "\n" in before[len(bare) :]:
        return True
    is_apart = before != bare or ord(bare[-1]) >= 0x3000
    return is_apart and not bare[-1].isalnum() and bare[-1] not in ",'\""
