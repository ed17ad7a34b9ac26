"""What the estimate says holds as often as it says: exact cases, and coverage by simulation."""

from collections.abc import Callable

import numpy as np
import pytest

from tasks.estimation import Interval, Pace, estimate_count, estimate_seconds, estimate_total

NUM_TRIALS = 200
Draw = Callable[[np.random.Generator, int], np.ndarray]


def draw_lognormal(dice: np.random.Generator, size: int) -> np.ndarray:
    return dice.lognormal(6, 0.6, size)


def draw_with_rejects(dice: np.random.Generator, size: int) -> np.ndarray:
    return draw_lognormal(dice, size) * (dice.random(size) < 0.85)


def draw_rare_repairs(dice: np.random.Generator, size: int) -> np.ndarray:
    return 5.0 + (dice.random(size) < 0.03)


def draw_rare_rejects(dice: np.random.Generator, size: int) -> np.ndarray:
    return 5.0 * (dice.random(size) < 0.97)


@pytest.mark.parametrize("num_rows", [40, 2_000])
@pytest.mark.parametrize(
    "draw", [draw_lognormal, draw_with_rejects, draw_rare_repairs, draw_rare_rejects]
)
def test_the_interval_of_a_total_holds_the_truth_about_nine_times_in_ten(draw: Draw, num_rows: int):
    dice = np.random.default_rng(7)
    num_held = 0
    for trial in range(NUM_TRIALS):
        rows = draw(dice, num_rows)
        found = estimate_total(rows[:24], num_rows, seed=trial)
        num_held += found.low <= rows.sum() + 1e-6 and rows.sum() <= found.high + 1e-6
    assert num_held / NUM_TRIALS >= 0.87


@pytest.mark.parametrize("num_rows", [40, 2_000])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.7, 0.98])
def test_the_interval_of_a_count_holds_the_truth_about_nine_times_in_ten(
    share: float, num_rows: int
):
    dice = np.random.default_rng(7)
    num_held = 0
    for _ in range(2_000):
        hits = dice.random(num_rows) < share
        found = estimate_count(int(hits[:24].sum()), 24, num_rows)
        num_held += round(found.low) <= hits.sum() <= round(found.high)
    assert num_held / 2_000 >= 0.88


def test_a_sample_of_everything_is_exact():
    exact = Interval(expected=6, low=6, high=6)
    assert estimate_total([1, 2, 3], 3) == exact
    assert estimate_count(6, 9, 9) == exact


def test_what_was_measured_counts_as_it_was():
    """Nine rows cost 90 in all; the tenth cannot change that."""
    found = estimate_total([2, 18] * 4 + [10], 10)
    assert found.expected == pytest.approx(100)
    assert 90 <= found.low < 100 < found.high <= 90 + 2 * 18


def test_the_wilson_interval_is_that_of_the_textbook():
    """2 of 10, by hand: (0.2 + 0.1353 -+ 1.6449 * sqrt(0.016 + 0.006764)) / 1.2706."""
    found = estimate_count(2, 10, 10**9)
    assert found.low / 1e9 == pytest.approx(0.0686, abs=1e-4)
    assert found.high / 1e9 == pytest.approx(0.4592, abs=1e-4)


def test_rows_that_are_all_alike_leave_room_for_others():
    found = estimate_total([5.0] * 24, 1_000)
    assert found.expected == 5_000
    assert 4_400 < found.low < 4_600
    assert 5_050 < found.high < 5_500


def test_the_same_sample_gives_the_same_interval():
    rows = np.random.default_rng(3).lognormal(size=24)
    assert estimate_total(rows, 500) == estimate_total(rows, 500)


def test_wrong_counts_are_refused():
    with pytest.raises(ValueError, match="got 0"):
        estimate_total([], 10)
    with pytest.raises(ValueError, match="got 3"):
        estimate_total([1, 2, 3], 2)
    with pytest.raises(ValueError, match="got 5, 4, 9"):
        estimate_count(5, 4, 9)


REQUESTS = Interval(expected=1_000, low=800, high=1_200)


def make_pace(**changes: float) -> Pace:
    values: dict[str, float] = {
        "num_requests": 100,
        "busy_seconds": 20.0,
        "slot_seconds": 200.0,
        "full_seconds": 15.0,
        "max_limit": 64,
    }
    return Pace(**values | changes)  # type: ignore[arg-type]


def test_a_sample_that_filled_the_servers_gives_their_pace():
    assert estimate_seconds(REQUESTS, make_pace()) == Interval(expected=200, low=160, high=240)


def test_a_sample_that_did_not_gives_a_range_from_all_slots_to_its_own_pace():
    """2 s of latency; 64 slots were there and 10 were in use."""
    found = estimate_seconds(REQUESTS, make_pace(full_seconds=1.0))
    assert found == Interval(expected=None, low=800 * 2 / 64, high=1_200 / 5)


def test_no_run_is_quicker_than_one_request():
    few = Interval(expected=4, low=4, high=4)
    found = estimate_seconds(few, make_pace(num_requests=4, slot_seconds=40, full_seconds=0))
    assert found.low == 10


def test_without_a_measured_pace_there_is_no_guess():
    with pytest.raises(ValueError, match="no pace"):
        estimate_seconds(REQUESTS, make_pace(num_requests=0))


def test_the_larger_of_two_amounts_is_taken_end_by_end():
    pace = Interval(expected=None, low=1, high=10)
    assert pace.at_least(Interval(expected=4, low=2, high=6)) == Interval(
        expected=None, low=2, high=10
    )
    assert pace.at_least(Interval(expected=14, low=12, high=16)) == Interval(
        expected=14, low=12, high=16
    )
    known = Interval(expected=5, low=1, high=10)
    assert known.at_least(Interval(expected=4, low=2, high=6)).expected == 5
