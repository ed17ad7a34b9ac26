import polars as pl

from schemas.tables import PROBLEMS, ROLLOUTS, VERDICTS
from tasks.shards import rows_to_table
from tasks.verify import verify_rollouts
from tests.tasks.tables import make_problem, make_rollout


def verify(rollouts, problems):
    return verify_rollouts(
        pl.DataFrame(rows_to_table(rollouts, ROLLOUTS)),
        pl.DataFrame(rows_to_table(problems, PROBLEMS)),
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


def test_a_rollout_that_was_never_answered_stays_undecided():
    rollouts = [make_rollout(1, 0, status="server_error", answer_text=None)]
    (row,) = verify(rollouts, [make_problem(1)])
    assert (row["is_correct"], row["rule"]) == (None, "no_reply")


def test_an_answer_in_the_thought_alone_does_not_count():
    rollouts = [make_rollout(1, 0, reasoning="so \\boxed{2}", answer_text="I am done.")]
    (row,) = verify(rollouts, [make_problem(1)])
    assert row["is_correct"] is False
