from dataclasses import replace

import pytest

from tasks.charts import ChartPainter
from tasks.report.choice import Outcome
from tasks.report.page import list_verdicts
from tasks.report.problem import MAX_ROLLOUTS, describe_problem, explain_outcome, fit_problem
from tests.report_pages import make_rollout, make_sampled


def explain(problem, select="shortest"):
    return explain_outcome(problem, problem.rollouts, select)


def make_rollouts(*tokens, selected):
    return tuple(
        make_rollout(i, completion_tokens=n, is_selected=i == selected)
        for i, n in enumerate(tokens)
    )


@pytest.mark.parametrize(
    ("tokens", "selected", "select", "sentence"),
    [
        ((9,), 0, "shortest", "Rollout 0 was selected: it is the only correct one."),
        (
            (9, 4),
            1,
            "shortest",
            "Rollout 1 was selected: the shortest of 2 correct ones, 4 tokens.",
        ),
        (
            (4, 4),
            0,
            "shortest",
            "Rollout 0 was selected: the shortest of 2 correct ones, 4 tokens; the first of those"
            " as short.",
        ),
        ((9, 4), 0, "first", "Rollout 0 was selected: the first of 2 correct ones, 9 tokens."),
        (
            (None, None),
            1,
            "first",
            "Rollout 1 was selected: the first of 2 correct ones.",
        ),
    ],
)
def test_a_selection_is_explained(tokens, selected, select, sentence):
    problem = make_sampled(rollouts=make_rollouts(*tokens, selected=selected))
    assert explain(problem, select) == sentence


def test_what_was_not_selected_is_explained():
    rollouts = tuple(make_rollout(i, is_correct=[True, False, None][i]) for i in range(3))
    grpo = explain(make_sampled(outcome=Outcome.GRPO, rollouts=rollouts))
    assert grpo.endswith("(GRPO). 1 of 2 rollouts with a verdict is correct.")
    assert "held out" in explain(make_sampled(outcome=Outcome.TEST))
    lost = {"drop_stage": "verify", "drop_reason": "no_verdict", "drop_detail": "timeout"}
    rejected = make_sampled(outcome=Outcome.REJECTED, **lost)
    assert explain(rejected) == "Rejected by verify: no verdict (timeout)."
    twin = "shares an image or a question with rows of sft; 0 of 4 correct"
    lost = {"drop_stage": "curate", "drop_reason": "other_split", "drop_detail": twin}
    rejected = make_sampled(outcome=Outcome.REJECTED, **lost)
    assert explain(rejected) == f"Rejected by curate: other split ({twin})."
    refused = make_sampled(outcome=Outcome.REFUSED, drop_stage="ingest", drop_reason="duplicate")
    assert explain(refused) == "Refused by ingest: duplicate."


def test_the_cards_name_types_and_rules_as_the_tables_do():
    rollout = make_rollout(rule="yes_no", drop_reason="tied_with_shortest")
    problem = make_sampled(answer_type="yes_no", rollouts=(rollout,))
    entry = describe_problem(problem, 1, "shortest", ChartPainter())
    assert entry.kind == "yes/no"
    assert entry.rollouts[0].facts[0] == "rule: yes/no"
    assert entry.rollouts[0].fate == "dropped: tied with shortest"
    (line,) = list_verdicts({("yes_no", "correct"): 3})
    assert line["name"] == entry.kind


def test_a_rule_of_two_words_is_written_as_words():
    rollouts = make_rollouts(9, 7, 5, selected=1)
    told = explain(make_sampled(rollouts=rollouts), "second_longest")
    assert told == "Rollout 1 was selected: the second longest of 3 correct ones, 7 tokens."


def test_the_selected_rollout_is_shown_however_many_there_are():
    problem = make_sampled(rollouts=make_rollouts(*range(90), selected=80))
    entry = describe_problem(problem, 1, "shortest", ChartPainter())
    indexes = [shown.rollout.index for shown in entry.rollouts]
    assert indexes == [*range(MAX_ROLLOUTS - 1), 80]
    assert entry.hidden_rollouts == "58 more rollouts not shown."
    assert entry.rollouts_heading == "90 rollouts, 90 correct"


def test_a_problem_of_common_size_is_not_cut():
    rollouts = tuple(make_rollout(i, reasoning="think " * 1_000) for i in range(4))
    problem = make_sampled(question="q" * 2_000, rollouts=rollouts)
    assert fit_problem(problem) == problem


def test_options_are_lettered_as_in_the_prompts():
    entry = describe_problem(make_sampled(options=("x",) * 28), 1, "shortest", ChartPainter())
    assert [letter for letter, _ in entry.options][24:] == ["Y", "Z", "27", "28"]


def test_images_that_are_not_shown_are_counted():
    problem = make_sampled()
    entry = describe_problem(replace(problem, num_images=6), 1, "shortest", ChartPainter())
    assert entry.hidden_images == "5 more images not shown."
