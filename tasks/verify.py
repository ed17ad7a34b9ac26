"""Verify: every rollout is checked against its problem's gold answer.

Comes in: rollouts and the gold columns of problems. Goes out: one verdict a rollout; `is_correct`
is null where nobody can tell. The rules are in `answers`, each source has its policy, and a judge
may be asked where no rule can tell.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from schemas.recipe import VerifyParams
from schemas.records import ShardReport, Status
from schemas.tables import VERDICTS
from tasks.algebra import AlgebraPool
from tasks.answers import ExtractionStatus, Gold, Policy, Verdict, type_gold
from tasks.faults import is_server_fault
from tasks.grading import grade_answers
from tasks.judge import judge_verdicts
from tasks.policies import make_policy
from tasks.sampling import ModelClient
from tasks.shards import ShardJob, find_shard, read_shard, rows_to_table, write_shard

GOLD_COLUMNS = ["problem_id", "gold_answer", "options", "unit"]
ROLLOUT_COLUMNS = ["problem_id", "rollout_index", "status", "answer_text"]
DEFAULT_PARAMS = VerifyParams()

NOT_ANSWERED = ("outrun", "no_reply")
"""Rules of verdicts on rollouts without a text."""


def verify_rollouts(
    rollouts: pl.DataFrame,
    problems: pl.DataFrame,
    params: VerifyParams = DEFAULT_PARAMS,
    algebra: AlgebraPool | None = None,
) -> list[dict[str, Any]]:
    """Check every rollout by the rules; verdicts come back in the order of the rollouts.

    Args:
        rollouts: (rollouts, ROLLOUTS), any order.
        problems: (problems, GOLD_COLUMNS and `source` of PROBLEMS), any order.
        params: what counts as equal.
        algebra: settles what the rules cannot; None: that stays undecided.
    """
    asked = list(rollouts.select(ROLLOUT_COLUMNS).iter_rows(named=True))
    sources = dict(problems.select("problem_id", "source").iter_rows())
    golds = type_golds(problems)
    by_source: dict[str, list[int]] = {}
    for place, row in enumerate(asked):
        by_source.setdefault(sources[row["problem_id"]], []).append(place)
    made: dict[int, dict[str, Any]] = {}
    for source, places in by_source.items():
        policy = make_policy(params, source)
        checked = check_rollouts([asked[place] for place in places], golds, policy, algebra)
        made |= zip(places, checked, strict=True)
    return [made[place] for place in range(len(asked))]


def type_golds(problems: pl.DataFrame) -> dict[str, Gold]:
    """Type the gold answer of each problem, by its id."""
    return {
        problem_id: type_gold(answer, options, unit)
        for problem_id, answer, options, unit in problems.select(GOLD_COLUMNS).iter_rows()
    }


def check_rollouts(
    rollouts: Sequence[Mapping[str, Any]],
    golds: Mapping[str, Gold],
    policy: Policy,
    algebra: AlgebraPool | None,
) -> list[dict[str, Any]]:
    """Check rollouts of one policy; one without text is nobody's fault and stays undecided."""
    told = [row for row in rollouts if Status(row["status"]).has_text]
    items = [(golds[row["problem_id"]], row["answer_text"] or "") for row in told]
    verdicts = iter(grade_answers(items, policy, algebra))
    return [
        make_verdict(row, policy, next(verdicts) if Status(row["status"]).has_text else None)
        for row in rollouts
    ]


def make_verdict(
    rollout: Mapping[str, Any], policy: Policy, verdict: Verdict | None
) -> dict[str, Any]:
    """Make a row of `verdicts`; without a verdict there was no reply, or nobody waited for it."""
    unasked = NOT_ANSWERED[0 if rollout["status"] == Status.OUTRUN else 1]
    return {
        "problem_id": rollout["problem_id"],
        "rollout_index": rollout["rollout_index"],
        "is_correct": verdict.is_correct if verdict else None,
        "rule": verdict.rule if verdict else unasked,
        "answer": verdict.answer if verdict else None,
        "extraction": (verdict.extraction if verdict else ExtractionStatus.MISSING).value,
        "policy": policy.description,
        "judge_text": None,
        "judge_is_correct": None,
    }


def _name_verdict(row: Mapping[str, Any]) -> str:
    if row["rule"] in NOT_ANSWERED:
        return str(row["rule"])
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
    problems = await asyncio.to_thread(
        read_shard, job, "problems", [*GOLD_COLUMNS, "source", "question"]
    )
    with AlgebraPool() as algebra:
        rows = await asyncio.to_thread(verify_rollouts, rollouts, problems, params, algebra)
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
