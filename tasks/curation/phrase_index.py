"""Find many phrases in a text at once: whole words, longest first, in one pass.

A phrase is written as words with alternatives and optional words, so that a table of them can be
read: `the|this description says|states`, `according to the? caption`. Case, white space and the
form of apostrophes do not matter; punctuation between words does. Han characters are words of
their own. A walk takes at most as many steps as the longest phrase has words: no regular
expression, linear in the text.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Generic, TypeVar

from tasks.curation.words import find_words, fold_word

Value = TypeVar("Value")
MAX_GAP_CHARS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseMatch(Generic[Value]):
    """One phrase found in a text."""

    start: int
    """Place of the first character."""
    end: int
    """Place after the last character."""
    value: Value
    """What the phrase stands for in the table."""


@dataclass(slots=True)
class _Node(Generic[Value]):
    following: dict[str, "_Node[Value]"] = field(default_factory=dict)
    values: list[Value] = field(default_factory=list)


def expand_phrase(phrase: str) -> list[str]:
    """Write out every form of a phrase: `the? cat|dog` is four.

    Raises:
        ValueError: the phrase has no word in one of its forms.
    """
    slots = [_expand_slot(slot) for slot in phrase.split()]
    forms = [" ".join(filter(None, form)) for form in product(*slots)]
    if not all(forms):
        raise ValueError(f"phrase {phrase!r} may be empty; leave one word without its '?'")
    return forms


def _expand_slot(slot: str) -> list[str]:
    words = slot.removesuffix("?").split("|")
    return [*words, ""] if slot.endswith("?") else words


class PhraseIndex(Generic[Value]):
    """Phrases and what they stand for; the first entry of a table wins over a later equal one."""

    def __init__(self, entries: Iterable[tuple[str, Value]], joints: str = "") -> None:
        """Index (phrase, value) pairs; words may be apart by white space and by these signs."""
        self._root: _Node[Value] = _Node()
        self._joints = frozenset(joints)
        for phrase, value in entries:
            for form in expand_phrase(phrase):
                self._add([fold_word(match[0]) for match in find_words(form)], value)

    def _add(self, words: list[str], value: Value) -> None:
        node = self._root
        for word in words:
            node = node.following.setdefault(word, _Node())
        node.values.append(value)

    def find(self, text: str) -> Iterator[PhraseMatch[Value]]:
        """Yield the phrases of a text from left to right: longest first, none inside another."""
        words = [(fold_word(match[0]), match.start(), match.end()) for match in find_words(text)]
        end = 0
        for place, (word, start, _) in enumerate(words):
            if start >= end and word in self._root.following:
                num_words, values = self._match(text, words, place)
                if values:
                    end = words[place + num_words - 1][2]
                    yield PhraseMatch(start=start, end=end, value=values[0])

    def _match(
        self, text: str, words: list[tuple[str, int, int]], position: int
    ) -> tuple[int, list[Value]]:
        """Return the number of words of the longest phrase that starts here, and its values."""
        node, longest = self._root, (0, list[Value]())
        for place in range(position, len(words)):
            word, start, _ = words[place]
            if place > position and not self._is_gap(text[words[place - 1][2] : start]):
                break
            if (following := node.following.get(word)) is None:
                break
            node = following
            if node.values:
                longest = place - position + 1, node.values
        return longest

    def _is_gap(self, between: str) -> bool:
        return len(between) <= MAX_GAP_CHARS and all(
            sign.isspace() or sign in self._joints for sign in between
        )
