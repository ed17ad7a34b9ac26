"""Formalize: the vision-language model writes each image down as text.

Comes in: problems with their images. Goes out: one formal text a problem, or its fault.
Source: cross-modal formalization, R1-Onevision, arXiv 2503.10615; question-blind captions,
OpenVLThinker, arXiv 2503.17352, appendix B.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from prompts import Prompt, load_prompt
from schemas.recipe import FormalizeParams
from schemas.records import ImagePart, Reply, Request, SamplingParams, ShardReport
from schemas.tables import FORMAL_TEXTS
from tasks.faults import is_server_fault, stop_if_failing
from tasks.sampling import ModelClient
from tasks.shards import ShardJob, find_shard, iterate_rows, rows_to_table, write_shard


def make_request(problem: Mapping[str, Any], prompt: Prompt, params: FormalizeParams) -> Request:
    """Ask for the formal text of one problem's images."""
    *others, last = prompt.render()
    images = tuple(
        ImagePart(sha256=sha256, data=image["bytes"], media_type=_media_type(image["path"]))
        for image, sha256 in zip(problem["images"], problem["image_sha256"], strict=True)
    )
    sampling = SamplingParams(
        temperature=params.temperature, top_p=params.top_p, max_tokens=params.max_tokens
    )
    asked = type(last)(role=last.role, text=last.text, images=images)
    return Request(messages=(*others, asked), sampling=sampling, seed=0)


def _media_type(file_name: str) -> str:
    suffix = file_name.rsplit(".", 1)[-1]
    return f"image/{'jpeg' if suffix in ('jpg', 'jpeg') else suffix}"


def make_formal_text(problem_id: str, reply: Reply, model: str, format: str) -> dict[str, Any]:
    """Make a row of `formal_texts` from a reply; a text that is only white space is none."""
    text = reply.text.strip() if reply.status.has_text and reply.text else None
    is_empty = reply.status.has_text and not text
    return {
        "problem_id": problem_id,
        "format": format,
        "text": text,
        "producer": model,
        "is_valid": None,
        "status": "empty" if is_empty else reply.status.value,
        "error": "the model wrote nothing" if is_empty else reply.error,
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.completion_tokens,
    }


async def formalize_problems(
    problems: Iterator[dict[str, Any]], client: ModelClient, params: FormalizeParams
) -> list[dict[str, Any]]:
    """Ask for the formal text of every problem; rows come back in the order of the problems."""
    prompt = load_prompt(params.get_prompt(params.format))
    problem_ids: list[str] = []

    def requests() -> Iterator[Request]:
        for problem in problems:
            problem_ids.append(problem["problem_id"])
            yield make_request(problem, prompt, params)

    replies = await client.sample_all(requests())
    stop_if_failing(replies, client.endpoint.model)
    return [
        make_formal_text(problem_id, reply, client.endpoint.model, params.format)
        for problem_id, reply in zip(problem_ids, replies, strict=True)
    ]


@task(
    name="formalize_shard",
    task_run_name="formalize-{job.name}",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=is_server_fault,
    cache_policy=NO_CACHE,
)
async def formalize_shard(
    job: ShardJob, client: ModelClient, params: FormalizeParams
) -> ShardReport:
    """Prefect shell over `formalize_problems` for one shard."""
    if report := find_shard(job, "formal_texts"):
        return report
    problems = iterate_rows(job, "problems", ["problem_id", "images", "image_sha256"])
    rows = await formalize_problems(problems, client, params)
    counts = Counter(row["status"] for row in rows)
    return write_shard(job, "formal_texts", rows_to_table(rows, FORMAL_TEXTS), counts)
