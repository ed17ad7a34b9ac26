from schemas.tables import TABLES
from tasks.report.checks import JudgeCounts, count_checks
from tasks.shards import rows_to_table, write_shard
from tests.tasks.tables import make_job, make_problem, make_verdict


def write_verdicts(folder, index=0, num_shards=1):
    """Write 6 verdicts of the source `a`, five of them judged, and one of `b`."""
    job = make_job(folder, index, num_shards)
    said = {"judge_text": "Verdict: correct", "judge_is_correct": True}
    vague = {"judge_text": "Hm.", "judge_is_correct": None}
    undecided = {"is_correct": None, "rule": "expression"}
    rows = [
        make_verdict(1, 0, rule="judge", **said),
        make_verdict(1, 1, **undecided | vague),
        make_verdict(1, 2, **said),
        make_verdict(1, 3, is_correct=False, **said),
        make_verdict(1, 4, **vague),
        make_verdict(1, 5),
        make_verdict(2, 0, policy="tolerance 0.01 relative; units lenient"),
    ]
    problems = [make_problem(1, source="a"), make_problem(2, source="b")]
    for table, made in (("problems", problems), ("verdicts", rows)):
        write_shard(job, table, rows_to_table(made, TABLES[table]), {})
    return job


def test_verdicts_are_counted_by_source_and_rule_over_shards(tmp_path):
    checks = count_checks([write_verdicts(tmp_path, index, 2) for index in range(2)])
    assert list(checks) == ["a", "b"]
    assert checks["a"].rules == {
        ("numeric", "correct"): 6,
        ("numeric", "incorrect"): 2,
        ("expression", "undecided"): 2,
        ("judge", "correct"): 2,
    }
    assert checks["b"].policy == "tolerance 0.01 relative; units lenient"


def test_the_judge_stands_beside_the_rules(tmp_path):
    checks = count_checks([write_verdicts(tmp_path)])
    assert checks["a"].judge == JudgeCounts(
        settled=1, left_open=1, agrees=1, disagrees=1, unparsed=1
    )
    assert not checks["b"].judge
