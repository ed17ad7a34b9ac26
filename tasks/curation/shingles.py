"""Shingles: every run of n characters or n words of many texts, as 64-bit hashes, in numpy.

The texts lie one after another in one array; a run never goes over the end of its text. A text
shorter than n gives one shingle, of all of it.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_ROUNDS = (
    (np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)),
    (np.uint64(27), np.uint64(0x94D049BB133111EB)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shingles:
    """The shingles of many texts."""

    hashes: Hashes
    """(shingles,), text after text."""
    starts: NDArray[np.int64]
    """(texts + 1,): where each text's shingles start; the last is their number."""

    def list_texts(self) -> NDArray[np.int64]:
        """Return the text number of each shingle."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))


def shingle_characters(texts: Sequence[str], size: int) -> Shingles:
    """Hash every run of `size` characters of each text; an empty text has none."""
    joined = "".join(texts).encode("utf-32-le", "surrogatepass")
    values = np.frombuffer(joined, dtype=np.uint32).astype(np.uint64)
    return _hash_runs(values, [len(text) for text in texts], size)


def shingle_words(texts: Iterable[Sequence[str]], size: int) -> Shingles:
    """Hash every run of `size` words of each text; a text without words has none."""
    known: dict[str, int] = {}
    values: list[int] = []
    lengths: list[int] = []
    for words in texts:
        lengths.append(len(words))
        for word in words:
            if word not in known:
                known[word] = hash_text(word)
            values.append(known[word])
    return _hash_runs(np.array(values, dtype=np.uint64), lengths, size)


def hash_text(text: str) -> int:
    """Hash a text to 64 bits, the same in every process."""
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


def mix(values: Hashes) -> Hashes:
    """Spread 64-bit values evenly (the finalizer of SplitMix64, Steele et al. 2014)."""
    for shift, factor in _ROUNDS:
        values = (values ^ (values >> shift)) * factor
    return values ^ (values >> np.uint64(31))


def _hash_runs(values: Hashes, text_lengths: list[int], size: int) -> Shingles:
    lengths = np.array(text_lengths, dtype=np.int64)
    ends = np.cumsum(lengths)
    counts = np.maximum(lengths - size + 1, np.minimum(lengths, 1))
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    text_of = np.repeat(np.arange(len(lengths)), counts)
    first = np.arange(starts[-1]) - starts[text_of] + (ends - lengths)[text_of]
    hashes = np.zeros(len(first), dtype=np.uint64)
    for step in range(size):
        place = np.minimum(first + step, len(values) - 1)
        is_inside = first + step < ends[text_of]
        hashes = mix(hashes * _FACTOR + np.where(is_inside, values[place] + np.uint64(1), 0))
    return Shingles(hashes=hashes, starts=starts)
