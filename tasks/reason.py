"""Reason: the text-only model answers each problem k times from its formal text.

Comes in: problems without their images, and formal texts. Goes out: one row a rollout, in the
order of the problems. A problem without a formal text has no rollouts; curate says why. Where the
rollouts of a problem race, or more are sampled until one is correct, each is checked by the one
verifier the moment it ends; a judge is not asked, and could only find more of them correct.

Source: distilled reasoning from captions, OpenVLThinker, arXiv 2503.17352, section 3.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from prompts import Prompt, load_prompt, render_options
from schemas.recipe import ReasonParams, VerifyParams
from schemas.records import Reply, Request, SamplingParams, ShardReport
from schemas.tables import ROLLOUTS
from tasks.answers import check_answer, split_thought, type_gold
from tasks.attempts import Attempts, Check
from tasks.budgeted import BudgetedClient
from tasks.faults import is_server_fault, stop_if_failing
from tasks.formalizing import list_images
from tasks.meter import METER
from tasks.policies import make_policy
from tasks.shards import ShardJob, find_shard, iterate_rows, read_shard, rows_to_table, write_shard

SEED_STRIDE = 65_536
"""Seeds of one problem lie in one stride, so a rollout can be asked again alone."""
IMAGE_COLUMNS = ["images", "image_sha256"]
INVALID = "invalid"
"""Status of a formal text that the recipe rejects for its faults; it is kept all the same."""
PROBLEM_COLUMNS = ["problem_id", "question", "options", "source", "gold_answer", "unit"]


def make_seed(problem_id: str, rollout_index: int) -> int:
    """Return base(problem) + rollout index, below 2**31; the base is a multiple of 65,536."""
    return int(problem_id[:8], 16) % 32_767 * SEED_STRIDE + rollout_index


def make_requests(
    problem: Mapping[str, Any], prompt: Prompt, params: ReasonParams
) -> list[Request]:
    """Ask for all rollouts that one problem (with its formal text in `text`) may get."""
    messages = prompt.render(
        formal_text=problem["text"],
        question=problem["question"],
        options=render_options(problem["options"]),
        gold_answer=problem["gold_answer"] if params.show_gold else None,
    )
    if params.show_image:
        *others, last = messages
        messages = (*others, replace(last, images=list_images(problem)))
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
        for index in range(params.max_rollouts)
    ]


def make_check(problem: Mapping[str, Any], verify: VerifyParams) -> Check:
    """Make the question whether a whole reply to a problem is correct, by the cheap rules."""
    gold = type_gold(problem["gold_answer"], problem["options"], problem["unit"])
    policy = make_policy(verify, problem["source"])

    def check(reply: Reply) -> bool:
        _, answer_text = split_thought(reply.text or "")
        return check_answer(gold, answer_text, policy).is_correct is True

    return check


def make_rollout(
    problem_id: str, rollout_index: int, reply: Reply, model: str, *, gold_shown: bool = False
) -> dict[str, Any]:
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
        "gold_shown": gold_shown,
        "error": reply.error,
    }


async def reason_problems(
    problems: Iterable[Mapping[str, Any]],
    client: BudgetedClient,
    params: ReasonParams,
    verify: VerifyParams,
    *,
    is_whole_stage: bool = False,
) -> list[dict[str, Any]]:
    """Sample the rollouts of every problem.

    Args:
        problems: (problems, PROBLEM_COLUMNS of PROBLEMS, and `text` of FORMAL_TEXTS; where the
            reasoner is shown the image, IMAGE_COLUMNS, too).
        client: the model that reasons.
        params: how it is asked; `race` is set.
        verify: what counts as equal.
        is_whole_stage: as `stop_if_failing` has it.

    Returns:
        Rows of ROLLOUTS, in the order of the problems and of the rollouts of each.

    Raises:
        ServerError: most requests failed.
    """
    prompt = load_prompt(params.prompt)
    attempts = Attempts(client, params)

    model = client.endpoint.model
    with METER.get().count_rows("reason") as count:

        async def sample(problem: Mapping[str, Any]) -> tuple[str, list[Reply]]:
            requests = make_requests(problem, prompt, params)
            with count.row():
                replies = await attempts.sample(requests, make_check(problem, verify))
            return problem["problem_id"], replies

        sampled = await client.run_all(problems, sample, requests_each=params.num_rollouts)
        every = [reply for _, replies in sampled for reply in replies]
        stop_if_failing(every, model, is_whole_stage=is_whole_stage)
    return [
        make_rollout(problem_id, index, reply, model, gold_shown=params.show_gold)
        for problem_id, replies in sampled
        for index, reply in enumerate(replies)
    ]


def read_formalized(job: ShardJob, params: ReasonParams) -> Iterator[dict[str, Any]]:
    """Yield the problems of a shard that have a formal text, in order.

    Their images come with them where the reasoner is shown them, few in memory at a time.
    """
    texts = read_shard(job, "formal_texts", ["problem_id", "text", "status"])
    usable = texts.filter(pl.col("text").is_not_null() & (pl.col("status") != INVALID))
    found: dict[str, str] = dict(usable.select("problem_id", "text").iter_rows())
    columns = PROBLEM_COLUMNS + (IMAGE_COLUMNS if params.show_image else [])
    for problem in iterate_rows(job, "problems", columns):
        if problem["problem_id"] in found:
            yield problem | {"text": found[problem["problem_id"]]}


@task(
    name="reason_shard",
    task_run_name="reason-{job.name}",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=is_server_fault,
    cache_policy=NO_CACHE,
)
async def reason_shard(
    job: ShardJob, client: BudgetedClient, params: ReasonParams, verify: VerifyParams
) -> ShardReport:
    """Prefect shell over `reason_problems` for one shard."""
    if report := find_shard(job, "rollouts"):
        return report
    problems, is_whole_stage = read_formalized(job, params), job.num_shards == 1
    rows = await reason_problems(problems, client, params, verify, is_whole_stage=is_whole_stage)
    counts = Counter(row["status"] for row in rows)
    return write_shard(job, "rollouts", rows_to_table(rows, ROLLOUTS), counts)
