import itertools
import random

import pytest

from tasks.racing import Race
from tests.benchmarks.race_share import expect_share


def run_race(*ended: tuple[int, int]) -> Race:
    race = Race()
    for index, tokens in ended:
        race.enter(index, tokens)
    return race


def test_without_a_correct_rollout_nothing_is_bounded_or_outrun():
    race = run_race()
    assert race.winner is None
    assert race.bound(0) is None
    assert not race.is_outrun(0, 10**9)


def test_an_earlier_sibling_may_tie_and_a_later_one_must_be_shorter():
    race = run_race((2, 100))
    assert [race.bound(index) for index in range(4)] == [100, 100, 100, 99]
    assert [race.is_outrun(index, 100) for index in range(4)] == [False, False, False, True]
    assert [race.is_outrun(index, 101) for index in (0, 3)] == [True, True]


@pytest.mark.parametrize("order", list(itertools.permutations([(0, 70), (1, 50), (2, 50)])))
def test_the_winner_is_the_shortest_and_of_ties_the_first_whatever_the_order(order):
    assert run_race(*order).winner == 1


@pytest.mark.parametrize("tokens", [None, 0])
def test_a_rollout_without_a_token_count_leads_nobody(tokens):
    race = Race()
    assert not race.enter(0, tokens)
    assert race.bound(1) is None


def test_a_rollout_without_a_token_count_is_not_outrun():
    assert not run_race((0, 100)).is_outrun(1, None)


def test_beside_a_winner_of_one_token_a_later_rollout_has_no_hope_even_unsent():
    race = run_race((1, 1))
    assert race.is_outrun(2, None)
    assert not race.is_outrun(1, 1)
    assert not race.is_outrun(0, 1)


def spend(lengths: list[list[int]], correct: list[list[bool]]) -> int:
    """Return the tokens of races in lockstep, as the rule of the race gives them."""
    spent = 0
    for row, is_correct in zip(lengths, correct, strict=True):
        race = run_race(*[(i, row[i]) for i, good in enumerate(is_correct) if good])
        for index, tokens in enumerate(row):
            spent += row[race.winner or 0] if race.is_outrun(index, tokens) else tokens
    return spent


def draw(num_problems: int, k: int, rate: float) -> tuple[list[list[int]], list[list[bool]]]:
    dice = random.Random(f"{num_problems} {k} {rate}")
    places = range(num_problems)
    lengths = [[round(dice.lognormvariate(6, 0.6)) + 1 for _ in range(k)] for _ in places]
    return lengths, [[dice.random() < rate for _ in range(k)] for _ in places]


@pytest.mark.parametrize(("k", "rate", "share"), [(4, 0.5, 0.644), (8, 0.5, 0.487), (4, 0.9, 0.51)])
def test_the_expected_share_is_what_races_in_lockstep_spend(k, rate, share):
    lengths, correct = draw(4000, k, rate)
    whole = [tokens for row in lengths for tokens in row]
    expected = expect_share(whole, rate, k)
    assert spend(lengths, correct) / sum(whole) == pytest.approx(expected, rel=0.01)
    assert expected == pytest.approx(share, rel=0.02)


@pytest.mark.parametrize(("k", "rate"), [(1, 0.5), (4, 0.0)])
def test_nothing_is_saved_without_siblings_or_correct_ones(k, rate):
    assert expect_share([10, 20, 30], rate, k) == pytest.approx(1.0)
