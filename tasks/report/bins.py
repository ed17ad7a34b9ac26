"""Token lengths in bins: linear where lengths are alike, about logarithmic where they are not."""

import bisect
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import accumulate, count, takewhile

from tasks.report.text import count_noun

MAX_BINS = 24
MAX_SPREAD = 8
"""99th percentile over median; above it a linear scale would be one bar and a tail."""
NICE_STEPS = (1, 2, 5, 10)
DECADE = (10, 15, 20, 30, 50, 70)
"""Edges that divide a decade about evenly on a logarithmic scale."""


def select_lengths(lengths: Mapping[tuple[str, int], int], verdict: str) -> Counter[int]:
    """Return tokens to rollouts of one verdict."""
    return Counter({tokens: n for (found, tokens), n in lengths.items() if found == verdict})


def find_quantile(counts: Mapping[int, int], share: float) -> int:
    """Return the smallest value that at least `share` of the counted values do not exceed."""
    values = sorted(counts)
    reached = accumulate(counts[value] for value in values)
    needed = share * sum(counts.values())
    return next(value for value, n in zip(values, reached, strict=True) if n >= needed)


def choose_edges(counts: Mapping[int, int]) -> list[int]:
    """Return the lower edges of the bins, in tokens; the last bin has what is longer, too.

    The bins end near the 99th percentile.
    """
    first, end = min(counts), find_quantile(counts, 0.99)
    if end <= MAX_SPREAD * max(1, find_quantile(counts, 0.5)):
        width = _choose_width(end - first + 1)
        return list(range(first // width * width, end + 1, width))
    edges = list(takewhile(lambda edge: edge <= end, _list_round_numbers()))
    return edges[bisect.bisect_right(edges, first) - 1 :]


def _choose_width(span: int) -> int:
    scale = 10 ** max(0, math.floor(math.log10(max(1, span / MAX_BINS))))
    return next(scale * step for step in NICE_STEPS if scale * step * MAX_BINS >= span)


def _list_round_numbers() -> Iterator[int]:
    yield from (0, 1, 2, 3, 5, 7)
    for power in count():
        yield from (edge * 10**power for edge in DECADE)


def is_linear(edges: list[int]) -> bool:
    """Whether all bins are equally wide."""
    return len(edges) < 3 or edges == list(range(edges[0], edges[-1] + 1, edges[1] - edges[0]))


def fill_bins(counts: Mapping[int, int], edges: list[int]) -> list[int]:
    """Count into bins; what lies below the first edge goes into the first."""
    bins = [0] * len(edges)
    for tokens, number in counts.items():
        bins[max(0, bisect.bisect_right(edges, tokens) - 1)] += number
    return bins


def name_bin(index: int, edges: list[int]) -> str:
    """Say which lengths a bin holds."""
    if index == len(edges) - 1:
        return f"{edges[index]:,} tokens and more"
    first, last = edges[index], edges[index + 1] - 1
    return f"{first:,} to {last:,} tokens" if last > first else count_noun(first, "token")
