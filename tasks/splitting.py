"""Which split each problem of a partition goes to: SFT, GRPO or test, by whole groups.

Decided for all shards together, once their verdicts are complete: problems that share an image or
a question must not be parted.
"""

import asyncio
from collections.abc import Sequence

import polars as pl

from schemas.recipe import CurateParams
from schemas.records import Status
from tasks.curation.pass_rates import PassRateBounds, rate_problems, select_grpo
from tasks.curation.splits import NO_SPLIT, OTHER_SPLIT, assign_splits
from tasks.shards import ShardJob, read_shard
from tasks.unfinished import count_unfinished, note_unfinished, watch_unfinished

ROLLOUT_COLUMNS = ["problem_id", "rollout_index", "status"]
VERDICT_COLUMNS = ["problem_id", "rollout_index", "is_correct", "rule"]


def split_problems(
    groups: pl.DataFrame, rollouts: pl.DataFrame, params: CurateParams
) -> pl.DataFrame:
    """Deal the problems of a partition out to the splits that they fit.

    A problem fits GRPO where its pass rate is within the recipe's bounds, else SFT where a rollout
    solved it, and test in either case.

    Args:
        groups: (problems; problem_id, group).
        rollouts: (rollouts of finished problems, ROLLOUTS and VERDICTS joined).
        params: the recipe's section.

    Returns:
        (problems with rollouts; problem_id, split, split_fault, split_detail, pass_rate,
        num_rollouts, is_censored, difficulty), sorted by `problem_id`; exactly one of `split` and
        `split_fault` is null, and `split_detail` explains the fault in a sentence.
    """
    bounds = PassRateBounds(
        min_pass_rate=params.grpo.min_pass_rate,
        max_pass_rate=params.grpo.max_pass_rate,
        min_verdicts=params.grpo.min_verdicts,
    )
    is_whole = pl.col("is_correct") & (pl.col("status") == "ok")
    solved = rollouts.group_by("problem_id").agg(solved=is_whole.any())
    rated = (
        select_grpo(rate_problems(rollouts), bounds)
        .rename({"drop_reason": "rate_fault"})
        .join(solved, on="problem_id", how="left")
        .join(groups, on="problem_id", how="left")
        .with_columns(grpo=pl.col("rate_fault").is_null())
        .with_columns(sft=pl.col("solved").fill_null(False) & ~pl.col("grpo"))
        .with_columns(test=pl.col("sft") | pl.col("grpo"))
    )
    dealt = assign_splits(rated, list_sizes(params)).select(pl.exclude("group"))
    # What fits no split for its rate says so: it was too easy or too hard, not unlucky.
    fault = pl.when(pl.col("test")).then(pl.col("drop_reason")).otherwise(pl.col("rate_fault"))
    split_fault = pl.when(pl.col("split").is_null()).then(fault.fill_null(NO_SPLIT))
    return rated.join(dealt, on="problem_id").select(
        "problem_id",
        "split",
        split_fault=split_fault,
        split_detail=_explain_fault(split_fault, bounds),
        pass_rate="pass_rate",
        num_rollouts="num_verdicts",
        is_censored="is_censored",
        difficulty="difficulty",
    )


def _explain_fault(fault: pl.Expr, bounds: PassRateBounds) -> pl.Expr:
    """Say in a sentence why a rated problem is in no split; null where it is in one."""
    rate = pl.format("{} of {} correct", "num_correct", "num_verdicts")
    twin = pl.format("shares an image or a question with rows of {}", "dealt")
    taken = (
        f"curate.grpo takes pass rates from {bounds.min_pass_rate:g} to {bounds.max_pass_rate:g}"
    )
    why = (
        pl.when(fault == OTHER_SPLIT)
        .then(twin)
        .when(fault == NO_SPLIT)
        .then(pl.lit("no split that it fits has room"))
        .otherwise(pl.lit(f"{taken} of at least {bounds.min_verdicts} rollouts"))
    )
    return (
        pl.when(fault == "no_verdict")
        .then(pl.lit("no rollout has a verdict"))
        .when(fault.is_not_null())
        .then(pl.format("{}; {}", why, rate))
    )


def list_sizes(params: CurateParams) -> dict[str, int | None]:
    """Return the splits in the order in which they are filled."""
    test = {"test": params.test_size} if params.test_size else {}
    if params.grpo.size is None:
        return {**test, "sft": None, "grpo": None}
    return {**test, "grpo": params.grpo.size, "sft": None}


class Splitting:
    """The splits of a partition: made once, when the first of its shards is asked for."""

    def __init__(self, jobs: Sequence[ShardJob], params: CurateParams) -> None:
        """Prepare; nothing is read yet."""
        self._jobs, self._params = jobs, params
        self._lock = asyncio.Lock()
        self._splits: pl.DataFrame | None = None
        self._num_unfinished = 0

    async def get(self) -> pl.DataFrame:
        """Return the splits of all problems that have rollouts.

        What any shard lacks, every shard that asks lacks: the splits may be others with it.
        """
        async with self._lock:
            if self._splits is None:
                with watch_unfinished():
                    self._splits = await asyncio.to_thread(read_splits, self._jobs, self._params)
                    self._num_unfinished = count_unfinished()
        note_unfinished(self._num_unfinished)
        return self._splits


def read_splits(jobs: Sequence[ShardJob], params: CurateParams) -> pl.DataFrame:
    """Deal out the problems of finished shards, as `split_problems` does."""
    read = [
        (read_shard(job, "screens", ["problem_id", "group"]), read_finished(job)) for job in jobs
    ]
    groups, rollouts = (pl.concat(frames) for frames in zip(*read, strict=True))
    return split_problems(groups, rollouts, params)


def read_verified(
    job: ShardJob,
    columns: Sequence[str] | None = None,
    verdict_columns: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Read the rollouts of a shard with their verdicts, in order."""
    return read_shard(job, "rollouts", columns).join(
        read_shard(job, "verdicts", verdict_columns),
        on=["problem_id", "rollout_index"],
        how="left",
        maintain_order="left",
    )


def read_finished(job: ShardJob) -> pl.DataFrame:
    """Read what splitting needs of the rollouts of problems that the budget reached."""
    rollouts = read_verified(job, ROLLOUT_COLUMNS, VERDICT_COLUMNS)
    texts = read_shard(job, "formal_texts", ["problem_id", "status"])
    return rollouts.filter(~pl.col("problem_id").is_in(list_over_budget(texts, rollouts)))


def list_over_budget(texts: pl.DataFrame, rollouts: pl.DataFrame) -> list[str]:
    """List the problems that the budget of the run did not reach to the end.

    What there is of them is kept, but nothing is selected from it: a rollout that was not sampled
    might have won.
    """
    over = Status.OVER_BUDGET.value
    found = [
        texts.filter(pl.col("status") == over)["problem_id"],
        # A judge that was not asked leaves its verdict with this rule.
        rollouts.filter((pl.col("status") == over) | (pl.col("rule") == over))["problem_id"],
    ]
    return pl.concat(found).unique().sort().to_list()
