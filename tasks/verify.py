"""Verify: every rollout is checked against its problem's gold answer.

Comes in: rollouts and the gold columns of problems. Goes out: one verdict a rollout; `is_correct`
is null where nobody can tell. The rules are in `answers`.
"""

import asyncio
from collections import Counter
from typing import Any

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from schemas.records import ShardReport, Status
from schemas.tables import VERDICTS
from tasks.answers import Gold, check_answer, type_gold
from tasks.shards import ShardJob, find_shard, read_shard, rows_to_table, write_shard

GOLD_COLUMNS = ["problem_id", "gold_answer", "options", "unit"]


def verify_rollouts(rollouts: pl.DataFrame, problems: pl.DataFrame) -> list[dict[str, Any]]:
    """Check every rollout; rows come back in the order of the rollouts.

    Args:
        rollouts: (rollouts, ROLLOUTS), any order.
        problems: (problems, GOLD_COLUMNS of PROBLEMS), any order.
    """
    golds = {
        problem_id: type_gold(answer, options, unit)
        for problem_id, answer, options, unit in problems.select(GOLD_COLUMNS).iter_rows()
    }
    columns = ["problem_id", "rollout_index", "status", "answer_text"]
    return [
        make_verdict(golds[row["problem_id"]], row)
        for row in rollouts.select(columns).iter_rows(named=True)
    ]


def make_verdict(gold: Gold, rollout: dict[str, Any]) -> dict[str, Any]:
    """Check one rollout; one without text is nobody's fault and stays undecided."""
    key = {"problem_id": rollout["problem_id"], "rollout_index": rollout["rollout_index"]}
    if not Status(rollout["status"]).has_text:
        found = {"is_correct": None, "rule": "no_reply", "answer": None, "extraction": "missing"}
        return key | found
    verdict = check_answer(gold, rollout["answer_text"] or "")
    return key | {
        "is_correct": verdict.is_correct,
        "rule": verdict.rule,
        "answer": verdict.answer,
        "extraction": verdict.extraction.value,
    }


def _name_verdict(row: dict[str, Any]) -> str:
    return {True: "correct", False: "incorrect", None: "cannot_tell"}[row["is_correct"]]


def write_verdicts(job: ShardJob) -> ShardReport:
    """Verify one shard and write its verdicts."""
    rollouts, problems = read_shard(job, "rollouts"), read_shard(job, "problems", GOLD_COLUMNS)
    rows = verify_rollouts(rollouts, problems)
    counts = Counter(map(_name_verdict, rows))
    return write_shard(job, "verdicts", rows_to_table(rows, VERDICTS), counts)


@task(name="verify_shard", task_run_name="verify-{job.name}", cache_policy=NO_CACHE)
async def verify_shard(job: ShardJob) -> ShardReport:
    """Prefect shell over `verify_rollouts` for one shard."""
    if report := find_shard(job, "verdicts"):
        return report
    return await asyncio.to_thread(write_verdicts, job)
