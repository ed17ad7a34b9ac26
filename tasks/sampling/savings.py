"""How many tokens stopped completions would have gone on for: an estimate. Pure.

Each stopped completion is a length of which only a lower bound is known. From those and the whole
ones the distribution of lengths follows (product-limit estimator, Kaplan and Meier 1958), and from
it how much longer than its bound each would have become on average. That holds as far as stopping
does not depend on a completion's own length to come, which is so where siblings decide it.
"""

from collections.abc import Sequence

from schemas.records import Reply, Status

BINS_PER_DOUBLING = 8
_LAST_BIN = 24 * BINS_PER_DOUBLING


class Savings:
    """Counts of completions by length."""

    def __init__(self) -> None:
        self._ended = [0] * (_LAST_BIN + 1)
        self._stopped = [0] * (_LAST_BIN + 1)

    def add(self, reply: Reply) -> None:
        """Take in a reply."""
        if not reply.completion_tokens:
            return
        if reply.status is Status.OUTRUN:
            self._stopped[_find_bin(reply.completion_tokens)] += 1
        elif reply.status.has_text:
            self._ended[_find_bin(reply.completion_tokens)] += 1

    def estimate(self) -> int:
        """Return the tokens that stopping has saved."""
        return round(estimate_saved(self._ended, self._stopped, _MIDDLES))


def estimate_saved(ended: Sequence[int], stopped: Sequence[int], lengths: Sequence[float]) -> float:
    """Return the sum over stopped completions of their expected length to come.

    Args:
        ended: Number of whole completions of each length.
        stopped: Number of stopped completions of each length reached.
        lengths: Tokens, ascending.
    """
    at_risk = sum(ended) + sum(stopped)
    survival, chances = 1.0, list[float]()
    for num_ended, num_stopped in zip(ended, stopped, strict=True):
        share = num_ended / at_risk if at_risk else 0.0
        chances.append(survival * share)
        survival *= 1 - share
        at_risk -= num_ended + num_stopped
    saved, beyond, tokens_beyond = 0.0, 0.0, 0.0
    for index in range(len(lengths) - 1, -1, -1):
        if stopped[index] and beyond:
            saved += stopped[index] * (tokens_beyond / beyond - lengths[index])
        beyond += chances[index]
        tokens_beyond += chances[index] * lengths[index]
    return saved


def _find_bin(tokens: int) -> int:
    # The position of the highest bit, and the next bits as eighths of the way to the next.
    exponent = tokens.bit_length() - 1
    part = (tokens << 3 >> exponent) - 8
    return min(BINS_PER_DOUBLING * exponent + part, _LAST_BIN)


_MIDDLES = [
    2 ** (index // BINS_PER_DOUBLING) * (1 + (index % BINS_PER_DOUBLING + 0.5) / BINS_PER_DOUBLING)
    for index in range(_LAST_BIN + 1)
]
