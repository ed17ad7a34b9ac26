"""Which servers a run starts: one for each model of kind `vllm`, shared by the roles it plays."""

import json
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

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
    """Return the servers of the roles; the same model with the same flags is served once."""
    groups: dict[str, list[str]] = {}
    for role in roles:
        model: ModelParams = getattr(recipe.models, role)
        if model.kind == "vllm":
            groups.setdefault(_identify_server(model), []).append(role)
    return [ServedModel(group, _make_spec(recipe, group)) for group in groups.values()]


def _identify_server(model: ModelParams) -> str:
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
