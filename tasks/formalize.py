"""Formalize: the vision-language model writes each image down as text.

Comes in: problems with their images. Goes out: one formal text a problem, or its fault. How one
problem's images become text is in `formalizing`.
Source: cross-modal formalization, R1-Onevision, arXiv 2503.10615; question-blind captions,
OpenVLThinker, arXiv 2503.17352, appendix B.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from schemas.recipe import FormalizeParams
from schemas.records import Reply, ShardReport
from schemas.tables import FORMAL_TEXTS
from tasks.faults import is_server_fault, stop_if_failing
from tasks.formalizing import Formalizer, make_blank_row
from tasks.grounding import Tools
from tasks.meter import METER
from tasks.sampling import ModelClient
from tasks.shards import ShardJob, find_shard, iterate_rows, read_shard, rows_to_table, write_shard

COLUMNS = [
    "problem_id",
    "images",
    "image_sha256",
    "question",
    "options",
    "gold_answer",
    "source",
    "domain",
]


async def formalize_problems(
    problems: Iterable[Mapping[str, Any]],
    client: ModelClient,
    params: FormalizeParams,
    tools: Tools,
    *,
    is_whole_stage: bool = False,
) -> list[dict[str, Any]]:
    """Write the formal text of every problem; rows come back in the order of the problems.

    Raises:
        ServerError: most requests failed; `is_whole_stage` as `stop_if_failing` has it.
    """
    formalizer = Formalizer(client, params, tools)
    with METER.get().count_rows("formalize") as count:

        async def formalize(problem: Mapping[str, Any]) -> tuple[dict[str, Any], Reply]:
            with count.row():
                return await formalizer.formalize(problem)

        ended = await client.run_all(problems, formalize)
        replies = [reply for _, reply in ended]
        stop_if_failing(replies, client.endpoint.model, is_whole_stage=is_whole_stage)
    return [row for row, _ in ended]


def list_rejected(job: ShardJob) -> set[str]:
    """Return the problems of a shard that screening rejected: nothing is spent on them."""
    screens = read_shard(job, "screens", ["problem_id", "drop_reason"])
    return set(screens.filter(pl.col("drop_reason").is_not_null())["problem_id"])


@task(
    name="formalize_shard",
    task_run_name="formalize-{job.name}",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=is_server_fault,
    cache_policy=NO_CACHE,
)
async def formalize_shard(
    job: ShardJob, client: ModelClient | None, params: FormalizeParams, tools: Tools
) -> ShardReport:
    """Prefect shell over `formalize_problems` for one shard; no client: nothing is formalized."""
    if report := find_shard(job, "formal_texts"):
        return report
    rejected = list_rejected(job)
    every = iterate_rows(job, "problems", COLUMNS)
    problems = (row for row in every if row["problem_id"] not in rejected)
    if client is None or not params.enabled:
        rows = [make_blank_row(problem["problem_id"]) for problem in problems]
    else:
        rows = await formalize_problems(
            problems, client, params, tools, is_whole_stage=job.num_shards == 1
        )
    counts = Counter(row["status"] for row in rows)
    return write_shard(job, "formal_texts", rows_to_table(rows, FORMAL_TEXTS), counts)
