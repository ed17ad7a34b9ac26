"""Look at everything that a run of a recipe will need, before it is run, each with its remedy."""

import asyncio
import os
from collections.abc import AsyncIterator

from prefect import get_client

from flows.models import make_endpoint
from schemas.checks import Check
from schemas.errors import SourceError
from schemas.recipe import ModelParams, Recipe
from schemas.urls import may_hold_secret
from tasks.checkup import (
    check_hub,
    check_packages,
    check_tools,
    check_vllm,
    check_workspace,
    list_models,
)
from tasks.sampling.checkup import Demands, check_server
from tasks.sources import open_source, plan_sources


async def examine(recipe: Recipe, workspace: str) -> AsyncIterator[Check]:
    """Yield what each check finds, the quick ones first."""
    for check in check_packages():
        yield check
    yield await check_prefect()
    for check in check_workspace(workspace):
        yield check
    for check in [*check_tools(recipe, workspace), *check_hub(recipe)]:
        yield check
    yield await asyncio.to_thread(check_sources, recipe)
    for role, model in list_models(recipe):
        async for check in check_model(recipe, role, model):
            yield check


async def check_prefect() -> Check:
    """Check the Prefect API that the run will use."""
    url = os.environ.get("PREFECT_API_URL")
    if url is None:
        found = "a local server of its own, started with the run"
        return Check(subject="Prefect API", verdict="ok", found=found)
    shown = "the server of PREFECT_API_URL" if may_hold_secret(url) else url
    async with get_client() as client:
        fault = await client.api_healthcheck()
    if fault is None:
        return Check(subject="Prefect API", verdict="ok", found=shown)
    remedy = "start it with: prefect server start; or unset PREFECT_API_URL"
    found = f"{shown} does not answer: {type(fault).__name__}"
    return Check(subject="Prefect API", verdict="fault", found=found, remedy=remedy)


def check_sources(recipe: Recipe) -> Check:
    """Check that the sources can be read, and count their rows."""
    try:
        planned = plan_sources([(params, open_source(params)) for params in recipe.source], None)
    except SourceError as error:
        remedy = "give --source, or correct it in the recipe"
        return Check(subject="source", verdict="fault", found=str(error), remedy=remedy)
    for source in planned:
        source.source.close()
    found = ", ".join(f"{source.name}: {source.num_rows:,} rows" for source in planned)
    return Check(subject="source", verdict="ok", found=found)


async def check_model(recipe: Recipe, role: str, model: ModelParams) -> AsyncIterator[Check]:
    """Check the servers of a model, or what its server will be started from."""
    if model.kind == "vllm":
        for check in await asyncio.to_thread(lambda: list(check_vllm(role, model))):
            yield check
    elif model.kind == "endpoint" and not model.urls:
        yield Check(
            subject=role,
            verdict="fault",
            found=f"{model.name} has no server",
            remedy=f"start one and give --{role} {model.name}@http://127.0.0.1:8000/v1",
        )
    endpoint = make_endpoint(model, model.urls, role)
    for url in model.urls:
        for check in await check_server(role, url, endpoint, list_demands(recipe, role)):
            yield check


def list_demands(recipe: Recipe, role: str) -> Demands:
    """Return what the recipe will ask of a role's server."""
    if role == "vlm":
        return Demands(
            max_tokens=recipe.formalize.max_tokens,
            max_images=recipe.ingest.max_images,
            max_side=recipe.ingest.max_side,
        )
    if role == "llm":
        return Demands(max_tokens=recipe.reason.max_tokens, is_streamed=recipe.is_racing)
    consistency = recipe.curate.consistency
    longest = max(recipe.verify.judge.max_tokens, consistency.max_tokens if consistency else 0)
    return Demands(max_tokens=longest)
