"""What a race to the shortest costs beside full sampling, by theory: the exact expectation."""

from collections.abc import Sequence


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
