import asyncio

import polars as pl
import pytest

from schemas.recipe import VerifyParams
from schemas.tables import PROBLEMS, ROLLOUTS, VERDICTS
from tasks.algebra import AlgebraPool
from tasks.shards import rows_to_table
from tasks.verify import verify_rollouts, verify_shard
from tests.tasks.tables import make_job, make_problem, make_rollout, write_rows


def verify(rollouts, problems, *how):
    return verify_rollouts(
        pl.DataFrame(rows_to_table(rollouts, ROLLOUTS)),
        pl.DataFrame(rows_to_table(problems, PROBLEMS)),
        *how,
    )


def test_each_rollout_gets_one_verdict_in_its_order():
    rollouts = [
        make_rollout(2, 0),
        make_rollout(1, 1, answer_text="\\boxed{7}"),
        make_rollout(1, 0, answer_text=""),
    ]
    rows = verify(rollouts, [make_problem(1), make_problem(2)])
    assert [row["is_correct"] for row in rows] == [True, False, False]
    assert [row["rule"] for row in rows][2] == "no_answer"
    assert rows_to_table(rows, VERDICTS).num_rows == 3


@pytest.mark.parametrize(
    ("status", "rule"),
    [("server_error", "no_reply"), ("refused", "no_reply"), ("outrun", "outrun")],
)
def test_a_rollout_that_was_never_answered_stays_undecided(status, rule):
    rollouts = [make_rollout(1, 0, status=status, answer_text=None)]
    (row,) = verify(rollouts, [make_problem(1)])
    assert (row["is_correct"], row["rule"]) == (None, rule)


def test_an_answer_in_the_thought_alone_does_not_count():
    rollouts = [make_rollout(1, 0, reasoning="so \\boxed{2}", answer_text="I am done.")]
    (row,) = verify(rollouts, [make_problem(1)])
    assert row["is_correct"] is False


def test_each_source_is_checked_by_its_policy_which_its_verdicts_name():
    params = VerifyParams.model_validate({"sources": {"loose": {"absolute_tolerance": 1}}})
    problems = [make_problem(1, source="loose"), make_problem(2, source="strict")]
    rollouts = [make_rollout(2, 0, answer_text="4"), make_rollout(1, 0, answer_text="3")]
    rows = verify(rollouts, problems, params)
    assert [row["is_correct"] for row in rows] == [False, True]
    assert ["1 absolute" in row["policy"] for row in rows] == [False, True]


def test_algebra_settles_what_the_rules_cannot():
    rollouts = [make_rollout(1, 0, answer_text=r"\boxed{\int_0^1 2 dx}")]
    (alone,) = verify(rollouts, [make_problem(1)])
    with AlgebraPool() as algebra:
        (settled,) = verify(rollouts, [make_problem(1)], VerifyParams(), algebra)
    assert (alone["is_correct"], settled["is_correct"]) == (None, True)


def test_the_order_of_problems_and_rollouts_changes_no_verdict():
    problems = [make_problem(number, source=f"s{number % 2}") for number in range(6)]
    rollouts = [make_rollout(n, i, answer_text=str(n + i)) for n in range(6) for i in range(3)]
    rows = verify(rollouts, problems)
    assert verify(rollouts[::-1], problems[::-1]) == rows[::-1]
    assert [row["is_correct"] for row in rows] == [False, True, False] * 6


def test_a_finished_shard_is_found_and_not_verified_again(tmp_path):
    job = make_job(tmp_path)
    write_rows(job, "problems", [make_problem(1)])
    write_rows(job, "rollouts", [make_rollout(1, 0), make_rollout(1, 1, answer_text="3")])
    first = asyncio.run(verify_shard.fn(job, VerifyParams()))
    again = asyncio.run(verify_shard.fn(job, VerifyParams()))
    assert first.counts == again.counts == {"correct": 1, "incorrect": 1}
    assert (first.is_reused, again.is_reused) == (False, True)
