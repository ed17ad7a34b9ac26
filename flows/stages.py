"""Run one stage over all shards, or find it complete."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.metadata import version

from prefect.runtime import flow_run

from flows.plan import TABLES_OF, BuildPlan
from schemas.records import ShardReport
from tasks.funnel import sum_counts
from tasks.meter import METER
from tasks.shards import ShardJob, complete_table, find_shard, find_table
from tasks.unfinished import watch_unfinished

SHARDS_AT_ONCE = 4
"""Enough that one shard's last requests do not leave a server idle."""

StageTask = Callable[[ShardJob], Awaitable[ShardReport]]


async def run_stage(
    plan: BuildPlan,
    stage: str,
    total: int,
    make_shard: StageTask,
    *,
    at_once: int = SHARDS_AT_ONCE,
) -> list[ShardReport]:
    """Run one stage over all shards, or find it complete.

    Args:
        plan: the run.
        stage: a key of `TABLES_OF`.
        total: rows that the stage will see, for the progress display.
        make_shard: the stage's task, given a shard.
        at_once: shards in the making at a time.

    Returns:
        A report for each shard, in order.
    """
    meter = METER.get()
    *_, main = TABLES_OF[stage]
    meter.begin(stage, total)
    if plan.is_complete(stage):
        reports = find_table(plan.jobs, main) or []
        meter.advance(stage, total, reused=True)
    else:
        slots = asyncio.Semaphore(at_once)

        async def make_next(job: ShardJob) -> ShardReport:
            async with slots:
                with watch_unfinished():
                    report = await make_shard(job)
            # The stages that ask a model a row count their rows themselves, as they end.
            if report.is_reused or stage not in ROWS_OF:
                meter.advance(stage, count_done(job, report, stage), reused=report.is_reused)
            return report

        async with asyncio.TaskGroup() as group:
            made = [group.create_task(make_next(job)) for job in plan.jobs]
        reports = [task.result() for task in made]
        facts = {
            "identity": plan.identities[stage],
            "run_id": str(flow_run.get_id() or "none"),
            "code_version": version("sightline"),
        }
        for table in TABLES_OF[stage]:
            await asyncio.to_thread(complete_table, plan.jobs, table, facts)
    meter.end(stage)
    return reports


def count_done(job: ShardJob, report: ShardReport, stage: str) -> int:
    """Return the rows of a stage that a finished shard is of."""
    table, count = ROWS_OF.get(stage, (report.table, count_all))
    if table != report.table:
        found = find_shard(job, table, is_unfinished_fine=True)
        return count([found]) if found else 0
    return count([report])


def count_all(reports: list[ShardReport]) -> int:
    """Return all that a table's counts add up to."""
    return sum_counts(reports).total()


def count_rows(reports: list[ShardReport]) -> int:
    """Return the number of rows of a table."""
    return sum(report.rows for report in reports)


def count_texts(reports: list[ShardReport]) -> int:
    """Return the number of formal texts that can be reasoned from."""
    counts = sum_counts(reports)
    return counts["ok"] + counts["truncated"]


ROWS_OF = {"formalize": ("formal_texts", count_all), "reason": ("formal_texts", count_texts)}
"""Stage whose rows are problems to the table that tells how many it has."""
