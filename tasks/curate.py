"""Curate: verified rollouts become training rows, and everything else a reject with its reason.

Comes in: problems, formal texts, rollouts with their verdicts, and the splits of the partition.
Goes out: sft, grpo, test and rejects. Problems whose pass rate is within the recipe's bounds go to
GRPO rather than SFT (OpenVLThinker takes those with few correct rollouts). How one shard is sorted
is in `curator`.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from prefect import task
from prefect.cache_policies import NO_CACHE

from schemas.recipe import ConsistencyParams, CurateParams
from schemas.records import ShardReport
from schemas.tables import PROBLEMS
from tasks.budgeted import BudgetedClient
from tasks.consistency import Opinion, judge_statements
from tasks.curator import Curator
from tasks.faults import is_server_fault
from tasks.shards import ShardJob, find_shard, read_shard, write_shard
from tasks.splitting import Splitting, read_verified
from tasks.token_counting import open_tokenizer

TEXT_COLUMNS = [name for name in PROBLEMS.names if name != "images"]


def count_reasons(rejects: pa.Table) -> Counter[str]:
    """Count rejects by reason."""
    return Counter(rejects["drop_reason"].to_pylist())


@dataclass(frozen=True, slots=True)
class CurateJob:
    """One shard to curate, with its tables."""

    shard: ShardJob
    curator: Curator
    tables: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]

    def curate(self, opinions: Mapping[str, Opinion] | None = None) -> dict[str, pa.Table]:
        """Sort the problems of the shard, by what a judge said of them if one was asked."""
        return self.curator.curate(*self.tables, opinions)


def read_job(job: ShardJob, splits: pl.DataFrame, params: CurateParams) -> CurateJob:
    """Read all that a shard is curated from."""
    problems = read_shard(job, "problems", TEXT_COLUMNS).join(
        read_shard(job, "screens"), on="problem_id", how="left", maintain_order="left"
    )
    curator = Curator(params, open_tokenizer(params.filters.tokenizer))
    tables = problems, read_shard(job, "formal_texts"), read_verified(job), splits
    return CurateJob(job, curator, tables)


def write_curated(job: ShardJob, made: Mapping[str, pa.Table]) -> ShardReport:
    """Write the tables of one shard; the SFT table is written last and completes it."""
    of_rollouts = pc.field("rollout_index").is_valid()
    rejects = made["rejects"]
    counts = count_reasons(rejects.filter(~of_rollouts))
    counts.update({name: made[name].num_rows for name in ("sft", "grpo", "test")})
    write_shard(job, "rejects", rejects, count_reasons(rejects.filter(of_rollouts)))
    for name in ("grpo", "test"):
        write_shard(job, name, made[name], {})
    return write_shard(job, "sft", made["sft"], +counts)


async def ask_judge(
    curator: Curator, client: BudgetedClient | None, params: ConsistencyParams | None
) -> dict[str, Opinion]:
    """Ask the judge about every row that curation let pass, where the recipe has one asked."""
    if params is None or client is None:
        return {}
    statements = curator.statements
    opinions = await judge_statements(list(statements.values()), client, params)
    return dict(zip(statements, opinions, strict=True))


@task(
    name="curate_shard",
    task_run_name="curate-{job.name}",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=is_server_fault,
    cache_policy=NO_CACHE,
)
async def curate_shard(
    job: ShardJob,
    params: CurateParams,
    splitting: Splitting,
    judge: BudgetedClient | None = None,
) -> ShardReport:
    """Prefect shell over `Curator` for one shard."""
    if report := find_shard(job, "sft"):
        return report
    read = await asyncio.to_thread(read_job, job, await splitting.get(), params)
    made = await asyncio.to_thread(read.curate)
    if opinions := await ask_judge(read.curator, judge, params.consistency):
        made = await asyncio.to_thread(read.curate, opinions)
    return await asyncio.to_thread(write_curated, job, made)
