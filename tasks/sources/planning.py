"""How many rows each source of a recipe gives, and which of them a shard takes."""

import math
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.errors import SourceError
from schemas.recipe import SourceParams
from tasks.sources.opening import image_column
from tasks.sources.source import Source, SourceRow


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSource:
    """A source, and how many of its rows this run takes."""

    params: SourceParams
    name: str
    source: Source
    num_rows: int
    image: str
    """Column of the image."""


def plan_sources(
    sources: Iterable[tuple[SourceParams, Source]], limit: int | None
) -> list[PlannedSource]:
    """Decide how many rows each source gives.

    Weights scale the sources down to the largest mixture that has them exactly; `limit` bounds
    the total and keeps the shares.
    """
    opened = list(sources)
    caps = [min(source.num_rows, params.limit or source.num_rows) for params, source in opened]
    weights = [params.weight for params, _ in opened]
    if any(weights):
        if not all(weights):
            raise SourceError("give every source a weight, or none (source.weight)")
        scale = min(cap / (weight or 1) for cap, weight in zip(caps, weights, strict=True))
        caps = [math.floor(scale * (weight or 1)) for weight in weights]
    if limit is not None and limit < sum(caps):
        ends = [round(limit * sum(caps[: i + 1]) / sum(caps)) for i in range(len(caps))]
        caps = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    names = [params.name or _source_name(params.path) for params, _ in opened]
    if len(set(names)) < len(names):
        raise SourceError(f"two sources have the same name: {names}; set source.name")
    return [
        PlannedSource(
            params=params,
            name=name,
            source=source,
            num_rows=cap,
            image=image_column(params, source.columns()),
        )
        for (params, source), name, cap in zip(opened, names, caps, strict=True)
    ]


def _source_name(path: str) -> str:
    return posixpath.basename(path.rstrip("/")) or "source"


def shard_rows(
    sources: Iterable[PlannedSource], index: int, num_shards: int
) -> Iterator[tuple[PlannedSource, SourceRow]]:
    """Yield the rows of one shard: the same fraction of every source."""
    for planned in sources:
        start = planned.num_rows * index // num_shards
        stop = planned.num_rows * (index + 1) // num_shards
        for row in planned.source.read(start, stop):
            yield planned, row
