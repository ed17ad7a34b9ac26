from schemas.records import ShardReport
from tasks.funnel import add_funnels, build_funnel


def make_report(table: str, **counts: int) -> ShardReport:
    return ShardReport(table=table, file="f", rows=sum(counts.values()), counts=counts)


def test_in_is_out_and_reasons():
    reports = [
        [make_report("problems", ok=3, duplicate=1), make_report("problems", ok=2)],
        [make_report("sft", sft=2, grpo=1, no_verdict=2)],
    ]
    steps = {step.label: step for step in build_funnel(reports)}
    first, last = steps["source rows to problems"], steps["problems to training rows"]
    assert (first.num_in, first.num_out, first.reasons) == (6, 5, {"duplicate": 1})
    assert (last.num_in, last.num_out, last.reasons) == (5, 3, {"no_verdict": 2})


def test_partitions_add_up_step_by_step():
    one = build_funnel([[make_report("problems", ok=1, duplicate=1)]])
    both = add_funnels([one, one])
    assert (both[0].num_in, both[0].num_out, both[0].reasons) == (4, 2, {"duplicate": 2})
