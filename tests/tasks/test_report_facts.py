from tasks.report.facts import ReportFacts, summarize
from tests.report_tables import (
    make_job,
    make_problem,
    make_rollout,
    make_text,
    write_mixed,
    write_tables,
)


def test_counts_add_up_over_shards(tmp_path):
    jobs = [write_mixed(tmp_path, index, 2) for index in range(2)]
    facts = summarize(jobs)
    assert (facts.num_problems, facts.num_selected, facts.num_grpo) == (200, 120, 40)
    assert facts.count_rollouts() == sum(facts.lengths.values()) == 2 * 80 * 4
    assert facts.count_rollouts("correct") == 2 * 60 * 3
    assert facts.pass_rates == {(3, 4): 120, (0, 4): 40}
    assert facts.selected_lengths == {10: 120}
    assert facts.answer_types == {("integer", "correct"): 360, ("integer", "incorrect"): 280}


def test_rollouts_without_a_reply_are_undecided(tmp_path):
    problem = make_problem(1)
    failed = make_rollout(
        problem, 0, "", None, status="server_error", reasoning=None, answer_text=None
    )
    facts = summarize([write_tables(make_job(tmp_path), [problem], [make_text(problem)], [failed])])
    assert facts.checks["toy"].rules == {("no_reply", "undecided"): 1}
    assert facts.lengths == {}
    assert facts.pass_rates == {(0, 0): 1}


def test_an_empty_partition_has_empty_facts(tmp_path):
    assert summarize([write_tables(make_job(tmp_path), [], [], [])]) == ReportFacts()


def test_a_rollout_that_was_stopped_has_no_part_in_the_pass_rate(tmp_path):
    problem = make_problem(1)
    answer = problem["gold_answer"]
    stopped = make_rollout(problem, 1, answer, None, status="outrun", answer_text=None)
    rollouts = [make_rollout(problem, 0, answer), stopped]
    facts = summarize([write_tables(make_job(tmp_path), [problem], [make_text(problem)], rollouts)])
    assert facts.pass_rates == {(1, 1): 1}
