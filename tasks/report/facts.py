"""What the report says of a whole partition, counted shard by shard.

Counts only: memory grows with the number of distinct token lengths, types, sources and rules,
never with the number of rollouts.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tasks.curation.pass_rates import rate_problems
from tasks.report.checks import VERDICT, SourceChecks, count_checks
from tasks.report.curation import CurationCounts, count_curation
from tasks.report.formats import FormatCounts, count_formats
from tasks.shards import ShardJob, read_shard

KEY = ["problem_id", "rollout_index"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """Counts of one partition; verdicts are `correct`, `incorrect` and `undecided`."""

    num_problems: int = 0
    num_selected: int = 0
    """Problems with a training row for supervised fine-tuning."""
    num_grpo: int = 0
    """Problems for reinforcement learning, by their pass rate."""
    num_test: int = 0
    """Problems that are held out."""
    lengths: Mapping[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])
    """(verdict, completion tokens) to rollouts; rollouts without a token count are left out."""
    selected_lengths: Mapping[int, int] = field(default_factory=dict[int, int])
    """Completion tokens to selected rollouts."""
    pass_rates: Mapping[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])
    """(correct rollouts, rollouts with a verdict) to problems."""
    answer_types: Mapping[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """(answer type, verdict) to rollouts."""
    checks: Mapping[str, SourceChecks] = field(default_factory=dict[str, SourceChecks])
    """Source to how its rollouts were checked, the largest source first."""
    formats: Mapping[str, FormatCounts] = field(default_factory=dict[str, FormatCounts])
    """Format to its formal texts, the commonest first."""
    curation: CurationCounts = field(default_factory=CurationCounts)
    spending: Sequence[Mapping[str, str]] = ()
    """What each model was asked in the runs that made the tables: name of a figure to its words."""

    def count_rollouts(self, verdict: str | None = None) -> int:
        """Return the number of rollouts, of one verdict or of all."""
        rules = (rule for checks in self.checks.values() for rule in checks.rules.items())
        return sum(n for (_, found), n in rules if verdict in (None, found))


def summarize(jobs: Sequence[ShardJob]) -> ReportFacts:
    """Count the finished tables of a partition."""
    problems, selected, grpo, test = 0, 0, 0, 0
    lengths: Counter[tuple[str, int]] = Counter()
    chosen: Counter[int] = Counter()
    rates: Counter[tuple[int, int]] = Counter()
    types: Counter[tuple[str, str]] = Counter()
    for job in jobs:
        kinds = read_shard(job, "problems", ["problem_id", "answer_type"])
        sft = read_shard(job, "sft", ["completion_tokens"])
        rollouts = _read_rollouts(job).join(kinds, on="problem_id", how="left")
        problems, selected = problems + len(kinds), selected + len(sft)
        grpo += len(read_shard(job, "grpo", ["problem_id"]))
        test += len(read_shard(job, "test", ["problem_id"]))
        chosen.update(_count(sft, "completion_tokens"))
        lengths.update(_count(rollouts, "verdict", "completion_tokens"))
        types.update(_count(rollouts, "answer_type", "verdict"))
        rates.update(_count(rate_problems(rollouts), "num_correct", "num_verdicts"))
    return ReportFacts(
        num_problems=problems,
        num_selected=selected,
        num_grpo=grpo,
        num_test=test,
        lengths=lengths,
        selected_lengths=chosen,
        pass_rates=rates,
        answer_types=types,
        checks=count_checks(jobs),
        formats=count_formats(jobs),
        curation=count_curation(jobs),
    )


def _read_rollouts(job: ShardJob) -> pl.DataFrame:
    verdicts = read_shard(job, "verdicts", [*KEY, "is_correct"])
    ended = read_shard(job, "rollouts", [*KEY, "status", "completion_tokens"])
    return verdicts.with_columns(verdict=VERDICT).join(ended, on=KEY, how="left")


def _count(rows: pl.DataFrame, *columns: str) -> Counter[Any]:
    """Count rows by their values in `columns`; rows with a null there are left out."""
    counted = rows.drop_nulls(columns).group_by(columns).len()
    single = len(columns) == 1
    return Counter({row[0] if single else row[:-1]: row[-1] for row in counted.iter_rows()})
