"""Which problems the report shows: a fixed share of each outcome, in the order of their ids."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import polars as pl

from tasks.shards import ShardJob, read_shard


class Outcome(StrEnum):
    """What became of a source row."""

    SOLVED = "solved"
    """A rollout was selected."""
    GRPO = "grpo"
    """Its pass rate makes it a problem for reinforcement learning."""
    TEST = "test"
    """It is held out."""
    REJECTED = "rejected"
    """A problem that ended before it had a verdict."""
    REFUSED = "refused"
    """A source row that never became a problem."""


WEIGHTS = {
    Outcome.SOLVED: 9,
    Outcome.GRPO: 7,
    Outcome.TEST: 2,
    Outcome.REJECTED: 3,
    Outcome.REFUSED: 3,
}
"""How the sample is shared where there is enough of each."""


def choose_places(jobs: Sequence[ShardJob], max_problems: int) -> pl.DataFrame:
    """Choose rows: (at most `max_problems`; outcome, key, problem_id, row, shard), as shown."""
    best = pl.concat(
        [
            _list_candidates(job, max_problems).with_columns(shard=pl.lit(number))
            for number, job in enumerate(jobs)
        ]
    ).sort("key", "shard")
    counts = {outcome: len(best.filter(outcome=outcome.value)) for outcome in Outcome}
    shares = share_places(counts, max_problems)
    taken = [best.filter(outcome=outcome.value).head(shares[outcome]) for outcome in Outcome]
    # What became rows mixed, as it comes; then what was lost on the way.
    late = pl.col("outcome").replace_strict({"rejected": 1, "refused": 2}, default=0)
    return pl.concat(taken).sort(late, "key", "shard")


def share_places(counts: Mapping[Outcome, int], total: int) -> dict[Outcome, int]:
    """Share `total` places by weight; what one outcome leaves, the others take in turn."""
    whole = sum(WEIGHTS.values())
    shares = {o: min(counts[o], total * weight // whole) for o, weight in WEIGHTS.items()}
    while open_to := [outcome for outcome in Outcome if counts[outcome] > shares[outcome]]:
        for outcome in open_to:
            if sum(shares.values()) >= total:
                return shares
            shares[outcome] += 1
    return shares


def _list_candidates(job: ShardJob, limit: int) -> pl.DataFrame:
    """List the first rows of each outcome in one shard: outcome, key, problem_id, row."""
    whole = pl.col("rollout_index").is_null() & pl.col("problem_id").is_not_null()
    problems = {
        Outcome.SOLVED: read_shard(job, "sft", ["problem_id"]),
        Outcome.GRPO: read_shard(job, "grpo", ["problem_id"]),
        Outcome.TEST: read_shard(job, "test", ["problem_id"]),
        Outcome.REJECTED: read_shard(job, "rejects", ["problem_id", "rollout_index"])
        .filter(whole)
        .select("problem_id"),
    }
    refused = read_shard(job, "ingest_rejects", ["drop_reason"]).with_row_index("row")
    # One row of each reason before a second of any.
    rank = pl.int_range(pl.len()).over("drop_reason").cast(pl.String).str.zfill(9)
    keyed = [
        rows.select(
            outcome=pl.lit(outcome.value),
            key="problem_id",
            problem_id="problem_id",
            row=pl.lit(-1, pl.Int64),
        )
        for outcome, rows in problems.items()
    ]
    keyed.append(
        refused.select(
            outcome=pl.lit(Outcome.REFUSED.value),
            key=pl.concat_str(rank, pl.lit(" "), "drop_reason"),
            problem_id=pl.lit(None, pl.String),
            row=pl.col("row").cast(pl.Int64),
        )
    )
    return pl.concat([rows.sort("key").head(limit) for rows in keyed])
