"""Screen: all problems of a partition are looked at together, before any model is asked.

Comes in: the problems of all shards, and benchmarks. Goes out: a row a problem, with its group of
near-duplicates, and with a reason where it is in a benchmark.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from schemas.recipe import IngestParams, ScreenParams
from schemas.records import ShardReport
from schemas.tables import SCREENS
from tasks.screening import COLUMNS, read_benchmarks, screen_problems
from tasks.shards import ShardJob, conform, find_shard, read_shard, write_shard


class Screening:
    """The screening of a partition: made once, when the first of its shards is asked for."""

    def __init__(
        self, jobs: Sequence[ShardJob], params: ScreenParams, ingest: IngestParams
    ) -> None:
        """Prepare; nothing is read yet."""
        self._jobs, self._params, self._ingest = jobs, params, ingest
        self._lock = asyncio.Lock()
        self._screens: pl.DataFrame | None = None

    async def get(self) -> pl.DataFrame:
        """Return the screens of all problems."""
        async with self._lock:
            if self._screens is None:
                self._screens = await asyncio.to_thread(self._make)
        return self._screens

    def _make(self) -> pl.DataFrame:
        problems = pl.concat([read_shard(job, "problems", COLUMNS) for job in self._jobs])
        benchmarks = read_benchmarks(self._params.benchmarks, self._ingest)
        return screen_problems(problems, benchmarks, self._params)


def write_screens(job: ShardJob, screens: pl.DataFrame) -> ShardReport:
    """Write the screens of one shard's problems, in their order."""
    own = read_shard(job, "problems", ["problem_id"]).join(
        screens, on="problem_id", how="left", maintain_order="left"
    )
    counts = Counter(own["drop_reason"].fill_null("ok").to_list())
    return write_shard(job, "screens", conform(own, SCREENS), counts)


@task(name="screen_shard", task_run_name="screen-{job.name}", cache_policy=NO_CACHE)
async def screen_shard(job: ShardJob, screening: Screening) -> ShardReport:
    """Prefect shell over `screen_problems` for one shard."""
    if report := find_shard(job, "screens"):
        return report
    return await asyncio.to_thread(write_screens, job, await screening.get())
