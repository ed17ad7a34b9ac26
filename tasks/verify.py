"""Verify: every rollout is checked against its problem's gold answer.

Comes in: rollouts and the gold columns of problems. Goes out: one verdict a rollout; `is_correct`
is null where nobody can tell. The rules are in `answers`, each source has its policy, and a judge
may be asked where no rule can tell.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from schemas.recipe import VerifyParams
from schemas.records import ShardReport, Status
from schemas.tables import VERDICTS
from tasks.answers import Gold, Policy, check_answer, type_gold
from tasks.faults import is_server_fault
from tasks.judge import judge_verdicts
from tasks.policies import make_policy
from tasks.sampling import ModelClient
from tasks.shards import ShardJob, find_shard, read_shard, rows_to_table, write_shard

GOLD_COLUMNS = ["problem_id", "source", "gold_answer", "options", "unit"]
ROLLOUT_COLUMNS = ["problem_id", "rollout_index", "status", "answer_text"]
DEFAULT_PARAMS = VerifyParams()


def verify_rollouts(
    rollouts: pl.DataFrame, problems: pl.DataFrame, params: VerifyParams = DEFAULT_PARAMS
) -> list[dict[str, Any]]:
    """Check every rollout by the rules; verdicts come back in the order of the rollouts.

    Args:
        rollouts: (rollouts, ROLLOUTS), any order.
        problems: (problems, GOLD_COLUMNS of PROBLEMS), any order.
        params: what counts as equal.
    """
    golds: dict[str, Gold] = {}
    policies: dict[str, Policy] = {}
    by_source = {source: make_policy(params, source) for source in problems["source"].unique()}
    for problem_id, source, answer, options, unit in problems.select(GOLD_COLUMNS).iter_rows():
        golds[problem_id] = type_gold(answer, options, unit)
        policies[problem_id] = by_source[source]
    return [
        make_verdict(golds[row["problem_id"]], row, policies[row["problem_id"]])
        for row in rollouts.select(ROLLOUT_COLUMNS).iter_rows(named=True)
    ]


def make_verdict(gold: Gold, rollout: Mapping[str, Any], policy: Policy) -> dict[str, Any]:
    """Check one rollout; one without text is nobody's fault and stays undecided."""
    row = {
        "problem_id": rollout["problem_id"],
        "rollout_index": rollout["rollout_index"],
        "policy": policy.description,
        "judge_text": None,
        "judge_is_correct": None,
    }
    if not Status(rollout["status"]).has_text:
        found = {"is_correct": None, "rule": "no_reply", "answer": None, "extraction": "missing"}
        return row | found
    verdict = check_answer(gold, rollout["answer_text"] or "", policy)
    return row | {
        "is_correct": verdict.is_correct,
        "rule": verdict.rule,
        "answer": verdict.answer,
        "extraction": verdict.extraction.value,
    }


def _name_verdict(row: Mapping[str, Any]) -> str:
    return {True: "correct", False: "incorrect", None: "cannot_tell"}[row["is_correct"]]


def write_verdicts(job: ShardJob, rows: list[dict[str, Any]]) -> ShardReport:
    """Write the verdicts of one shard."""
    counts = Counter(map(_name_verdict, rows))
    return write_shard(job, "verdicts", rows_to_table(rows, VERDICTS), counts)


async def verify_shard_rows(
    job: ShardJob, params: VerifyParams, judge: ModelClient | None
) -> list[dict[str, Any]]:
    """Check the rollouts of one shard by the rules, then ask the judge, if there is one."""
    rollouts = await asyncio.to_thread(read_shard, job, "rollouts", ROLLOUT_COLUMNS)
    problems = await asyncio.to_thread(read_shard, job, "problems", [*GOLD_COLUMNS, "question"])
    rows = await asyncio.to_thread(verify_rollouts, rollouts, problems, params)
    if judge is None:
        return rows
    texts = rollouts["answer_text"].to_list()
    asked = {row["problem_id"]: row for row in problems.iter_rows(named=True)}
    return await judge_verdicts(rows, texts, asked, judge, params.judge)


@task(
    name="verify_shard",
    task_run_name="verify-{job.name}",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=is_server_fault,
    cache_policy=NO_CACHE,
)
async def verify_shard(
    job: ShardJob, params: VerifyParams, judge: ModelClient | None = None
) -> ShardReport:
    """Prefect shell over `verify_rollouts` and `judge_verdicts` for one shard."""
    if report := find_shard(job, "verdicts"):
        return report
    rows = await verify_shard_rows(job, params, judge)
    return await asyncio.to_thread(write_verdicts, job, rows)
