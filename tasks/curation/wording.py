"""Faults of wording that blind replacement leaves: doubled words and stuck tokens.

Vision-R1's released rows hold "The image displays displays", "depicts shows" and
"tangentstouching". Looked for in what a replacement changed, and, as a filter, in any thought:
outside quotes, code and mathematics. Linear in the text.
"""

import re
from collections import Counter
from collections.abc import Container
from dataclasses import dataclass
from typing import Literal

from tasks.curation.compounds import is_compound
from tasks.curation.protection import mask_protected
from tasks.curation.words import find_words, fold_word

MIN_PART_CHARS = 4
"""Shortest of the two words of a stuck token: below it, most words are made of two others."""
MIN_THOUGHT_PART_CHARS = 5
"""The same in a whole thought, whose vocabulary is larger."""
MAX_TOKEN_CHARS = 40
LEGITIMATE_DOUBLES = frozenset({
    "that", "had", "is", "was", "are", "were", "in", "on", "what", "who", "it", "do", "her", "you",
    "very", "so", "really", "long", "far", "much", "many", "way", "too", "big", "little", "again",
    "no", "yes", "ha", "hmm", "hm", "wait", "bye", "ok", "okay", "well", "now", "there", "right",
    "never", "please", "come", "go", "knock", "yum", "cha", "choo", "tut", "side", "angle", "log",
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
})  # fmt: skip
"""English says "that that" and "what it is is"; a thought says "no no" and "hmm hmm"; a theorem is
called "side side side", and two ten-dollar bills are "two two"."""
BLIND_DOUBLES = frozenset({
    "the", "an", "of", "and", "or", "to", "with", "from", "as", "for", "image", "picture", "shown",
    "showed", "shows", "displays", "depicts", "indicates", "mentions", "states", "says",
})  # fmt: skip
"""Doubled, these are a fault though the question holds the word."""
_FIRST_VERBS = frozenset({"displays", "depicts", "indicates", "says", "showed"})
_SECOND_VERBS = frozenset({"shows", "depicts", "indicates", "mentions", "says", "showed"})
"""Of which no two follow each other: "depicts shows"; "the map shows states" and "the sum of the
states shows" are fine."""
_PAIR = re.compile(
    r"(?<![\w'\u2019-])(?=([^\W\d_]{2,40})[ \t]{1,3}([^\W\d_]{2,40})(?![\w'\u2019-]))"
)
_TOKEN = re.compile(r"(?<![^\W_])[^\W\d_]{8,}(?![^\W_])")
WordingReason = Literal["doubled_words", "stuck_words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The faults of wording of a thought."""

    doubled_words: tuple[str, ...]
    """Each pair once, in lower case."""
    stuck_words: tuple[str, ...]


def check_wording(text: str, known_text: str = "") -> Wording:
    """Find the doubled words and stuck tokens of a thought.

    A double that the known text has as well, or whose word it has, is fine ("heads heads tails"),
    but for the words of blind replacement. A stuck token is in lower case, occurs once, is not in
    the known text and no English compound, and both its words occur apart.

    Args:
        text: The reasoning as it will be released.
        known_text: The question and the formal text.
    """
    bare = mask_protected(text)
    known = {fold_word(match[0]) for match in find_words(known_text)}
    doubles = dict.fromkeys(find_doubled_words(bare))
    return Wording(
        doubled_words=tuple(pair for pair in doubles if not _is_known(pair, known)),
        stuck_words=tuple(_find_stuck_once(bare, known)),
    )


def name_wording_fault(wording: Wording, max_faults: int = 0) -> WordingReason | None:
    """Return the drop_reason of a thought with more faults than `max_faults`, else None."""
    if len(wording.doubled_words) + len(wording.stuck_words) <= max_faults:
        return None
    return "doubled_words" if wording.doubled_words else "stuck_words"


def find_doubled_words(text: str) -> list[str]:
    """Find words said twice in a row, and two verbs of showing in a row: `displays displays`."""
    return [
        f"{match[1]} {match[2]}".casefold()
        for match in _PAIR.finditer(text)
        if _is_fault(match[1], match[2])
    ]


def _is_fault(first: str, second: str) -> bool:
    """Tell of two neighbors; two capitalized ones are a name, such as Pago Pago."""
    if first[0].isupper() and second[0].isupper() and not first.isupper():
        return False
    one, two = first.casefold(), second.casefold()
    is_twice = one == two and one.isascii() and one not in LEGITIMATE_DOUBLES
    return is_twice or (one in _FIRST_VERBS and two in _SECOND_VERBS)


def _is_known(pair: str, known: Container[str]) -> bool:
    first, second = pair.split()
    return first == second and first in known and first not in BLIND_DOUBLES


def _find_stuck_once(text: str, known: set[str]) -> list[str]:
    """Find stuck tokens among the words that occur once, in lower case, in the text alone."""
    counts = Counter(match[0] for match in find_words(text))
    vocabulary = known | {fold_word(word) for word in counts}
    return [
        word
        for word, count in counts.items()
        if count == 1
        and 2 * MIN_THOUGHT_PART_CHARS <= len(word) <= MAX_TOKEN_CHARS
        and word.isascii()
        and word.islower()
        and word not in known
        and not is_compound(word)
        and _is_two_words(word, vocabulary, MIN_THOUGHT_PART_CHARS)
    ]


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
        and _is_two_words(token, vocabulary, MIN_PART_CHARS)
    ]


def _is_two_words(token: str, vocabulary: Container[str], min_part_chars: int) -> bool:
    return any(
        token[:place] in vocabulary and token[place:] in vocabulary
        for place in range(min_part_chars, len(token) - min_part_chars + 1)
    )
