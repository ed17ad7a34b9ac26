"""How much a run will take, from a sample of its rows. A kernel: numbers in, intervals out.

What was measured is known; only the rows that were not are estimated, so an interval closes as the
sample grows to the whole. All intervals are 90 % prediction intervals.
Sources: bootstrap-t for means of skewed amounts, Efron and Tibshirani 1993, section 12.5; score
interval for shares, Wilson 1927.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Z = 1.6449
"""Normal quantile of 0.95."""
TAIL = 0.04
"""Of resampled means, beyond each end: those of few rows vary a little less than new rows do."""
NUM_RESAMPLES = 2_000
MAX_STEPS = 12.0
"""Standard errors at most to an end of an interval: few rows make wild resamples."""
FULL_SHARE = 0.5
"""Of the time, in which the servers must have been full for their pace to be measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """What to expect, and between which ends it lies."""

    expected: float | None
    """None: anything between the ends."""
    low: float
    high: float

    def scale(self, factor: float) -> "Interval":
        """Return the same in another unit."""
        expected = None if self.expected is None else self.expected * factor
        return Interval(expected=expected, low=self.low * factor, high=self.high * factor)

    def at_least(self, other: "Interval") -> "Interval":
        """Return the larger of both, end by end."""
        expected = self.expected
        if expected is not None:
            expected = max(expected, other.expected or 0.0)
        elif other.low >= self.high:
            expected = other.expected
        return Interval(
            expected=expected,
            low=max(self.low, other.low),
            high=max(self.high, other.high),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast the servers of one model answered a sample."""

    num_requests: int
    busy_seconds: float
    """While requests were at the servers."""
    slot_seconds: float
    """The same for each request, added up."""
    full_seconds: float
    """While the servers had nearly all that they might have."""
    max_limit: int
    """Requests that they might have at a time, at most."""

    @property
    def is_full(self) -> bool:
        """Whether the sample kept the servers full, so that a larger run goes no faster."""
        return self.full_seconds >= FULL_SHARE * self.busy_seconds > 0


def estimate_total(measured: npt.ArrayLike, num_rows: int, *, seed: int = 0) -> Interval:
    """Estimate the sum of an amount over all rows.

    Rows that are all alike do not say that all rows are: the lower end leaves room for as many that
    cost nothing as there may well be, the higher end for one that costs twice what the dearest did.

    Args:
        measured: (rows of the sample) the amount of each, not negative.
        num_rows: all rows, at least as many.
        seed: of the resampling.

    Raises:
        ValueError: there is no row, or there are more than `num_rows`.
    """
    amounts = np.asarray(measured, dtype=np.float64)
    if not 0 < len(amounts) <= num_rows:
        raise ValueError(f"expected 1 to {num_rows} measured rows, got {len(amounts)}")
    known, num_left = float(amounts.sum()), num_rows - len(amounts)
    if not num_left:
        return Interval(expected=known, low=known, high=known)
    low, high = _bound_mean(amounts, num_left, seed)
    mean, num_costly = float(amounts.mean()), int((amounts > 0).sum())
    if num_costly:
        share, _ = _bound_share(num_costly, len(amounts), num_left)
        low = min(low, share * known / num_costly)
    return Interval(
        expected=known + num_left * mean,
        low=known + num_left * max(low, 0.0),
        high=known + num_left * max(high, float(np.append(amounts, 2 * amounts.max()).mean())),
    )


def _bound_mean(amounts: npt.NDArray[np.float64], num_left: int, seed: int) -> tuple[float, float]:
    """Bound the mean of the rows that are left, by the spread of studentized resampled means."""
    count, mean, spread = len(amounts), float(amounts.mean()), float(amounts.std(ddof=1))
    if count < 2 or not spread:
        return mean, mean
    draws = np.random.default_rng(seed).integers(0, count, size=(NUM_RESAMPLES, count))
    drawn = amounts[draws]
    spreads = drawn.std(axis=1, ddof=1)
    # Resamples of one value alone say nothing of the spread.
    floor = spread / math.sqrt(count)
    steps = (drawn.mean(axis=1) - mean) / np.maximum(spreads, floor) * math.sqrt(count)
    below, above = np.quantile(steps, [TAIL, 1 - TAIL])
    error = spread * math.sqrt(1 / count + 1 / num_left)
    return mean - min(float(above), MAX_STEPS) * error, mean - max(float(below), -MAX_STEPS) * error


def estimate_count(num_hits: int, num_measured: int, num_rows: int) -> Interval:
    """Estimate how many of all rows are of a kind, from how many of the sample are.

    Raises:
        ValueError: there is no row, or the counts do not fit each other.
    """
    if not 0 <= num_hits <= num_measured <= num_rows or not num_measured:
        raise ValueError(
            f"expected hits <= measured <= rows, got {num_hits}, {num_measured}, {num_rows}"
        )
    num_left = num_rows - num_measured
    if not num_left:
        return Interval(expected=num_hits, low=num_hits, high=num_hits)
    low, high = _bound_share(num_hits, num_measured, num_left)
    return Interval(
        expected=num_hits + num_left * num_hits / num_measured,
        low=num_hits + num_left * low,
        high=num_hits + num_left * high,
    )


def _bound_share(num_hits: int, num_measured: int, num_left: int) -> tuple[float, float]:
    """Bound the share of a kind among the rows that are left."""
    share = num_hits / num_measured
    # Both the share and what is drawn by it vary.
    weight = 1 / (1 / num_measured + 1 / num_left)
    center = (share + Z * Z / (2 * weight)) / (1 + Z * Z / weight)
    half = math.sqrt(share * (1 - share) / weight + (Z / (2 * weight)) ** 2)
    half *= Z / (1 + Z * Z / weight)
    return max(center - half, 0.0), min(center + half, 1.0)


def estimate_seconds(requests: Interval, pace: Pace) -> Interval:
    """Estimate how long requests take.

    At the pace of the sample where it kept the servers full. Else between two ends: as slow as the
    sample was, and as fast as if the servers had all the requests that they might have, each with
    the latency of the sample.

    Raises:
        ValueError: nothing was measured.
    """
    if not pace.num_requests or not pace.busy_seconds or not pace.max_limit:
        raise ValueError("no pace was measured")
    each = pace.busy_seconds / pace.num_requests
    if pace.is_full:
        return requests.scale(each)
    latency = pace.slot_seconds / pace.num_requests
    quickest = max(requests.low * latency / pace.max_limit, latency)
    return Interval(expected=None, low=quickest, high=max(requests.high * each, quickest))
