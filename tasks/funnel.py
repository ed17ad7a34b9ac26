"""The funnel: what came in, what went out, and why the rest did not. In = out + reasons."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.records import ShardReport

ACCEPTED = {
    "problems": ("ok",),
    "screens": ("ok",),
    "formal_texts": ("ok", "truncated"),
    "rollouts": ("ok", "truncated"),
    "verdicts": ("correct",),
    "sft": ("sft", "grpo", "test"),
}
"""Table to the counts that go on; the others are reasons."""
LABELS = {
    "problems": "source rows to problems",
    "screens": "problems found in no benchmark",
    "formal_texts": "problems to formal texts",
    "rollouts": "rollouts asked to answered",
    "verdicts": "rollouts to correct ones",
    "sft": "problems to training rows",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelStep:
    """One line of the funnel."""

    label: str
    num_in: int
    num_out: int
    reasons: dict[str, int]
    """Rows that did not go on, by reason; `num_in - num_out` in all."""


def build_funnel(tables: Iterable[Sequence[ShardReport]]) -> list[FunnelStep]:
    """Add up the shard reports of each table, in the order of the stages."""
    reports = {own[0].table: own for own in tables if own}
    steps: list[FunnelStep] = []
    for table, accepted in ACCEPTED.items():
        counts = sum_counts(reports.get(table, ()))
        reasons = {name: counts[name] for name in sorted(counts) if name not in accepted}
        num_out = sum(counts[name] for name in accepted)
        num_in = num_out + sum(reasons.values())
        steps.append(
            FunnelStep(label=LABELS[table], num_in=num_in, num_out=num_out, reasons=reasons)
        )
    return steps


def sum_counts(reports: Sequence[ShardReport]) -> Counter[str]:
    """Add up the counts of one table's shards."""
    total: Counter[str] = Counter()
    for report in reports:
        total.update(report.counts)
    return total


def add_funnels(funnels: Sequence[Sequence[FunnelStep]]) -> list[FunnelStep]:
    """Add up the funnels of several partitions, step by step."""
    return [
        FunnelStep(
            label=steps[0].label,
            num_in=sum(step.num_in for step in steps),
            num_out=sum(step.num_out for step in steps),
            reasons=dict(sum((Counter(step.reasons) for step in steps), Counter[str]())),
        )
        for steps in zip(*funnels, strict=True)
    ]
