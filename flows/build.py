"""The main job: from images with questions and gold answers to a published data set.

    source -> ingest -> formalize -> reason -> verify -> curate -> publish

Each stage is a Prefect task per shard; a stage begins when the one before is complete. What is
complete already is found and not made again.
"""

from dataclasses import asdict
from typing import Any

from prefect import flow
from prefect.utilities.annotations import quote
from pydantic import BaseModel

from flows.logs import find_log_folder
from flows.models import Models, open_models
from flows.plan import BuildPlan, plan_build
from flows.publishing import REPORT, publish_partition, record_funnel
from flows.spending import describe_stop, open_budget
from flows.stages import count_rows, count_texts, run_stage
from schemas.figures import ModelFigures
from schemas.recipe import BudgetParams, Recipe
from tasks.budget import Budget
from tasks.curate import curate_shard
from tasks.duplicates import Seen
from tasks.formalize import formalize_shard
from tasks.funnel import FunnelStep, build_funnel, sum_counts
from tasks.grounding import open_tools
from tasks.ingest import ingest_shard
from tasks.lock import hold
from tasks.publish import read_manifest
from tasks.reason import reason_shard
from tasks.screen import Screening, screen_shard
from tasks.splitting import Splitting
from tasks.storage import Folder
from tasks.verify import verify_shard

NO_BUDGET = BudgetParams()


class BuildReport(BaseModel):
    """What a build did."""

    dataset: str
    partition: str
    target: str
    """Folder of the published data set; README.md in it is the card."""
    report: str
    """Path of the page that shows the partition that changed last."""
    rows: dict[str, int]
    """Rows of this partition by config."""
    funnel: list[dict[str, Any]]
    num_requests: int
    """Requests that were sent in this run; replies that were kept cost none."""
    is_changed: bool
    """Whether anything was written to the target."""
    saved_tokens: int = 0
    """Tokens that stopped rollouts would have gone on for in this run: an estimate."""
    models: list[ModelFigures] = []
    """What each model did in this run, for which stage."""
    stopped: str | None = None
    """Where the budget was spent: one sentence that says what is not finished."""


@flow(name="build", flow_run_name="build-{recipe.name}-{partition}", log_prints=False)
async def build(
    recipe: Recipe,
    workspace: str = "data/runs",
    partition: str = "all",
    limit: int | None = None,
    publish: str | None = None,
    budget: BudgetParams = NO_BUDGET,
) -> BuildReport:
    """Build one partition of a data set and publish it.

    With a budget, what was finished when it was spent is published; the next run goes on there.
    """
    plan = plan_build(recipe, workspace, partition, limit, publish)
    spending = open_budget(plan.recipe, budget)
    read_manifest(Folder(plan.target), recipe.name)  # refuses a target before anything is spent
    with hold(plan.folder):
        funnel, models = await run_stages(plan, spending)
        rows, is_changed = await publish_partition(plan, funnel)
    await record_funnel(funnel)
    return BuildReport(
        dataset=recipe.name,
        partition=partition,
        target=plan.target,
        report=f"{plan.target.rstrip('/')}/{REPORT}",
        rows=rows,
        funnel=[asdict(step) for step in funnel],
        num_requests=models.num_requests,
        is_changed=is_changed,
        saved_tokens=models.saved_tokens,
        models=models.watch.sum_up(),
        stopped=describe_stop(spending, funnel),
    )


async def run_stages(plan: BuildPlan, budget: Budget) -> tuple[list[FunnelStep], Models]:
    """Run every stage up to curate; return the funnel, and the models with their counts."""
    recipe = plan.recipe
    async with open_models(plan, find_log_folder(plan.folder), budget) as models:
        # Prefect walks through every argument, and an index of lines may be long.
        sources: Any = quote(plan.sources)
        seen = Seen()
        problems = await run_stage(
            plan,
            "ingest",
            plan.num_rows,
            lambda job: ingest_shard(job, sources, recipe.ingest, seen),
            at_once=1,
        )
        plan.close_sources()
        screening = Screening(plan.jobs, recipe.screen, recipe.ingest)
        screens = await run_stage(
            plan, "screen", count_rows(problems), lambda job: screen_shard(job, screening)
        )
        tools = open_tools(recipe.formalize)
        async with models.serve("vlm"):
            texts = await run_stage(
                plan,
                "formalize",
                sum_counts(screens)["ok"],
                lambda job: formalize_shard(
                    job, models.clients.get("vlm"), recipe.formalize, tools
                ),
            )
        async with models.serve("llm"):
            rollouts = await run_stage(
                plan,
                "reason",
                count_texts(texts),
                lambda job: reason_shard(job, models.clients["llm"], recipe.reason, recipe.verify),
            )
        async with models.serve("judge"):
            verdicts = await run_stage(
                plan,
                "verify",
                count_rows(rollouts),
                lambda job: verify_shard(job, recipe.verify, models.clients.get("judge")),
            )
            splitting = Splitting(plan.jobs, recipe.curate)
            curated = await run_stage(
                plan,
                "curate",
                count_rows(problems),
                lambda job: curate_shard(
                    job, recipe.curate, splitting, models.clients.get("judge")
                ),
            )
    return build_funnel([problems, screens, texts, rollouts, verdicts, curated]), models
