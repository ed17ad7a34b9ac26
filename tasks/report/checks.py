"""How each source was verified: the policy, the rules that decided, and the judge beside them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import polars as pl

from tasks.shards import ShardJob, read_shard

VERDICT = (
    pl.when(pl.col("is_correct"))
    .then(pl.lit("correct"))
    .when(~pl.col("is_correct"))
    .then(pl.lit("incorrect"))
    .otherwise(pl.lit("undecided"))
)
JUDGED = (
    pl.when(pl.col("judge_text").is_null())
    .then(None)
    .when(pl.col("rule") == "judge")
    .then(pl.lit("settled"))
    .when(pl.col("is_correct").is_null())
    .then(pl.lit("left_open"))
    .when(pl.col("judge_is_correct").is_null())
    .then(pl.lit("unparsed"))
    .when(pl.col("judge_is_correct") == pl.col("is_correct"))
    .then(pl.lit("agrees"))
    .otherwise(pl.lit("disagrees"))
)
"""What the judge said beside the rules; null where it was not asked or did not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeCounts:
    """Verdicts that the judge was asked about."""

    settled: int = 0
    """The rules could not tell, the judge decided."""
    left_open: int = 0
    """Neither could tell, or the judge's text could not be parsed."""
    agrees: int = 0
    """A rule decided, and the judge says the same."""
    disagrees: int = 0
    unparsed: int = 0
    """A rule decided, and the judge cannot tell or its text could not be parsed."""

    def __bool__(self) -> bool:
        """Whether the judge was asked at all."""
        return any(getattr(self, f.name) for f in fields(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChecks:
    """How the rollouts of one source were checked."""

    policy: str = ""
    rules: Mapping[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """(rule, verdict) to rollouts."""
    judge: JudgeCounts = JudgeCounts()


def count_checks(jobs: Sequence[ShardJob]) -> dict[str, SourceChecks]:
    """Count the finished verdicts of a partition by their source, the largest source first."""
    policies: dict[str, str] = {}
    rules: dict[str, Counter[tuple[str, str]]] = {}
    judged: dict[str, Counter[str]] = {}
    for job in jobs:
        verdicts = _read_verdicts(job)
        for source, policy, rule, verdict, judgement, count in verdicts.iter_rows():
            policies[source] = policy
            rules.setdefault(source, Counter())[rule, verdict] += count
            judged.setdefault(source, Counter())[judgement] += count
    return {
        source: SourceChecks(
            policy=policies[source], rules=rules[source], judge=_make_counts(judged[source])
        )
        for source in sorted(rules, key=lambda source: (-rules[source].total(), source))
    }


def _read_verdicts(job: ShardJob) -> pl.DataFrame:
    columns = ["problem_id", "is_correct", "rule", "policy", "judge_text", "judge_is_correct"]
    sources = read_shard(job, "problems", ["problem_id", "source"])
    joined = read_shard(job, "verdicts", columns).join(sources, on="problem_id", how="left")
    return joined.group_by(
        "source", "policy", "rule", VERDICT.alias("verdict"), JUDGED.alias("judged")
    ).len()


def _make_counts(judged: Mapping[Any, int]) -> JudgeCounts:
    return JudgeCounts(**{name: count for name, count in judged.items() if name is not None})
