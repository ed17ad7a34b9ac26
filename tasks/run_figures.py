"""What the models of each run did, kept beside a partition's tables: `run-figures.json`.

It depends on time and on chance, so it is in no table and in no fingerprint. A run that sent
nothing adds nothing. What a run that was killed did in its last seconds is not in it.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.figures import ModelFigures, RunFigures
from tasks.storage import Folder

FILE = "run-figures.json"
MAX_RUNS = 1_000
"""The earliest are forgotten."""
SUMS = (
    "num_requests",
    "num_replies",
    "num_reused",
    "num_outrun",
    "prompt_tokens",
    "completion_tokens",
    "outrun_tokens",
    "saved_tokens",
    "busy_seconds",
    "slot_seconds",
    "full_seconds",
)


class _Runs(BaseModel):
    model_config = ConfigDict(frozen=True)

    runs: tuple[RunFigures, ...] = ()


def read_runs(partition: Folder) -> tuple[RunFigures, ...]:
    """Read what the runs of a partition did, the earliest first; a broken file is none."""
    if not partition.exists(FILE):
        return ()
    try:
        return _Runs.model_validate_json(partition.read(FILE)).runs
    except ValidationError:
        return ()


def write_run(partition: Folder, run: RunFigures) -> None:
    """Put a run in the place of what was written of it before; one that asked nothing is none."""
    if not any(model.num_requests or model.num_replies for model in run.models):
        return
    others = [other for other in read_runs(partition) if other.run_id != run.run_id]
    runs = _Runs(runs=(*others, run)[-MAX_RUNS:])
    partition.write(FILE, (runs.model_dump_json(indent=1) + "\n").encode())


def add_models(
    runs: Sequence[RunFigures], fingerprints: Collection[str] | None = None
) -> list[ModelFigures]:
    """Add up what each model did for each stage; with `fingerprints`, for these tables alone."""
    found: dict[tuple[str, ...], list[ModelFigures]] = {}
    for run in runs:
        for model in run.models:
            if fingerprints is None or model.fingerprint in fingerprints:
                key = (model.role, model.model, model.stage, model.fingerprint)
                found.setdefault(key, []).append(model)
    return [_add(models) for models in found.values()]


def _add(models: Sequence[ModelFigures]) -> ModelFigures:
    sums = {name: sum(getattr(model, name) for model in models) for name in SUMS}
    return models[-1].model_copy(
        update=sums
        | {
            "max_limit": max(model.max_limit for model in models),
            "retries": add_counts(model.retries for model in models),
            "cost_usd": add_costs(model.cost_usd for model in models),
        }
    )


def add_counts(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    """Add up counts by name, the largest first."""
    return dict(sum(map(Counter[str], counts), Counter[str]()).most_common())


def add_costs(costs: Iterable[float | None]) -> float | None:
    """Add up costs; None where none is known."""
    known = [cost for cost in costs if cost is not None]
    return sum(known) if known else None
