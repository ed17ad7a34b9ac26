"""Put one partition of a data set into its target: files, report, card, and the manifest last."""

import asyncio
from dataclasses import asdict, replace
from importlib.metadata import version
from typing import Any

from prefect.artifacts import acreate_table_artifact

from flows.figures import list_figures
from flows.plan import BuildPlan
from schemas.recipe import ModelParams
from tasks.card import write_card
from tasks.funnel import FunnelStep
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
from tasks.report import (
    add_summaries,
    count_checks,
    count_curation,
    count_formats,
    count_tokens,
    describe_curation,
    read_sample,
    summarize,
    write_report,
)
from tasks.run_figures import add_models, read_runs
from tasks.storage import Folder

REPORT = "report.html"


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
        facts = await asyncio.to_thread(describe_partition, plan, funnel)
        new = merge_manifest(old, plan.partition, files, facts)
        card = write_card(
            title=recipe.publish.title or recipe.name,
            license=recipe.publish.license,
            rows={c: sum(f.rows for f in new.files if f.config == c) for c in CONFIGS},
            partitions=new.partitions,
            schemas={c: published_schema(c, max_images) for c in CONFIGS},
            tables=add_summaries(list(new.partitions.values())),
        )
        if is_changed or old != new or not target.exists(REPORT):
            await asyncio.to_thread(publish_report, plan, funnel)
            is_changed = True
        is_changed = complete_target(target, old, new, card) or is_changed
    meter.end("publish")
    return {c: sum(f.rows for f in files if f.config == c) for c in CONFIGS}, is_changed


def publish_report(plan: BuildPlan, funnel: list[FunnelStep]) -> None:
    """Write the page of this partition; the page shows the partition that changed last."""
    recipe = plan.recipe
    page = write_report(
        title=recipe.publish.title or recipe.name,
        funnel=funnel,
        identity={"partition": plan.partition} | list_identity(plan),
        facts=replace(summarize(plan.jobs), spending=read_spending(plan)),
        sample=read_sample(plan.jobs),
    ).encode()
    Folder(plan.target).write(REPORT, page)


def read_spending(plan: BuildPlan) -> list[dict[str, str]]:
    """Read what the models were asked in the runs that made this partition's tables."""
    runs = read_runs(plan.folder)
    return [list_figures(model) for model in add_models(runs, set(plan.jobs[0].tables.values()))]


def describe_partition(plan: BuildPlan, funnel: list[FunnelStep]) -> dict[str, Any]:
    """Return the facts of a partition that the card shows."""
    recipe = plan.recipe
    checks = count_checks(plan.jobs) if recipe.models.judge else {}
    return {
        "funnel": [asdict(step) for step in funnel],
        "formats": {name: asdict(own) for name, own in count_formats(plan.jobs).items()},
        "curation": describe_curation(count_curation(plan.jobs)),
        "judge": {name: asdict(own.judge) for name, own in checks.items() if own.judge},
        "tokens": list_tokens(plan),
        "identity": list_identity(plan),
    }


def list_identity(plan: BuildPlan) -> dict[str, Any]:
    """List what a partition was made with."""
    recipe, identities = plan.recipe, plan.identities
    return {
        "recipe": recipe.name,
        "sources": ", ".join(source.name for source in plan.sources),
        "vlm": recipe.models.vlm.name,
        "llm": recipe.models.llm.name,
        "judge": recipe.models.judge.name if recipe.models.judge else "none",
        "formalize prompts": _list_prompts(identities["formalize"]),
        "reason prompts": _list_prompts(identities["reason"]),
        "num_rollouts": recipe.reason.num_rollouts,
        "select": recipe.curate.select,
        "code version": version("sightline"),
    }


def list_tokens(plan: BuildPlan) -> dict[str, dict[str, Any]]:
    """List the tokens behind the tables by role, and their price where the recipe has one."""
    listed: dict[str, dict[str, Any]] = {}
    for role, counts in count_tokens(plan.jobs).items():
        model: ModelParams = getattr(plan.recipe.models, role)
        usd = None
        if model.price_in is not None or model.price_out is not None:
            dear = counts["prompt_tokens"] * (model.price_in or 0.0)
            usd = (dear + counts["completion_tokens"] * (model.price_out or 0.0)) / 1e6
        listed[role] = {"model": model.name, **counts, "usd": usd}
    return listed


def _list_prompts(identity: dict[str, Any]) -> str:
    """Write prompt names, each with the start of its sha256."""
    return ", ".join(f"{name} {sha256[:16]}" for name, sha256 in identity["prompt_sha256"].items())


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
