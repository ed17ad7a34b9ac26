"""Reason: the text-only model answers each problem k times from its formal text.

Comes in: problems without their images, and formal texts. Goes out: one row a rollout, in the
order of the problems. A problem without a formal text has no rollouts; curate says why.
Source: distilled reasoning from captions, OpenVLThinker, arXiv 2503.17352, section 3.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from prompts import Prompt, load_prompt, render_options
from schemas.recipe import ReasonParams
from schemas.records import Reply, Request, SamplingParams, ShardReport
from schemas.tables import ROLLOUTS
from tasks.answers import split_thought
from tasks.faults import is_server_fault, stop_if_failing
from tasks.sampling import ModelClient
from tasks.shards import ShardJob, find_shard, read_shard, rows_to_table, write_shard

SEED_STRIDE = 65_536
"""Seeds of one problem lie in one stride, so a rollout can be asked again alone."""


def make_seed(problem_id: str, rollout_index: int) -> int:
    """Return base(problem) + rollout index, below 2**31; the base is a multiple of 65,536."""
    return int(problem_id[:8], 16) % 32_767 * SEED_STRIDE + rollout_index


def make_requests(
    problem: Mapping[str, Any], prompt: Prompt, params: ReasonParams
) -> list[Request]:
    """Ask for the k rollouts of one problem (with its formal text in `text`)."""
    messages = prompt.render(
        formal_text=problem["text"],
        question=problem["question"],
        options=render_options(problem["options"]),
    )
    sampling = SamplingParams(
        temperature=params.temperature, top_p=params.top_p, max_tokens=params.max_tokens
    )
    return [
        Request(
            messages=messages,
            sampling=sampling,
            sample_index=index,
            seed=make_seed(problem["problem_id"], index),
        )
        for index in range(params.num_rollouts)
    ]


def make_rollout(problem_id: str, rollout_index: int, reply: Reply, model: str) -> dict[str, Any]:
    """Make a row of `rollouts`; the thought comes from its own field or from think tags."""
    reasoning, answer_text = reply.reasoning, None
    if reply.status.has_text:
        tagged, answer_text = split_thought(reply.text or "")
        reasoning = reasoning or tagged
    return {
        "problem_id": problem_id,
        "rollout_index": rollout_index,
        "status": reply.status.value,
        "reasoning": reasoning,
        "answer_text": answer_text,
        "finish_reason": reply.finish_reason,
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.completion_tokens,
        "producer": model,
        "error": reply.error,
    }


async def reason_problems(
    problems: pl.DataFrame, client: ModelClient, params: ReasonParams
) -> list[dict[str, Any]]:
    """Sample k rollouts of every problem (problems with a text in `text`)."""
    prompt = load_prompt(params.prompt)
    rows = list(problems.iter_rows(named=True))
    keys = [(row["problem_id"], index) for row in rows for index in range(params.num_rollouts)]
    requests = (request for row in rows for request in make_requests(row, prompt, params))
    replies = await client.sample_all(requests)
    stop_if_failing(replies, client.endpoint.model)
    return [
        make_rollout(*key, reply, client.endpoint.model)
        for key, reply in zip(keys, replies, strict=True)
    ]


def read_formalized(job: ShardJob) -> pl.DataFrame:
    """Read the problems of a shard that have a formal text, in order, without their images."""
    problems = read_shard(job, "problems", ["problem_id", "question", "options"])
    texts = read_shard(job, "formal_texts", ["problem_id", "text"])
    joined = problems.join(texts, on="problem_id", how="inner", maintain_order="left")
    return joined.filter(pl.col("text").is_not_null())


@task(
    name="reason_shard",
    task_run_name="reason-{job.name}",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=is_server_fault,
    cache_policy=NO_CACHE,
)
async def reason_shard(job: ShardJob, client: ModelClient, params: ReasonParams) -> ShardReport:
    """Prefect shell over `reason_problems` for one shard."""
    if report := find_shard(job, "rollouts"):
        return report
    rows = await reason_problems(read_formalized(job), client, params)
    counts = Counter(row["status"] for row in rows)
    return write_shard(job, "rollouts", rows_to_table(rows, ROLLOUTS), counts)
