import polars as pl

from schemas.recipe import CurateParams
from schemas.tables import FORMAL_TEXTS, PROBLEMS, ROLLOUTS, VERDICTS
from tasks.curate import TEXT_COLUMNS, curate_problems, write_completion, write_question
from tasks.shards import rows_to_table
from tests.tasks import tables


def to_frame(rows, schema) -> pl.DataFrame:
    return pl.DataFrame(rows_to_table(rows, schema))


def curate(problems, texts, rollouts, verdicts):
    joined = to_frame(rollouts, ROLLOUTS).join(
        to_frame(verdicts, VERDICTS), on=["problem_id", "rollout_index"], how="left"
    )
    frames = to_frame(problems, PROBLEMS).select(TEXT_COLUMNS), to_frame(texts, FORMAL_TEXTS)
    sft, grpo, rejects = curate_problems(*frames, joined, CurateParams())
    return sft.to_pylist(), grpo.to_pylist(), rejects.to_pylist()


def make_all():
    """Problem 1 solved by two of three, 2 by none, 3 undecided, 4 without a formal text."""
    problems = [tables.make_problem(n) for n in (1, 2, 3, 4)]
    texts = [tables.make_text(n) for n in (1, 2, 3)]
    texts.append(tables.make_text(4, text=None, status="rejected", error="404: unknown"))
    rollouts = [tables.make_rollout(n, i) for n in (1, 2, 3) for i in range(3)]
    verdicts = [
        *(tables.make_verdict(1, i, is_correct=i > 0) for i in range(3)),
        *(tables.make_verdict(2, i, is_correct=False) for i in range(3)),
        *(tables.make_verdict(3, i, is_correct=None, answer=None) for i in range(3)),
    ]
    return problems, texts, rollouts, verdicts


def test_every_problem_is_in_exactly_one_table():
    sft, grpo, rejects = curate(*make_all())
    lost = [row for row in rejects if row["rollout_index"] is None]
    assert [int(row["problem_id"], 16) for row in sft] == [1]
    assert [int(row["problem_id"], 16) for row in grpo] == [2]
    assert [(int(row["problem_id"], 16), row["drop_reason"]) for row in lost] == [
        (3, "no_verdict"),
        (4, "no_formal_text"),
    ]
    assert lost[1]["detail"] == "404: unknown"


def test_every_rollout_is_selected_or_rejected_with_its_reason():
    sft, _, rejects = curate(*make_all())
    dropped = [row for row in rejects if row["rollout_index"] is not None]
    reasons = {
        (int(row["problem_id"], 16), row["rollout_index"]): row["drop_reason"] for row in dropped
    }
    assert len(sft) + len(dropped) == 9
    assert sft[0]["rollout_index"] == 2
    assert reasons[1, 1] == "longer_than_shortest"
    assert reasons[1, 0] == "wrong"
    assert reasons[3, 0] == "undecided"


def test_rows_do_not_depend_on_the_order_of_their_inputs():
    problems, texts, rollouts, verdicts = make_all()
    expected = curate(problems, texts, rollouts, verdicts)
    shuffled = curate(problems, texts[::-1], rollouts[::-1], verdicts[::-1])
    assert shuffled == expected


def test_a_pass_rate_of_a_race_says_that_it_is_censored():
    problems, texts, rollouts, verdicts = make_all()
    (whole,), (unsolved,), _ = curate(problems, texts, rollouts, verdicts)
    assert (whole["is_censored"], unsolved["is_censored"]) == (False, False)
    rollouts[1] |= tables.make_rollout(1, 1, status="outrun", answer_text=None, reasoning=None)
    verdicts[1] |= {"is_correct": None, "rule": "no_reply"}
    (raced,), _, rejects = curate(problems, texts, rollouts, verdicts)
    assert (raced["is_censored"], raced["num_rollouts"], raced["pass_rate"]) == (True, 2, 0.5)
    assert next(row["drop_reason"] for row in rejects if row["rollout_index"] == 1) == "outrun"


def test_nothing_is_selected_of_a_problem_that_the_budget_did_not_reach():
    problems, texts, rollouts, verdicts = make_all()
    rollouts[0] |= {"status": "over_budget", "answer_text": None}
    verdicts[0] |= {"is_correct": None, "rule": "no_reply"}
    texts[3] |= {"status": "over_budget"}
    sft, grpo, rejects = curate(problems, texts, rollouts, verdicts)
    assert not sft
    assert [int(row["problem_id"], 16) for row in grpo] == [2]
    reasons = {
        (int(row["problem_id"], 16), row["rollout_index"]): row["drop_reason"] for row in rejects
    }
    assert {reasons[1, index] for index in (None, 0, 1, 2)} == {"over_budget"}
    assert (reasons[3, None], reasons[4, None]) == ("no_verdict", "over_budget")


def test_a_training_row_is_a_prompt_and_a_completion():
    problems, texts, rollouts, verdicts = make_all()
    problems[0] |= {"options": ["two", "three"]}
    (row,), _, _ = curate(problems, texts, rollouts, verdicts)
    asked = "Compute 1 + 1\n\n(A) two\n(B) three"
    assert row["prompt"] == [{"role": "user", "content": asked}]
    told = "<think>\n1 and one more\n</think>\n\nSo \\boxed{2}\n\n<answer>2</answer>"
    assert row["completion"] == [{"role": "assistant", "content": told}]
    assert (row["formalizer"], row["producer"]) == ("toy-vlm", "toy-llm")
    assert row["pass_rate"] == pytest_approx(2 / 3)


def pytest_approx(value: float) -> float:
    """Round as a 32-bit column does."""
    return pl.Series([value], dtype=pl.Float32)[0]


def test_a_rollout_without_a_thought_of_its_own_is_all_thought():
    told = write_completion(None, "Two and one is three.", "three.")
    assert told == "<think>\nTwo and one is three.\n</think>\n\n<answer>three</answer>"


def test_an_answer_is_tagged_once():
    told = write_completion("So.", "The sum. <answer>3</answer> <answer>3</answer>", "3")
    assert told == "<think>\nSo.\n</think>\n\nThe sum.\n\n<answer>3</answer>"


def test_a_question_without_options_stands_alone():
    assert write_question("Why?", None) == "Why?"
