"""What stopping has saved is estimated without bias from lengths that are only bounded below."""

import random

import pytest

from schemas.records import Reply, Status
from tasks.sampling.savings import Savings, estimate_saved


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_the_estimate_is_near_what_would_have_been_written(share):
    dice, savings, saved, total = random.Random(3), Savings(), 0, 0
    for _ in range(4_000):
        length = round(dice.lognormvariate(6.0, 0.6))
        stop = round(dice.lognormvariate(6.0, 0.6)) if dice.random() < share else 10**9
        total += length
        if stop < length:
            saved += length - stop
            savings.add(Reply(status=Status.OUTRUN, completion_tokens=stop))
        else:
            savings.add(Reply(status=Status.OK, text="x", completion_tokens=length))
    assert savings.estimate() == pytest.approx(saved, rel=0.1)


def test_where_nothing_was_stopped_nothing_was_saved():
    savings = Savings()
    for tokens in (1, 2, 7, 8, 9, 1_000, 10**9, None):
        savings.add(Reply(status=Status.OK, text="x", completion_tokens=tokens))
    assert savings.estimate() == 0


def test_what_is_longer_than_all_that_ended_is_not_guessed_at():
    savings = Savings()
    savings.add(Reply(status=Status.OK, text="x", completion_tokens=10))
    savings.add(Reply(status=Status.OUTRUN, completion_tokens=500))
    assert savings.estimate() == 0


def test_the_product_limit_of_a_case_done_by_hand():
    # Two of three end at 10 and 20; the one stopped at 10 goes on to 20 for certain.
    assert estimate_saved([1, 1], [1, 0], [10.0, 20.0]) == pytest.approx(10.0)
