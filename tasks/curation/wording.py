"""Faults of wording that blind replacement leaves: doubled words and stuck tokens.

Vision-R1's released rows hold "The image displays displays", "depicts shows" and
"tangentstouching". Linear in the text.
"""

import re
from collections.abc import Container

from tasks.curation.phrase_table import SHOWING

MIN_PART_CHARS = 4
"""Shortest of the two words of a stuck token: below it, most words are made of two others."""
MAX_TOKEN_CHARS = 40
LEGITIMATE_DOUBLES = frozenset({
    "that", "had", "is", "was", "in", "on", "what", "who", "it", "very", "so", "really", "long",
    "no", "yes", "ha", "hmm", "hm", "wait", "bye",
})  # fmt: skip
"""English says "that that" and "what it is is"; a thought says "no no" and "hmm hmm"."""
_PAIR = re.compile(r"(?<!\w)(?=([^\W\d_]{2,40})[ \t\n]{1,3}([^\W\d_]{2,40})(?!\w))")
_TOKEN = re.compile(r"(?<![^\W_])[^\W\d_]{8,}(?![^\W_])")


def find_doubled_words(text: str) -> list[str]:
    """Find words said twice in a row, and two verbs of showing in a row: `displays displays`."""
    pairs = ((match[1].casefold(), match[2].casefold()) for match in _PAIR.finditer(text))
    return [f"{first} {second}" for first, second in pairs if _is_fault(first, second)]


def _is_fault(first: str, second: str) -> bool:
    is_twice = first == second and first.isascii() and first not in LEGITIMATE_DOUBLES
    return is_twice or (first in SHOWING and second in SHOWING)


def find_stuck_words(text: str, vocabulary: Container[str]) -> list[str]:
    """Find tokens that are two known words without their blank: `tangentstouching`.

    Args:
        text: Any text.
        vocabulary: Known words in lower case, such as those frequent in the data set. A token
            that is itself in it is not looked at.
    """
    tokens = dict.fromkeys(match[0].casefold() for match in _TOKEN.finditer(text))
    return [
        token
        for token in tokens
        if len(token) <= MAX_TOKEN_CHARS
        and token not in vocabulary
        and any(
            token[:place] in vocabulary and token[place:] in vocabulary
            for place in range(MIN_PART_CHARS, len(token) - MIN_PART_CHARS + 1)
        )
    ]
