"""Pairs of rows that agree in a band of their signatures, without comparing all rows.

A signature is a row of keys, one a band; two rows are candidates if any of their keys are equal
(locality-sensitive hashing: Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, 3.4). Rows
are sorted by key, so time and memory grow with the rows and the candidates; a key that very many
rows share gives each of them `max_partners` candidates at most.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
"""(rows, bands)."""
Pairs = NDArray[np.int64]
"""(pairs, 2): row numbers."""
MAX_PARTNERS = 64


def pair_within(keys: Keys, max_partners: int = MAX_PARTNERS) -> Pairs:
    """Pair the rows of one table that share a key; first < second, each pair once, sorted."""
    num_rows = len(keys)
    pairs = [np.empty(0, dtype=np.int64)]
    for band in keys.T:
        order = np.argsort(band, kind="stable")
        ordered = band[order]
        ends = np.searchsorted(ordered, ordered, side="right")
        starts = np.arange(1, num_rows + 1)
        left, right = _expand(starts, np.minimum(ends, starts + max_partners))
        first, second = order[left], order[right]
        pairs.append(np.minimum(first, second) * num_rows + np.maximum(first, second))
    return _split_codes(pairs, num_rows)


def pair_across(rows: Keys, others: Keys, max_partners: int = MAX_PARTNERS) -> Pairs:
    """Pair rows with those of another table that share a key; each pair once, sorted."""
    pairs = [np.empty(0, dtype=np.int64)]
    for band, other in zip(rows.T, others.T, strict=True):
        order = np.argsort(other, kind="stable")
        ordered = other[order]
        starts = np.searchsorted(ordered, band, side="left")
        ends = np.searchsorted(ordered, band, side="right")
        left, right = _expand(starts, np.minimum(ends, starts + max_partners))
        pairs.append(left * len(others) + order[right])
    return _split_codes(pairs, len(others))


def group_rows(num_rows: int, pairs: Pairs) -> NDArray[np.int64]:
    """Join paired rows, and those paired with these, into groups (union-find).

    Returns:
        (rows,): the lowest row number of each row's group.
    """
    parents = list(range(num_rows))
    for first, second in _find_roots(parents, pairs):
        parents[max(first, second)] = min(first, second)
    # A parent is never above its row, so one pass from below settles all.
    for row in range(num_rows):
        parents[row] = parents[parents[row]]
    return np.array(parents, dtype=np.int64)


def _find_roots(parents: list[int], pairs: Pairs) -> Iterator[tuple[int, int]]:
    for pair in pairs.tolist():
        roots: list[int] = []
        for row in pair:
            while parents[row] != row:
                parents[row] = row = parents[parents[row]]
            roots.append(row)
        yield roots[0], roots[1]


def _expand(starts: Pairs, ends: Pairs) -> tuple[Pairs, Pairs]:
    """List (row, place) for every place from starts[row] to before ends[row]."""
    counts = np.maximum(ends - starts, 0)
    rows = np.repeat(np.arange(len(starts)), counts)
    before = np.cumsum(counts) - counts
    return rows, np.arange(counts.sum()) - np.repeat(before - starts, counts)


def _split_codes(codes: list[Pairs], num_columns: int) -> Pairs:
    unique = np.unique(np.concatenate(codes))
    return np.stack(np.divmod(unique, max(1, num_columns)), axis=1)
