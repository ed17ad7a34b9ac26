"""The race to the shortest: which rollouts of a problem can still be its shortest correct one.

A kernel. The rollouts of a problem run together; when one is correct at L tokens, a sibling is of
use only while it can end shorter, or as short with a lower index. So what is selected is what full
sampling would select, and which rollouts count never depends on the order in which they end.

Source: shortest rejection sampling, Kimi k1.5, arXiv 2501.12599, section 2.4.
"""

import bisect
import itertools
from collections.abc import Iterable, Sequence


class Race:
    """The rollouts of one problem that run together."""

    def __init__(self) -> None:
        self._best: tuple[int, int] | None = None

    @property
    def winner(self) -> int | None:
        """Index of the shortest correct rollout so far."""
        return self._best[1] if self._best else None

    def enter(self, index: int, num_tokens: int | None) -> bool:
        """Take note of a correct, whole rollout; return whether it leads now.

        Without a token count (or with a count of 0, which some servers give for none) nothing can
        be said of its siblings: they run to their ends.
        """
        if not num_tokens or (self._best and self._best < (num_tokens, index)):
            return False
        self._best = num_tokens, index
        return True

    def bound(self, index: int) -> int | None:
        """Return the most tokens with which a rollout can win, or None where any number can.

        A tie goes to the lowest index, so a later rollout must be shorter than the winner.
        """
        if self._best is None:
            return None
        num_tokens, winner = self._best
        return num_tokens if index <= winner else num_tokens - 1

    def is_outrun(self, index: int, num_tokens: int | None) -> bool:
        """Whether a rollout cannot have won, however it ended; asked when all have ended."""
        bound = self.bound(index)
        if bound is None or index == self.winner:
            return False
        return bound <= 0 or (num_tokens is not None and num_tokens > bound)


def expect_share(lengths: Sequence[int], correct_rate: float, num_rollouts: int) -> float:
    """Return the tokens of a race as a share of those of full sampling, expected.

    Exact where the lengths of rollouts are independent and have the distribution of `lengths`,
    and each is correct with `correct_rate` whatever its length. A rollout goes on past t tokens
    if it is longer and no sibling ended correct by then:
    E[tokens] = k * sum over t of P(T > t) * (1 - p * P(T <= t)) ** (k - 1).

    Args:
        lengths: (rollouts) tokens of whole rollouts, at least one.
        correct_rate: p, in 0..1.
        num_rollouts: k.
    """
    ordered = sorted(lengths)
    raced, whole, before = 0.0, 0.0, 0
    for num_ended, length in enumerate(ordered):
        ended = num_ended / len(ordered)
        step = (length - before) * (1 - ended)
        raced += step * (1 - correct_rate * ended) ** (num_rollouts - 1)
        whole += step
        before = length
    return raced / whole if whole else 1.0


def estimate_saved(ended: Iterable[int], outrun: Iterable[int]) -> int:
    """Estimate the tokens that outrun rollouts would have gone on for.

    Kaplan-Meier: a rollout that was outrun at L tokens is one whose length is known to be at
    least L, so the survival function takes in both kinds. Beyond the longest length that was
    seen nothing is assumed, so the estimate is on the low side.

    Args:
        ended: tokens of the rollouts that count.
        outrun: tokens of the winner that outran each of the others.
    """
    stops = sorted(outrun)
    if not stops:
        return 0
    times, survival = _survive(sorted(ended), stops)
    rest = _integrate(times, survival)
    return round(sum(_expect_rest(stop, times, survival, rest) for stop in stops))


def _survive(ended: list[int], stops: list[int]) -> tuple[list[int], list[float]]:
    """Return when rollouts ended, and the share that goes on after each time; both from 0."""
    times, survival = [0], [1.0]
    for length, group in itertools.groupby(ended):
        at_risk = len(ended) - bisect.bisect_left(ended, length)
        at_risk += len(stops) - bisect.bisect_left(stops, length)
        times.append(length)
        survival.append(survival[-1] * (1 - len(list(group)) / at_risk))
    return times, survival


def _integrate(times: list[int], survival: list[float]) -> list[float]:
    """Return the area under the survival function from each time to the last."""
    areas = [0.0]
    for place in range(len(times) - 2, -1, -1):
        areas.append(areas[-1] + survival[place] * (times[place + 1] - times[place]))
    return areas[::-1]


def _expect_rest(stop: int, times: list[int], survival: list[float], rest: list[float]) -> float:
    """Return how far a rollout that was longer than `stop` tokens goes on, expected."""
    place = bisect.bisect_right(times, stop) - 1
    if survival[place] <= 0 or stop >= times[-1]:
        return 0.0
    return rest[place] / survival[place] - (stop - times[place])
