"""MinHash: texts with many shingles in common get equal keys, so that all pairs are never compared.

The share of equal entries in two signatures estimates the Jaccard similarity of their shingles
(Broder 1997); `num_bands` bands of `num_rows` entries each make two texts of similarity s
candidates with probability 1 - (1 - s^rows)^bands: 0.9997 at s = 0.8, 0.84 at 0.5 with the
defaults. Seeded, the same in every process; in numpy, a block of texts at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tasks.curation.banding import Keys
from tasks.curation.shingles import Hashes, Shingles, mix, shingle_characters

BLOCK_SHINGLES = 1 << 18
"""Shingles hashed at once: 2 MB an array."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MinHashPlan:
    """How signatures are made; equal plans give comparable ones."""

    shingle_chars: int = 5
    num_bands: int = 28
    num_rows: int = 4
    """Entries of a band."""
    seed: int = 0
    """0 to 2**31."""
    max_chars: int = 4000
    """Longer texts are compared by their beginning."""


def sign_texts(texts: Sequence[str], plan: MinHashPlan | None = None) -> Hashes:
    """Make the MinHash signatures of texts.

    Returns:
        (texts, num_bands * num_rows). A text without characters has no shingles: its entries are
        of its row number, and equal to no other's in the same call.
    """
    plan = plan or MinHashPlan()
    num_hashes = plan.num_bands * plan.num_rows
    stream = mix(np.arange(2 * num_hashes, dtype=np.uint64) + np.uint64(plan.seed << 32))
    factors, offsets = stream[:num_hashes] | np.uint64(1), stream[num_hashes:]
    signatures = mix(np.arange(len(texts) * num_hashes, dtype=np.uint64)).reshape(-1, num_hashes)
    for start, end in _cut_blocks(texts, plan):
        block = [text[: plan.max_chars] for text in texts[start:end]]
        shingles = shingle_characters(block, plan.shingle_chars)
        has_shingles = np.diff(shingles.starts) > 0
        rows = start + np.flatnonzero(has_shingles)
        signatures[rows] = _sign_block(shingles, has_shingles, factors, offsets)
    return signatures


def make_keys(signatures: Hashes, plan: MinHashPlan | None = None) -> Keys:
    """Hash each band of signatures to one key: (texts, num_bands)."""
    plan = plan or MinHashPlan()
    bands = signatures.reshape(len(signatures), plan.num_bands, plan.num_rows)
    keys = np.zeros(bands.shape[:2], dtype=np.uint64)
    for place in range(plan.num_rows):
        keys = mix(keys + bands[:, :, place])
    return keys


def _cut_blocks(texts: Sequence[str], plan: MinHashPlan) -> list[tuple[int, int]]:
    """Cut the texts into runs of about `BLOCK_SHINGLES` characters."""
    sizes = np.cumsum([min(len(text), plan.max_chars) for text in texts])
    if not len(sizes):
        return []
    cuts = np.searchsorted(sizes, np.arange(BLOCK_SHINGLES, int(sizes[-1]), BLOCK_SHINGLES)) + 1
    places = [0, *sorted(set(cuts.tolist())), len(texts)]
    return list(pairwise(places))


def _sign_block(
    shingles: Shingles, has_shingles: np.ndarray, factors: Hashes, offsets: Hashes
) -> Hashes:
    starts = shingles.starts[:-1][has_shingles]
    if not len(starts):
        return np.empty((0, len(factors)), dtype=np.uint64)
    least = [
        np.minimum.reduceat(shingles.hashes * factor + offset, starts)
        for factor, offset in zip(factors, offsets, strict=True)
    ]
    return np.stack(least, axis=1)
