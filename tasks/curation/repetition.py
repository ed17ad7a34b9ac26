"""Repetition: thoughts that say the same again and again, or end in a loop.

Users of Vision-R1's cold-start data report loops after training on it (Vision-SR1, issue 9). The
measures of lines and n-grams are those of Gopher (Rae et al. 2021, arXiv 2112.11446, Table A1);
thoughts repeat themselves more than web pages, so the bounds here are wider than Gopher's. All
are linear in the text.
"""

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tasks.curation.words import split_words

NGRAM_WORDS = 8
MIN_LOOP_WORDS = 24
"""Words that a loop has to cover, so that `ha ha ha` is none."""
MIN_WORDS = 40
"""Shorter texts have no measures of lines and n-grams: a loop in them is a short one."""
MIN_BARE_WORDS = 100
"""What has next to no letters - sums, rows of a table - repeats itself honestly: a loop, lines and
n-grams of it count from so many words on."""
MAX_BARE_FRACTION = 0.25
"""Share of words with letters up to which a block is such."""
MAX_WORD_CHARS = 60
"""A longer run of letters or digits is read character by character: it may be a loop itself."""
MIN_COMPRESSED_BYTES = 500
"""Shorter texts compress by what they are about."""
RepetitionReason = Literal["loop", "repeated_lines", "repeated_phrases", "compressible"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepetitionBounds:
    """What a thought may repeat. A value above a bound is a reason."""

    max_loop_repeats: int = 4
    """Times that the block which ends the text may stand in a row."""
    max_line_fraction: float = 0.4
    """Share of the characters in lines that were there before (Gopher: 0.20)."""
    max_ngram_fraction: float = 0.5
    """Share of the words in 8-grams that were there before (Gopher: 0.12)."""
    max_compression: float = 8.0
    """UTF-8 bytes / compressed bytes; plain thoughts of 1 to 30 kB have 2 to 5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """How much a text repeats itself."""

    loop_repeats: int
    """Times that the block at the end stands in a row; 1: no loop."""
    loop_words: int
    """Words that the loop covers, in all its repeats."""
    line_fraction: float
    """Characters in repeated lines / characters in lines; 0 below 40 words."""
    ngram_fraction: float
    """Words covered by repeated 8-grams / words; 0 below 40 words."""
    compression: float
    """UTF-8 bytes / bytes after zlib; 1 for short texts."""


def measure_repetition(text: str) -> Repetition:
    """Measure the repetition of a text."""
    words = split_words(text.casefold())
    loop_repeats, loop_words = _find_telling_loop(words)
    return Repetition(
        loop_repeats=loop_repeats,
        loop_words=loop_words,
        line_fraction=_measure_lines(text) if len(words) >= MIN_WORDS else 0.0,
        ngram_fraction=_measure_ngrams(words),
        compression=_measure_compression(text),
    )


def name_repetition(
    repetition: Repetition, bounds: RepetitionBounds | None = None
) -> RepetitionReason | None:
    """Return the drop_reason of a text that repeats itself too much, else None."""
    limits = bounds or RepetitionBounds()
    if repetition.loop_repeats > limits.max_loop_repeats:
        return "loop"
    if repetition.line_fraction > limits.max_line_fraction:
        return "repeated_lines"
    if repetition.ngram_fraction > limits.max_ngram_fraction:
        return "repeated_phrases"
    return "compressible" if repetition.compression > limits.max_compression else None


def find_loop(words: list[str], min_words: int = MIN_LOOP_WORDS) -> tuple[int, int]:
    """Find the block that stands most often in a row at the end, over `min_words` words or more.

    The last repeat may be cut short, as it is where a model ran into its token limit.

    Returns:
        Whole repeats of the block and the words that they cover; (1, 0) where none stands twice.
    """
    # A period of a suffix is a border of the reversed words' prefix (Knuth, Morris and Pratt).
    reversed_words = words[::-1]
    border = [0] * len(words)
    best = (1, 0)
    for place in range(1, len(words)):
        length = border[place - 1]
        while length and reversed_words[place] != reversed_words[length]:
            length = border[length - 1]
        border[place] = length + (reversed_words[place] == reversed_words[length])
        loop = (place + 1) // (place + 1 - border[place]), place + 1
        if loop[1] >= min_words and loop[0] >= 2:
            best = max(best, loop)
    return best


def _find_telling_loop(words: list[str]) -> tuple[int, int]:
    """Find the loop at the end that is long enough for what it is made of."""
    pieces = [piece for word in words for piece in _split_run(word)]
    repeats, num_words = find_loop(pieces)
    if num_words < MIN_BARE_WORDS and _is_bare(pieces[len(pieces) - num_words :]):
        return 1, 0
    return repeats, num_words


def _split_run(word: str) -> str | list[str]:
    return word if len(word) > MAX_WORD_CHARS else [word]


def _is_bare(words: Sequence[str]) -> bool:
    """Tell whether next to no word has a letter."""
    return sum(map(_has_letter, words)) <= MAX_BARE_FRACTION * len(words)


def _has_letter(word: str) -> bool:
    return not word.isdecimal() and any(map(str.isalpha, word))


def _measure_lines(text: str) -> float:
    """Measure the share of repeated lines, leaving out sums and rows of numbers if few."""
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    bare_words = {line: len(words) for line in set(lines) if _is_bare(words := split_words(line))}
    if sum(bare_words.get(line, 0) for line in lines) < MIN_BARE_WORDS:
        lines = [line for line in lines if line not in bare_words]
    total = sum(map(len, lines))
    repeated = total - sum(map(len, set(lines)))
    return repeated / max(1, total)


def _measure_ngrams(words: list[str]) -> float:
    if len(words) < MIN_WORDS:
        return 0.0
    ngrams = list(zip(*(words[shift:] for shift in range(NGRAM_WORDS)), strict=False))
    counts = _count_telling(ngrams)
    first = dict.fromkeys(ngrams, True)
    num_repeated, covered_to = 0, 0
    for place, ngram in enumerate(ngrams):
        if counts[ngram] == 1:
            continue
        if first[ngram]:
            first[ngram] = False
            continue
        num_repeated += place + NGRAM_WORDS - max(covered_to, place)
        covered_to = place + NGRAM_WORDS
    return num_repeated / len(words)


def _count_telling(ngrams: list[tuple[str, ...]]) -> Counter[tuple[str, ...]]:
    """Count the n-grams; those of numbers count once where they are few."""
    counts = Counter(ngrams)
    bare = [ngram for ngram, count in counts.items() if count > 1 and _is_bare(ngram)]
    if sum(counts[ngram] for ngram in bare) < MIN_BARE_WORDS:
        for ngram in bare:
            counts[ngram] = 1
    return counts


def _measure_compression(text: str) -> float:
    data = text.encode("utf-8", "surrogatepass")
    return len(data) / len(zlib.compress(data, 1)) if len(data) > MIN_COMPRESSED_BYTES else 1.0
