"""What a build will do, before it does anything: its sources, shards, fingerprints and target."""

import hashlib
import math
import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from prompts import load_prompt
from schemas.errors import RecipeError
from schemas.recipe import NAME_PATTERN, ModelParams, ModelsParams, Recipe, SampledParams
from tasks.replies.store import FOLDER as REPLIES
from tasks.shards import ShardJob, find_table, make_fingerprint
from tasks.sources import PlannedSource, open_source, plan_sources, spread_sources
from tasks.storage import Folder

MAX_SHARDS = 120
"""Eight stages of this many tasks stay under the 1,000 task runs that Prefect records safely."""
SAMPLE_PARTITION = "estimate"
"""Where the sample of `sightline estimate` is."""
TABLES_OF = {
    "ingest": ("ingest_rejects", "problems"),
    "screen": ("screens",),
    "formalize": ("formal_texts",),
    "reason": ("rollouts",),
    "verify": ("verdicts",),
    "curate": ("rejects", "grpo", "test", "sft"),
}
"""Stage to its tables; the last is written last and completes a shard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPlan:
    """A build whose inputs are known to be there."""

    recipe: Recipe
    dataset: Folder
    """<workspace>/<dataset>."""
    partition: str
    sources: list[PlannedSource]
    jobs: list[ShardJob]
    identities: dict[str, dict[str, Any]]
    """Stage to everything that its fingerprint is made of."""
    target: str

    @property
    def num_rows(self) -> int:
        """Source rows of the run."""
        return sum(source.num_rows for source in self.sources)

    @property
    def folder(self) -> Folder:
        """The partition's folder."""
        return self.dataset.join(self.partition)

    def close_sources(self) -> None:
        """Let go of what the sources hold open, once ingest is done."""
        for planned in self.sources:
            planned.source.close()

    def is_complete(self, stage: str) -> bool:
        """Whether all tables of a stage are there already."""
        return all(find_table(self.jobs, table) is not None for table in TABLES_OF[stage])


def plan_build(
    recipe: Recipe, workspace: str, partition: str, limit: int | None, target: str | None
) -> BuildPlan:
    """Open the sources and lay out the run; asks no model and writes nothing.

    Raises:
        SourceError: a source cannot be read.
        RecipeError: a model has no server, a prompt does not exist, the partition has no name that
            a folder can have, or the workspace or the target is on no file system that answers.
    """
    check_partition(partition)
    recipe = pin_race(pin_models(recipe))
    target = target or recipe.publish.target or f"{workspace.rstrip('/')}/published"
    check_place("--workspace", workspace)
    check_place("--publish", target)
    sources = plan_sources([(params, open_source(params)) for params in recipe.source], limit)
    return lay_out(recipe, Folder(workspace).join(recipe.name), partition, sources, target)


def plan_sample(plan: BuildPlan, num_rows: int) -> BuildPlan:
    """Lay out a run of a few rows of every source, in a partition of its own."""
    sources = spread_sources(plan.sources, num_rows)
    return lay_out(plan.recipe, plan.dataset, SAMPLE_PARTITION, sources, plan.target)


def lay_out(
    recipe: Recipe, dataset: Folder, partition: str, sources: list[PlannedSource], target: str
) -> BuildPlan:
    """Cut the rows into shards, and say what each table depends on."""
    num_rows = sum(source.num_rows for source in sources)
    num_shards = max(1, min(math.ceil(num_rows / recipe.ingest.shard_rows), MAX_SHARDS))
    identities = identify_stages(recipe, sources, num_shards)
    tables = {
        table: make_fingerprint(identities[stage])
        for stage, names in TABLES_OF.items()
        for table in names
    }
    folder = dataset.join(partition)
    jobs = [
        ShardJob(partition=folder.url, tables=tables, index=index, num_shards=num_shards)
        for index in range(num_shards)
    ]
    return BuildPlan(
        recipe=recipe,
        dataset=dataset,
        partition=partition,
        sources=sources,
        jobs=jobs,
        identities=identities,
        target=target,
    )


def check_partition(name: str) -> None:
    """Make sure that a partition can have a folder of this name beside the replies.

    Raises:
        RecipeError: it cannot.
    """
    if not re.fullmatch(NAME_PATTERN, name):
        raise RecipeError(f"--partition: expected letters, digits and . _ -, got {name!r}")
    if name in (REPLIES, SAMPLE_PARTITION):
        raise RecipeError(f"--partition: {name!r} is a folder of Sightline's own; choose another")


def check_place(option: str, url: str) -> None:
    """Make sure, before anything is spent, that a URL names a file system that answers.

    Raises:
        RecipeError: it names none, its package is not installed, or it lets nobody in.
    """
    try:
        place = Folder(url)
        if not place.is_local:
            place.size("")
    except Exception as error:  # The back ends of fsspec raise what they like.
        raise RecipeError(f"{option}: cannot write to {url!r}: {error}") from None


def pin_models(recipe: Recipe) -> Recipe:
    """Give embedded models the hash of their weights as revision: other weights, other replies.

    Raises:
        RecipeError: a checkpoint folder has no weights.
    """
    roles = {role: getattr(recipe.models, role) for role in ModelsParams.model_fields}
    pinned = {
        role: model.model_copy(update={"revision": _hash_weights(role, model)})
        for role, model in roles.items()
        if model is not None and model.kind == "embedded"
    }
    return recipe.model_copy(update={"models": recipe.models.model_copy(update=pinned)})


def pin_race(recipe: Recipe) -> Recipe:
    """Write down whether rollouts race, so that the default and the same choice are one table."""
    reason = recipe.reason.model_copy(update={"race": recipe.is_racing})
    return recipe.model_copy(update={"reason": reason})


def _hash_weights(role: str, model: ModelParams) -> str:
    weights = sorted(Path(model.path).glob("*.safetensors"))
    if not model.path or not weights:
        raise RecipeError(
            f"models.{role}.path: no *.safetensors in {model.path!r}; give a checkpoint folder"
        )
    folder = Folder(model.path)
    hashes = [folder.sha256(file.name) for file in weights]
    return hashlib.sha256("".join(hashes).encode()).hexdigest()[:16]


def identify_stages(
    recipe: Recipe, sources: list[PlannedSource], num_shards: int
) -> dict[str, dict[str, Any]]:
    """Say what each stage's result depends on; each holds the fingerprint of the one before."""
    own: dict[str, dict[str, Any]] = {
        "ingest": {
            "sources": [_identify_source(source) for source in sources],
            "params": recipe.ingest.model_dump(),
            "num_shards": num_shards,
            "code_version": version("sightline"),
        },
        "screen": _identify_screen(recipe),
        "formalize": _identify_formalize(recipe),
        "reason": _identify_reason(recipe),
        "verify": _identify_verify(recipe, [source.name for source in sources]),
        "curate": _identify_curate(recipe),
    }
    upstream = None
    for stage, identity in own.items():
        own[stage] = {"stage": stage, "upstream": upstream, **identity}
        upstream = make_fingerprint(own[stage])
    return own


def _identify_source(planned: PlannedSource) -> dict[str, Any]:
    params = planned.params.model_dump(exclude={"path", "limit", "weight"})
    taken = {"name": planned.name, "num_rows": planned.num_rows}
    return params | taken | {"version": planned.source.version}


def _identify_formalize(recipe: Recipe) -> dict[str, Any]:
    if not recipe.formalize.enabled:
        return {"prompt_sha256": {}}
    return _identify_sampled(recipe.formalize, recipe.models.vlm, "vlm")


def _identify_reason(recipe: Recipe) -> dict[str, Any]:
    identity = _identify_sampled(recipe.reason, recipe.models.llm, "llm")
    if not recipe.reason.needs_verdicts:
        return identity
    # What is sampled and what is stopped depends on what counts as equal.
    verify = recipe.verify.model_dump(exclude={"judge"})
    return identity | {"verify": verify, "code_version": version("sightline")}


def _identify_verify(recipe: Recipe, sources: list[str]) -> dict[str, Any]:
    params, judge = recipe.verify, recipe.models.judge
    unknown = sorted(set(params.sources) - set(sources))
    if unknown:
        raise RecipeError(f"verify.sources: no source {unknown[0]!r}; the sources are {sources}")
    if params.judge.audit_fraction and judge is None:
        raise RecipeError(
            "verify.judge.audit_fraction: there is no judge to ask; give --judge NAME@URL, or 0"
        )
    return {
        "params": params.model_dump(exclude={"judge"}),
        "judge": _identify_sampled(params.judge, judge, "judge") if judge else None,
        "code_version": version("sightline"),
    }


def _identify_curate(recipe: Recipe) -> dict[str, Any]:
    identity = {"params": recipe.curate.model_dump(), "code_version": version("sightline")}
    params, judge = recipe.curate.consistency, recipe.models.judge
    if params is None:
        return identity
    if judge is None:
        raise RecipeError("curate.consistency: there is no judge to ask; give --judge NAME@URL")
    asked = {"prompt_sha256": load_prompt(params.prompt).sha256}
    return identity | {"judge": asked | {"model": judge.name, "model_revision": judge.revision}}


def _identify_screen(recipe: Recipe) -> dict[str, Any]:
    versions = [open_source(params).version for params in recipe.screen.benchmarks]
    return {"params": recipe.screen.model_dump(), "versions": versions}


def _identify_sampled(params: SampledParams, model: ModelParams, role: str) -> dict[str, Any]:
    if model.kind == "endpoint" and not model.urls:
        raise RecipeError(
            f"models.{role}.urls: {model.name!r} has no server; start one and give"
            f" --{role} {model.name}@http://127.0.0.1:8000/v1"
        )
    return {
        "params": params.model_dump(),
        "prompt_sha256": {name: load_prompt(name).sha256 for name in params.prompts},
        "model": model.name,
        "model_revision": model.revision,
    }
