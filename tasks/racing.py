"""The race to the shortest: which rollouts of a problem can still be its shortest correct one.

A kernel. The rollouts of a problem run together; when one is correct at L tokens, a sibling is of
use only while it can end shorter, or as short with a lower index. So what is selected is what full
sampling would select, and which rollouts count never depends on the order in which they end.

Source: shortest rejection sampling, Kimi k1.5, arXiv 2501.12599, section 2.4.
"""

from collections.abc import Sequence


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
