"""Which servers a run starts: one for each model of kind `vllm`, shared by the roles it plays."""

import json
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import groupby

from schemas.recipe import ModelParams, Recipe
from tasks.server import VllmSpec, make_defaults


@dataclass(slots=True)
class ServedModel:
    """One server, and the roles that are asked of it."""

    roles: list[str]
    """In the order of their stages."""
    spec: VllmSpec
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    """Closed, it stops the server."""
    url: str = ""
    """Empty until the server has been started."""


def group_served(recipe: Recipe, roles: list[str]) -> list[ServedModel]:
    """Return the servers of the roles, in the order of their stages.

    Roles that follow each other with the same model and flags share a server. With another server
    between them they do not: the first is stopped for it, since they may share a GPU.
    """
    served = [role for role in roles if getattr(recipe.models, role).kind == "vllm"]
    groups = [list(group) for _, group in groupby(served, lambda r: _identify_server(recipe, r))]
    return [ServedModel(group, _make_spec(recipe, group)) for group in groups]


def _identify_server(recipe: Recipe, role: str) -> str:
    model: ModelParams = getattr(recipe.models, role)
    key = (model.path or model.name, model.revision, model.command, model.api_key_env)
    return json.dumps((*key, model.flags), sort_keys=True)


def _make_spec(recipe: Recipe, roles: list[str]) -> VllmSpec:
    models: list[ModelParams] = [getattr(recipe.models, role) for role in roles]
    first = models[0]
    defaults = make_defaults(set(roles), max_images=recipe.ingest.max_images)
    return VllmSpec(
        path=first.path or first.name,
        names=tuple(dict.fromkeys(model.name for model in models)),
        revision=first.revision,
        command=first.command,
        flags=defaults | first.flags,
        api_key_env=first.api_key_env,
        start_seconds=max(model.start_seconds for model in models),
        option=f"models.{roles[0]}",
    )
