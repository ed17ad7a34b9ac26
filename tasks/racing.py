"""The race to the shortest: which rollouts of a problem can still be its shortest correct one.

A kernel. The rollouts of a problem run together; when one is correct at L tokens, a sibling is of
use only while it can end shorter, or as short with a lower index. So what is selected is what full
sampling would select, and which rollouts count never depends on the order in which they end.

Source: shortest rejection sampling, Kimi k1.5, arXiv 2501.12599, section 2.4.
"""


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
