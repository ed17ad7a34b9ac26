"""What a build will take, before it is run: from a small measured sample, or from what is there.

The sample goes through the real stages, in a partition of its own. Its replies are kept by content,
so the run itself pays for none of them again, and the same question again costs nothing.
"""

import asyncio
from collections.abc import Iterable

import numpy as np
from prefect import flow
from pydantic import BaseModel

from flows.build import run_stages
from flows.plan import BuildPlan, plan_build, plan_sample
from schemas.figures import ModelFigures
from schemas.recipe import ModelParams, Recipe
from tasks.budget import Budget
from tasks.estimation import Interval, Pace, estimate_count, estimate_seconds, estimate_total
from tasks.lock import hold
from tasks.measuring import Measured, measure
from tasks.replies import ReplyStore
from tasks.run_figures import add_models, read_runs

NO_PACE = "no time was measured: all replies of the sample were kept before"
NOT_FILLED = (
    "the sample had {in_use:.0f} requests at a time and the servers may have {limit} or more:"
    " from all slots at the latency of the sample, {latency:.1f} s, to its own pace"
)
LIMITED = "no more than {limit:,.0f} {name} a minute are allowed"
SHARED_IMAGES = (
    "an image under several questions is asked once; the sample does not see that, so tokens and"
    " requests of vlm may be fewer"
)
RACE = (
    "rollouts race: on busy servers more of them are stopped before they begin, so requests of llm"
    " may be fewer"
)


class ModelEstimate(BaseModel):
    """What one model will be asked."""

    role: str
    model: str
    requests: Interval
    prompt_tokens: Interval
    completion_tokens: Interval
    usd: Interval | None
    """None: the recipe gives no price."""
    hours: Interval | None
    """None: no time was measured."""
    note: str = ""
    """What the hours rest on, where that is not the pace of full servers."""


class Estimate(BaseModel):
    """What a build will take and give, with 90 % intervals."""

    dataset: str
    partition: str
    num_rows: int
    """Source rows of the run."""
    num_measured: int
    """Of these, rows that were measured; the rest is extrapolated."""
    is_built: bool
    """The tables of the partition are there; nothing is left to pay for."""
    models: list[ModelEstimate]
    usd: Interval | None
    """Of all models; None: one has no price."""
    hours: Interval | None
    """Of all models, one after the other; None: of one, no time was measured."""
    rows: dict[str, Interval]
    """Rows of each config."""
    num_paid_requests: int
    num_paid_tokens: int
    """Of the measured rows: kept, and not paid for again."""
    num_requests: int
    """Requests that were sent for this estimate."""
    notes: list[str]


@flow(name="estimate", flow_run_name="estimate-{recipe.name}-{partition}", log_prints=False)
async def estimate(
    recipe: Recipe,
    workspace: str = "data/runs",
    partition: str = "all",
    limit: int | None = None,
    sample: int = 24,
) -> Estimate:
    """Estimate what building a partition takes and gives."""
    plan = plan_build(recipe, workspace, partition, limit, None)
    is_built = all(plan.is_complete(stage) for stage in plan.identities)
    sampled = plan if is_built else plan_sample(plan, sample)
    num_requests = 0
    if not is_built:
        with hold(sampled.folder):
            _, models = await run_stages(sampled, Budget())
            num_requests = models.num_requests
    async with ReplyStore.open(plan.dataset.url) as replies:
        measured = await asyncio.to_thread(measure, sampled.jobs, sampled.recipe, replies)
    return make_estimate(plan, sampled, measured, num_requests)


def make_estimate(
    plan: BuildPlan, sampled: BuildPlan, measured: Measured, num_requests: int
) -> Estimate:
    """Scale what was measured to the whole run."""
    tables = set(sampled.jobs[0].tables.values())
    figures = {model.role: model for model in add_models(read_runs(sampled.folder), tables)}
    models = [
        estimate_model(plan, role, costs, figures.get(role))
        for role, costs in measured.costs.items()
    ]
    spent = sum(measured.costs.values(), np.zeros((measured.num_rows, 3), dtype=np.int64))
    totals = spent.sum(axis=0)
    return Estimate(
        dataset=plan.recipe.name,
        partition=plan.partition,
        num_rows=plan.num_rows,
        num_measured=measured.num_rows,
        is_built=plan is sampled,
        models=models,
        usd=add_intervals(model.usd for model in models),
        hours=add_intervals(model.hours for model in models),
        rows={
            name: estimate_count(count, measured.num_rows, plan.num_rows)
            for name, count in measured.yields.items()
        },
        num_paid_requests=int(totals[0]),
        num_paid_tokens=int(totals[1] + totals[2]),
        num_requests=num_requests,
        notes=[] if plan is sampled else list_notes(plan.recipe),
    )


def estimate_model(
    plan: BuildPlan, role: str, costs: np.ndarray, figures: ModelFigures | None
) -> ModelEstimate:
    """Scale what one model was asked."""
    model: ModelParams = getattr(plan.recipe.models, role)
    requests, read, written = (estimate_total(column, plan.num_rows) for column in costs.T)
    hours, note = estimate_hours(requests, figures)
    hours, note = respect_limits(hours, note, requests, add_intervals([read, written]), model)
    usd = None
    if model.price_in is not None or model.price_out is not None:
        prices = np.array([0.0, model.price_in or 0.0, model.price_out or 0.0])
        usd = estimate_total(costs @ prices, plan.num_rows).scale(1e-6)
    return ModelEstimate(
        role=role,
        model=model.name,
        requests=requests,
        prompt_tokens=read,
        completion_tokens=written,
        usd=usd,
        hours=hours,
        note=note,
    )


def estimate_hours(requests: Interval, figures: ModelFigures | None) -> tuple[Interval | None, str]:
    """Estimate how long a model is asked, and say what that rests on."""
    if not requests.high:
        return Interval(expected=0, low=0, high=0), ""
    if figures is None or not figures.num_requests or not figures.busy_seconds:
        return None, NO_PACE
    pace = Pace(**{name: getattr(figures, name) for name in Pace.__dataclass_fields__})
    hours = estimate_seconds(requests, pace).scale(1 / 3_600)
    words = "" if pace.is_full else NOT_FILLED.format(
        in_use=pace.slot_seconds / pace.busy_seconds,
        limit=pace.max_limit,
        latency=pace.slot_seconds / pace.num_requests,
    )  # fmt: skip
    return hours, words


def respect_limits(
    hours: Interval | None,
    note: str,
    requests: Interval,
    tokens: Interval | None,
    model: ModelParams,
) -> tuple[Interval | None, str]:
    """Lengthen the hours to what `rpm` and `tpm` allow; a sample may pass below both."""
    limits = [(requests, model.rpm, "requests"), (tokens, model.tpm, "tokens")]
    for amount, per_minute, name in limits:
        if hours is None or amount is None or per_minute is None:
            continue
        least = amount.scale(1 / per_minute / 60)
        if least.high > hours.high:
            note = LIMITED.format(limit=per_minute, name=name)
        hours = hours.at_least(least)
    return hours, note


def list_notes(recipe: Recipe) -> list[str]:
    """List what a sample cannot see of a recipe."""
    is_blind = not recipe.formalize.show_question and recipe.formalize.bridge is None
    return [*([SHARED_IMAGES] if is_blind else []), *([RACE] if recipe.is_racing else [])]


def add_intervals(intervals: Iterable[Interval | None]) -> Interval | None:
    """Add up intervals, end by end, which is wider than it need be; None where one is not known."""
    found = list(intervals)
    known = [interval for interval in found if interval is not None]
    if len(known) < len(found):
        return None
    expected = [interval.expected for interval in known]
    numbers = [number for number in expected if number is not None]
    return Interval(
        expected=sum(numbers) if len(numbers) == len(expected) else None,
        low=sum(interval.low for interval in known),
        high=sum(interval.high for interval in known),
    )
