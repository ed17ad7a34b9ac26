"""The main job: from images with questions and gold answers to a published data set.

    source -> ingest -> formalize -> reason -> verify -> curate -> publish

Each stage is a Prefect task per shard; a stage begins when the one before is complete. What is
complete already is found and not made again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from prefect import flow
from prefect.artifacts import acreate_table_artifact
from prefect.runtime import flow_run
from prefect.utilities.annotations import quote
from pydantic import BaseModel

from flows.logs import find_log_folder
from flows.models import open_models
from flows.plan import TABLES_OF, BuildPlan, plan_build
from schemas.recipe import Recipe
from schemas.records import ShardReport
from tasks.card import write_card
from tasks.curate import curate_shard
from tasks.duplicates import Seen
from tasks.formalize import formalize_shard
from tasks.funnel import FunnelStep, build_funnel, sum_counts
from tasks.ingest import ingest_shard
from tasks.lock import hold
from tasks.meter import METER
from tasks.publish import (
    CONFIGS,
    PublishedFile,
    complete_target,
    merge_manifest,
    publish_shard,
    published_schema,
    read_manifest,
)
from tasks.reason import reason_shard
from tasks.report import read_sample, summarize, write_report
from tasks.shards import ShardJob, complete_table, find_table
from tasks.storage import Folder
from tasks.verify import verify_shard

SHARDS_AT_ONCE = 4
"""Enough that one shard's last requests do not leave a server idle."""

REPORT = "report.html"

Reports = dict[str, list[ShardReport]]
StageTask = Callable[[ShardJob], Awaitable[ShardReport]]


class BuildReport(BaseModel):
    """What a build did."""

    dataset: str
    partition: str
    target: str
    """Folder of the published data set; README.md in it is the card."""
    report: str
    """Path of the page that shows this partition."""
    rows: dict[str, int]
    """Rows of this partition by config."""
    funnel: list[dict[str, Any]]
    num_requests: int
    """Requests that were sent in this run; replies that were kept cost none."""
    is_changed: bool
    """Whether anything was written to the target."""


@flow(name="build", flow_run_name="build-{recipe.name}-{partition}", log_prints=False)
async def build(
    recipe: Recipe,
    workspace: str = "data/runs",
    partition: str = "all",
    limit: int | None = None,
    publish: str | None = None,
) -> BuildReport:
    """Build one partition of a data set and publish it."""
    plan = plan_build(recipe, workspace, partition, limit, publish)
    reports: Reports = {}
    read_manifest(Folder(plan.target), recipe.name)  # refuses a target before anything is spent
    with hold(plan.folder):
        async with open_models(
            plan, find_log_folder(plan.folder) / "embedded-server.log"
        ) as models:
            # Prefect walks through every argument, and an index of lines may be long.
            sources: Any = quote(plan.sources)
            seen = Seen()
            await run_stage(
                plan,
                reports,
                "ingest",
                plan.num_rows,
                lambda job: ingest_shard(job, sources, recipe.ingest, seen),
                at_once=1,
            )
            for planned in plan.sources:
                planned.source.close()
            problems = sum_rows(reports, "problems")
            await run_stage(
                plan,
                reports,
                "formalize",
                problems,
                lambda job: formalize_shard(job, models["vlm"], recipe.formalize),
            )
            texts = count_texts(reports["formal_texts"])
            await run_stage(
                plan,
                reports,
                "reason",
                texts * recipe.reason.num_rollouts,
                lambda job: reason_shard(job, models["llm"], recipe.reason),
            )
            rollouts = sum_rows(reports, "rollouts")
            await run_stage(plan, reports, "verify", rollouts, verify_shard)
            await run_stage(
                plan, reports, "curate", problems, lambda job: curate_shard(job, recipe.curate)
            )
            num_requests = sum(client.num_requests for client in models.values())
        funnel = build_funnel(reports)
        rows, is_changed = await publish_partition(plan, funnel)
    await record_funnel(funnel)
    return BuildReport(
        dataset=recipe.name,
        partition=partition,
        target=plan.target,
        report=f"{plan.target.rstrip('/')}/{REPORT}",
        rows=rows,
        funnel=[asdict(step) for step in funnel],
        num_requests=num_requests,
        is_changed=is_changed,
    )


async def run_stage(
    plan: BuildPlan,
    reports: Reports,
    stage: str,
    total: int,
    make_shard: StageTask,
    *,
    at_once: int = SHARDS_AT_ONCE,
) -> None:
    """Run one stage over all shards, or find it complete, and keep its reports."""
    meter = METER.get()
    *_, main = TABLES_OF[stage]
    meter.begin(stage, total)
    if plan.is_complete(stage):
        reports[main] = find_table(plan.jobs, main) or []
        meter.advance(stage, total, reused=True)
    else:
        slots = asyncio.Semaphore(at_once)

        async def make_next(job: ShardJob) -> ShardReport:
            async with slots:
                report = await make_shard(job)
            meter.finish_shard(stage, report, counts_replies=stage in ("formalize", "reason"))
            return report

        async with asyncio.TaskGroup() as group:
            made = [group.create_task(make_next(job)) for job in plan.jobs]
        reports[main] = [task.result() for task in made]
        facts = {
            "identity": plan.identities[stage],
            "run_id": str(flow_run.get_id() or "none"),
            "code_version": version("sightline"),
        }
        for table in TABLES_OF[stage]:
            await asyncio.to_thread(complete_table, plan.jobs, table, facts)
    meter.end(stage)


def sum_rows(reports: Reports, table: str) -> int:
    """Return the number of rows of a table."""
    return sum(report.rows for report in reports[table])


def count_texts(reports: list[ShardReport]) -> int:
    """Return the number of formal texts that can be reasoned from."""
    counts = sum_counts(reports)
    return counts["ok"] + counts["truncated"]


async def publish_partition(
    plan: BuildPlan, funnel: list[FunnelStep]
) -> tuple[dict[str, int], bool]:
    """Publish the partition's shards, then the card, the manifest and the report.

    Returns:
        Rows by config, and whether anything was written.
    """
    meter, target, recipe = METER.get(), Folder(plan.target), plan.recipe
    max_images = recipe.ingest.max_images
    meter.begin("publish", len(plan.jobs))
    with hold(target, wait_seconds=600):
        old = read_manifest(target, recipe.name)
        files: list[PublishedFile] = []
        is_changed = False
        for job in plan.jobs:
            report, written = await publish_shard(job, plan.target, plan.partition, max_images, old)
            files += written
            is_changed = is_changed or not report.is_reused
            meter.advance("publish", 1, reused=report.is_reused)
        new = merge_manifest(old, plan.partition, files, describe_partition(plan, funnel))
        card = write_card(
            title=recipe.publish.title or recipe.name,
            license=recipe.publish.license,
            rows={c: sum(f.rows for f in new.files if f.config == c) for c in CONFIGS},
            partitions=new.partitions,
            schemas={c: published_schema(c, max_images) for c in CONFIGS},
        )
        is_changed = complete_target(target, old, new, card) or is_changed
        is_changed = await asyncio.to_thread(publish_report, plan, funnel) or is_changed
    meter.end("publish")
    return {c: sum(f.rows for f in files if f.config == c) for c in CONFIGS}, is_changed


def publish_report(plan: BuildPlan, funnel: list[FunnelStep]) -> bool:
    """Write the page of this partition; False if it is there already, byte for byte."""
    target, recipe = Folder(plan.target), plan.recipe
    page = write_report(
        title=recipe.publish.title or recipe.name,
        funnel=funnel,
        identity={"partition": plan.partition} | describe_partition(plan, funnel)["identity"],
        facts=summarize(plan.jobs),
        sample=read_sample(plan.jobs),
    ).encode()
    if target.exists(REPORT) and target.read(REPORT) == page:
        return False
    target.write(REPORT, page)
    return True


def describe_partition(plan: BuildPlan, funnel: list[FunnelStep]) -> dict[str, Any]:
    """Return the facts of a partition that the card shows."""
    recipe, identities = plan.recipe, plan.identities
    return {
        "funnel": [asdict(step) for step in funnel],
        "identity": {
            "recipe": recipe.name,
            "sources": ", ".join(source.name for source in plan.sources),
            "vlm": recipe.models.vlm.name,
            "llm": recipe.models.llm.name,
            "formalize prompt sha256": identities["formalize"]["prompt_sha256"],
            "reason prompt sha256": identities["reason"]["prompt_sha256"],
            "num_rollouts": recipe.reason.num_rollouts,
            "select": recipe.curate.select,
            "code version": version("sightline"),
        },
    }


async def record_funnel(funnel: list[FunnelStep]) -> None:
    """Show the funnel in the Prefect UI."""
    table = [
        {
            "step": step.label,
            "in": step.num_in,
            "out": step.num_out,
            "the rest": ", ".join(f"{name} {count}" for name, count in step.reasons.items()),
        }
        for step in funnel
    ]
    await acreate_table_artifact(table=table, key="funnel", description="In = out + the rest.")
