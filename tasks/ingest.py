"""Ingest: source rows become problems, or rejects with a reason.

Shards are made in order, since a duplicate is rejected whatever shard its first copy is in. A raw
ImageFolder row: {"file_name": "images/82.png", "id": "82", "question": "...", "answer": "3"}.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
import pyarrow as pa
from prefect import task
from prefect.cache_policies import NO_CACHE

from schemas.recipe import IngestParams
from schemas.records import ShardReport
from schemas.tables import PROBLEMS, REJECTS
from tasks.duplicates import Seen
from tasks.problems import RejectedRowError, make_reject, parse_row
from tasks.shards import (
    GROUP_BYTES,
    ROWS_PER_GROUP,
    ShardJob,
    find_shard,
    read_shard,
    rows_to_table,
    write_batches,
    write_shard,
)
from tasks.sources import PlannedSource, SourceRow, shard_rows

NUM_THREADS = 2
"""Pillow decodes outside the interpreter lock."""


def ingest_rows(
    rows: Iterable[tuple[PlannedSource, SourceRow]], params: IngestParams, seen: Seen
) -> Iterator[tuple[dict[str, Any] | None, dict[str, Any] | None]]:
    """Yield (problem, None) or (None, reject) for every row, in order."""

    def parse(item: tuple[PlannedSource, SourceRow]) -> dict[str, Any] | RejectedRowError:
        try:
            return parse_row(*item, params)
        except RejectedRowError as error:
            return error

    with ThreadPoolExecutor(NUM_THREADS) as pool:
        for window in _windows(rows):
            for (planned, row), parsed in zip(window, pool.map(parse, window), strict=True):
                try:
                    if isinstance(parsed, RejectedRowError):
                        raise parsed
                    seen.add_problem(parsed["problem_id"], planned.name, parsed["source_id"])
                    yield parsed, None
                except RejectedRowError as error:
                    yield None, make_reject(planned, row, error)


def _windows(items: Iterable[Any]) -> Iterator[list[Any]]:
    window: list[Any] = []
    for item in items:
        window.append(item)
        if len(window) == ROWS_PER_GROUP // 2:
            yield window
            window = []
    if window:
        yield window


def group_problems(problems: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Cut problems into row groups that are bounded in rows and in bytes of images."""
    group: list[dict[str, Any]] = []
    num_bytes = 0
    for problem in problems:
        group.append(problem)
        num_bytes += sum(len(image["bytes"]) for image in problem["images"])
        if len(group) == ROWS_PER_GROUP or num_bytes >= GROUP_BYTES:
            yield group
            group, num_bytes = [], 0
    yield group


def write_problems(
    job: ShardJob, sources: list[PlannedSource], params: IngestParams, seen: Seen
) -> ShardReport:
    """Ingest one shard and write its problems and its rejects, the problems last."""
    rejects: list[dict[str, Any]] = []
    counts: Counter[str] = Counter()

    def problems() -> Iterator[dict[str, Any]]:
        rows = shard_rows(sources, job.index, job.num_shards)
        for problem, reject in ingest_rows(rows, params, seen):
            counts[reject["drop_reason"] if reject else "ok"] += 1
            if problem:
                yield problem
            elif reject:
                rejects.append(reject)

    def batches() -> Iterator[pa.Table]:
        for group in group_problems(problems()):
            yield rows_to_table(group, PROBLEMS)
        write_shard(job, "ingest_rejects", rows_to_table(rejects, REJECTS), counts)

    return write_batches(job, "problems", batches(), lambda: counts)


def remember_shard(job: ShardJob, seen: Seen) -> None:
    """Add the problems of a finished shard to those that came before."""
    columns = ["problem_id", "source", "source_id"]
    for row in read_shard(job, "problems", columns).select(pl.col(columns)).iter_rows():
        seen.add_problem(*row)


@task(name="ingest_shard", task_run_name="ingest-{job.name}", cache_policy=NO_CACHE)
async def ingest_shard(
    job: ShardJob, sources: list[PlannedSource], params: IngestParams, seen: Seen
) -> ShardReport:
    """Prefect shell over `write_problems` for one shard."""
    if report := find_shard(job, "problems"):
        await asyncio.to_thread(remember_shard, job, seen)
        return report
    return await asyncio.to_thread(write_problems, job, sources, params, seen)
