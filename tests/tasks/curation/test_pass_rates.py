import polars as pl
import pytest

from tasks.curation.pass_rates import PassRateBounds, name_difficulty, rate_problems, select_grpo

SCHEMA = {
    "problem_id": pl.String,
    "rollout_index": pl.Int32,
    "status": pl.String,
    "is_correct": pl.Boolean,
}
VERDICTS = {"+": ("ok", True), "-": ("ok", False), "?": ("ok", None), "x": ("outrun", None)}


def make_rollouts(**marks: str) -> pl.DataFrame:
    """One problem a keyword; a rollout each: + correct, - wrong, ? undecided, x outrun."""
    rows = [(p, i, *VERDICTS[m]) for p, text in marks.items() for i, m in enumerate(text)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def rate(marks: str) -> dict:
    return rate_problems(make_rollouts(a=marks)).row(0, named=True)


@pytest.mark.parametrize(
    ("marks", "pass_rate", "lowest", "highest"),
    [
        ("++--", 0.5, 0.5, 0.5),
        ("+?-?", 0.5, 0.5, 0.5),
        ("+xxx", 1.0, 0.25, 1.0),
        ("--+x", 1 / 3, 0.25, 0.5),
        ("????", None, None, None),
        ("xx", None, 0.0, 1.0),
    ],
)
def test_outrun_rollouts_leave_two_bounds(marks, pass_rate, lowest, highest):
    row = rate(marks)
    assert row["pass_rate"] == pytest.approx(pass_rate)
    assert (row["lowest_pass_rate"], row["highest_pass_rate"]) == (lowest, highest)
    assert row["is_censored"] is ("x" in marks)


def test_a_verdict_that_came_late_on_an_outrun_rollout_does_not_count():
    rollouts = make_rollouts(a="+-x").with_columns(is_correct=pl.lit(True))
    row = rate_problems(rollouts).row(0, named=True)
    assert (row["num_correct"], row["num_verdicts"], row["num_outrun"]) == (2, 2, 1)


@pytest.mark.parametrize(
    ("marks", "reason"),
    [
        ("+---", None),
        ("++--", None),
        ("----", None),
        ("++++", "too_easy"),
        ("?x??", "no_verdict"),
        ("????", "no_verdict"),
        ("-", "few_verdicts"),
        ("+xxx", "censored"),
        ("--+x", None),
    ],
)
def test_grpo_takes_what_is_solved_sometimes(marks, reason):
    selected = select_grpo(rate_problems(make_rollouts(a=marks)), PassRateBounds())
    assert selected["drop_reason"].item() == reason


@pytest.mark.parametrize(
    ("marks", "reason"),
    [("----", "too_hard"), ("+---", None), ("---x", "censored"), ("-+xx", "censored")],
)
def test_bounds_are_parameters(marks, reason):
    bounds = PassRateBounds(min_pass_rate=0.25, max_pass_rate=0.5)
    selected = select_grpo(rate_problems(make_rollouts(a=marks)), bounds)
    assert selected["drop_reason"].item() == reason


def test_censored_rates_can_be_left_out_altogether():
    rates = rate_problems(make_rollouts(a="--+x", b="--+-"))
    bounds = PassRateBounds(keeps_censored=False)
    assert select_grpo(rates, bounds)["drop_reason"].to_list() == ["censored", None]


@pytest.mark.parametrize(
    ("marks", "level"),
    [
        ("++++", "easy"),
        ("+++-", "easy"),
        ("++--", "medium"),
        ("+---", "medium"),
        ("----", "hard"),
        ("???", None),
        ("+xxx", None),
        ("--+x", "medium"),
        ("-------x", "hard"),
    ],
)
def test_difficulty_is_told_where_it_is_certain(marks, level):
    rates = rate_problems(make_rollouts(a=marks))
    assert rates.select(name_difficulty()).item() == level


def test_thresholds_that_are_not_in_order_are_refused():
    with pytest.raises(ValueError, match=r"got min_medium=0.8, min_easy=0.5"):
        name_difficulty(min_easy=0.5, min_medium=0.8)


def test_no_problem_is_lost_whatever_the_order_of_rows():
    rollouts = make_rollouts(c="+-", a="xx", b="??", d="++++")
    selected = select_grpo(rate_problems(rollouts), PassRateBounds())
    assert selected["problem_id"].to_list() == ["a", "b", "c", "d"]
    shuffled = rollouts.sample(fraction=1, shuffle=True, seed=3)
    assert select_grpo(rate_problems(shuffled), PassRateBounds()).equals(selected)
    assert rate_problems(make_rollouts()).height == 0
