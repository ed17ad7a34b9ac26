"""One problem whose rollouts disagree: what a person looks at to see what verification does."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from tasks.shards import ShardJob, read_shard


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """A right and a wrong rollout of the same problem."""

    question: str
    gold_answer: str
    formal_text: str
    right: str
    wrong: str


def find_contrast(jobs: Sequence[ShardJob]) -> Contrast | None:
    """Return the first problem, by id, that has a right and a wrong rollout with a thought."""
    for job in jobs:
        rollouts = read_shard(job, "rollouts").join(
            read_shard(job, "verdicts"), on=["problem_id", "rollout_index"]
        )
        told = rollouts.filter(pl.col("answer").is_not_null() & (pl.col("status") == "ok"))
        mixed = (
            told.sort("problem_id", "rollout_index")
            .group_by("problem_id", maintain_order=True)
            .agg(pl.col("is_correct").n_unique().alias("kinds"))
            .filter(pl.col("kinds") > 1)
        )
        if not mixed.is_empty():
            return _make_contrast(job, told, str(mixed["problem_id"][0]))
    return None


def _make_contrast(job: ShardJob, rollouts: pl.DataFrame, problem_id: str) -> Contrast:
    wanted = pl.col("problem_id") == problem_id
    columns = ["problem_id", "question", "gold_answer"]
    problem = read_shard(job, "problems", columns).row(by_predicate=wanted, named=True)
    text = read_shard(job, "formal_texts").row(by_predicate=wanted, named=True)
    own = rollouts.filter(wanted)
    return Contrast(
        question=problem["question"],
        gold_answer=problem["gold_answer"],
        formal_text=text["text"],
        right=_write_rollout(own.filter(pl.col("is_correct"))),
        wrong=_write_rollout(own.filter(~pl.col("is_correct"))),
    )


def _write_rollout(rollouts: pl.DataFrame) -> str:
    row = rollouts.row(0, named=True)
    return "\n\n".join(part for part in (row["reasoning"], row["answer_text"]) if part)
