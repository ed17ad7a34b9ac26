import re
from typing import get_args

import polars as pl
import pytest

from schemas.recipe import (
    ConversationName,
    CurateParams,
    FilterParams,
    GrpoParams,
    LayoutName,
    ReplaceParams,
    TrimParams,
)
from schemas.tables import FORMAL_TEXTS, PROBLEMS, ROLLOUTS, SCREENS, VERDICTS
from tasks.consistency import Opinion
from tasks.curate import TEXT_COLUMNS
from tasks.curation.conversations import CONVERSATION_TAGS
from tasks.curation.editing import read_parts
from tasks.curation.layout import Layout, write_layout
from tasks.curator import Curator
from tasks.shards import rows_to_table
from tasks.splitting import list_over_budget, split_problems
from tasks.training_rows import write_question
from tests.tasks import tables

CHINESE = "\u8fd9\u4e2a\u7b54\u6848\u662f\u4e8c "


def to_frame(rows, schema) -> pl.DataFrame:
    return pl.DataFrame(rows_to_table(rows, schema))


def curate(problems, texts, rollouts, verdicts, params=None, opinions=None, **changes):
    """Curate as one shard; `changes` are of the screens, by problem number."""
    params = params or CurateParams()
    numbers = [int(problem["problem_id"], 16) for problem in problems]
    screens = [tables.make_screen(n, **changes.get(f"screen_{n}", {})) for n in numbers]
    joined = to_frame(rollouts, ROLLOUTS).join(
        to_frame(verdicts, VERDICTS), on=["problem_id", "rollout_index"], how="left"
    )
    texts = to_frame(texts, FORMAL_TEXTS)
    screens = to_frame(screens, SCREENS)
    stopped = list_over_budget(texts, joined)
    finished = joined.filter(~pl.col("problem_id").is_in(stopped))
    splits = split_problems(screens.select("problem_id", "group"), finished, params)
    frame = to_frame(problems, PROBLEMS).select(TEXT_COLUMNS).join(screens, on="problem_id")
    made = Curator(params).curate(frame, texts, joined, splits, opinions)
    return tuple(made[name].to_pylist() for name in ("sft", "grpo", "rejects"))


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
    verdicts[3] |= {"is_correct": None, "rule": "over_budget"}
    texts[3] |= {"status": "over_budget"}
    sft, grpo, rejects = curate(problems, texts, rollouts, verdicts)
    assert not sft
    assert not grpo
    reasons = {
        (int(row["problem_id"], 16), row["rollout_index"]): row["drop_reason"] for row in rejects
    }
    assert {reasons[n, index] for n in (1, 2) for index in (None, 0, 1, 2)} == {"over_budget"}
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


def write_completion(*parts):
    return write_layout(Layout.THINK_SUMMARY_ANSWER, read_parts(*parts))


def test_a_rollout_without_a_thought_of_its_own_is_all_thought():
    told = write_completion(None, "Two and one is three.", "three.")
    assert told == "<think>\nTwo and one is three.\n</think>\n\n<answer>three</answer>"


def test_an_answer_is_tagged_once():
    told = write_completion("So.", "The sum. <answer>3</answer> <answer>3</answer>", "3")
    assert told == "<think>\nSo.\n</think>\n\nThe sum.\n\n<answer>3</answer>"


def test_a_question_without_options_stands_alone():
    assert write_question("Why?", None) == "Why?"


def solve_all(**texts):
    """One problem with one correct rollout, whose texts are given."""
    problems, formal = [tables.make_problem(1)], [tables.make_text(1)]
    return problems, formal, [tables.make_rollout(1, 0, **texts)], [tables.make_verdict(1, 0)]


def test_reflection_is_cut_where_a_recipe_asks_for_it_and_the_cut_is_kept():
    thought = "One and one is 2, so the answer is 2. Wait, let me check. It is 2."
    params = CurateParams(trim=TrimParams())
    (row,), _, _ = curate(*solve_all(reasoning=thought), params)
    assert "Wait" not in row["completion"][0]["content"]
    assert row["edits"] == ["cut 29 characters from 'Wait,' on"]
    (row,), _, _ = curate(*solve_all(reasoning=thought))
    assert "Wait" in row["completion"][0]["content"]
    assert row["edits"] == []


def test_phrases_are_replaced_and_the_diff_is_kept():
    thought = "The description mentions a sum. So it is 2."
    params = CurateParams(replace=ReplaceParams())
    (row,), _, _ = curate(*solve_all(reasoning=thought), params)
    assert "description" not in row["completion"][0]["content"]
    assert "description" in row["edits"][0]


def test_a_filter_rejects_a_problem_and_its_rollout_with_one_reason():
    params = CurateParams(filters=FilterParams(leaks=True))
    thought = "According to the description, one and one is 2."
    sft, grpo, rejects = curate(*solve_all(reasoning=thought), params)
    assert not sft
    assert not grpo
    reasons = {row["rollout_index"]: row["drop_reason"] for row in rejects}
    assert reasons.keys() == {None, 0}
    assert reasons[None] == reasons[0]
    assert reasons[0].startswith("leak_")
    detail = next(row["detail"] for row in rejects if row["rollout_index"] is None)
    assert "description" in detail


def test_each_filter_can_be_turned_on_alone():
    loop = "the sum is two and so " * 60
    for filters, thought, reason in (
        (FilterParams(repetition=True), loop, "loop"),
        (FilterParams(max_wording_faults=0), "The image displays displays 2.", "doubled_words"),
        (FilterParams(max_words=20), loop, "too_many_words"),
        (FilterParams(max_total_tokens=50), loop, "too_long"),
        (
            FilterParams(max_foreign=0.2),
            "\u8fd9\u4e2a\u7b54\u6848\u662f\u4e8c " * 30,
            "foreign_script",
        ),
        (FilterParams(max_ungrounded=0.1), "I see 17, 23, 91, 44, 57 and 86.", "ungrounded"),
    ):
        assert len(curate(*solve_all(reasoning=thought))[0]) == 1
        sft, _, rejects = curate(*solve_all(reasoning=thought), CurateParams(filters=filters))
        assert not sft
        assert rejects[0]["drop_reason"] == reason


def test_a_group_goes_to_one_split_as_a_whole():
    problems, texts, rollouts, verdicts = make_all()
    same = {"screen_1": {"group": "g"}, "screen_2": {"group": "g"}}
    sft, grpo, rejects = curate(problems, texts, rollouts, verdicts, **same)
    assert [int(row["problem_id"], 16) for row in sft] == [1]
    assert not grpo
    lost = {
        int(r["problem_id"], 16): r["drop_reason"] for r in rejects if r["rollout_index"] is None
    }
    assert lost[2] == "other_split"
    (detail,) = [r["detail"] for r in rejects if r["drop_reason"] == "other_split"]
    assert detail == "shares an image or a question with rows of sft; 0 of 3 correct"


def test_pass_rate_bounds_send_solved_problems_to_grpo_only():
    params = CurateParams(grpo=GrpoParams(min_pass_rate=0.1, max_pass_rate=0.9), select="first")
    sft, grpo, rejects = curate(*make_all(), params)
    assert not sft
    (row,) = grpo
    assert (int(row["problem_id"], 16), row["difficulty"]) == (1, "medium")
    reasons = {(int(r["problem_id"], 16), r["rollout_index"]): r["drop_reason"] for r in rejects}
    assert reasons[1, 1] == "problem_in_grpo"
    assert reasons[2, None] == "too_hard"
    details = {r["drop_reason"]: r["detail"] for r in rejects if r["rollout_index"] is None}
    taken = "curate.grpo takes pass rates from 0.1 to 0.9 of at least 1 rollouts"
    assert details["too_hard"] == f"{taken}; 0 of 3 correct"
    assert details["no_verdict"] == "no rollout has a verdict"


def test_a_split_without_room_says_so():
    params = CurateParams(grpo=GrpoParams(size=1))
    unsolved = [tables.make_verdict(n, 0, is_correct=False) for n in (1, 2)]
    problems = [tables.make_problem(n) for n in (1, 2)]
    texts = [tables.make_text(n) for n in (1, 2)]
    rollouts = [tables.make_rollout(n, 0) for n in (1, 2)]
    _, grpo, rejects = curate(problems, texts, rollouts, unsolved, params)
    assert len(grpo) == 1
    (lost,) = [row for row in rejects if row["rollout_index"] is None]
    assert lost["drop_reason"] == "no_split"
    assert lost["detail"] == "no split that it fits has room; 0 of 1 correct"


def test_a_rollout_as_short_as_the_selected_one_is_tied_and_not_longer():
    problems, texts, rollouts, verdicts = make_all()
    rollouts[1] |= {"completion_tokens": 28}
    (row,), _, rejects = curate(problems, texts, rollouts, verdicts)
    assert (row["rollout_index"], row["completion_tokens"]) == (1, 28)
    reasons = {(int(r["problem_id"], 16), r["rollout_index"]): r["drop_reason"] for r in rejects}
    assert reasons[1, 2] == "tied_with_shortest"


def test_a_layout_is_that_of_its_system():
    params = CurateParams(layout="vision_r1", conversations="r1_onevision")
    (row,), _, _ = curate(*solve_all(), params)
    told = row["completion"][0]["content"]
    assert told == "<think> 1 and one more </think><answer> Final Answer:2 </answer>"
    assert re.search("<answer> Final Answer:(.*?) </answer>", told, re.DOTALL)[1] == "2"
    assert row["conversations"] == [
        {"from": "human", "value": "<image>\nCompute 1 + 1"},
        {"from": "assistant", "value": told},
    ]


@pytest.mark.parametrize(
    ("name", "column", "expected"),
    [
        ("r1_onevision", "conversations", [("from", "human"), ("from", "assistant")]),
        ("vision_r1_llava_cot", "conversations", [("from", "human"), ("from", "gpt")]),
        ("vision_r1_mulberry", "conversations", [("from", "user"), ("from", "assistant")]),
        ("openvlthinker", "chat_messages", [("role", "user"), ("role", "assistant")]),
    ],
)
def test_each_released_conversation_has_its_own_column_tags_and_marks(name, column, expected):
    (row,), _, _ = curate(*solve_all(), CurateParams(conversations=name))
    other = {"conversations": "chat_messages", "chat_messages": "conversations"}[column]
    assert row[other] is None
    tags = CONVERSATION_TAGS[name]
    assert [(tags.role, turn[tags.role]) for turn in row[column]] == expected
    asked, told = (turn[tags.content] for turn in row[column])
    assert (asked, told) == ("<image>\nCompute 1 + 1", row["completion"][0]["content"])


def test_a_recipe_can_name_every_released_conversation():
    assert set(get_args(ConversationName)) == set(CONVERSATION_TAGS)


@pytest.mark.parametrize("layout", get_args(LayoutName))
@pytest.mark.parametrize(
    "texts", [{"reasoning": "I see <image> of 2."}, {"answer_text": "As in <Image>, \\boxed{2}"}]
)
def test_a_mark_of_an_image_in_what_is_told_is_a_fault_without_conversations(layout, texts):
    sft, _, rejects = curate(*solve_all(**texts), CurateParams(layout=layout))
    if layout != "think_summary_answer" and "answer_text" in texts:
        assert "<" not in sft[0]["completion"][0]["content"].split("</think>")[0][7:]
    else:
        assert not sft
        assert {row["drop_reason"] for row in rejects} == {"image_marks"}


def test_a_contaminated_problem_is_a_reject_of_screening():
    problems, *_ = solve_all()
    screen = {"drop_reason": "contaminated", "detail": "image is that of row 3 of toy-bench"}
    sft, _, rejects = curate(problems, [], [], [], screen_1=screen)
    assert not sft
    (row,) = rejects
    assert (row["stage"], row["drop_reason"]) == ("screen", "contaminated")
    assert row["detail"] == screen["detail"]


def test_a_judge_s_objection_rejects_a_row_and_its_text_is_kept():
    problems, texts, rollouts, verdicts = solve_all()
    problem_id = problems[0]["problem_id"]
    fine = Opinion(text="Sound.\nVerdict: consistent", is_consistent=True)
    (row,), _, _ = curate(problems, texts, rollouts, verdicts, opinions={problem_id: fine})
    assert row["consistency_text"] == fine.text
    faulty = Opinion(text="It sees a cat.\nVerdict: inconsistent", is_consistent=False)
    sft, _, rejects = curate(problems, texts, rollouts, verdicts, opinions={problem_id: faulty})
    assert not sft
    assert {row["drop_reason"] for row in rejects} == {"inconsistent"}
    assert "It sees a cat." in rejects[0]["detail"]
