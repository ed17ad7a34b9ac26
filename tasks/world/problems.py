"""Endless seeded problems: images with formal text, questions and gold answers.

Four kinds: scenes of colored shapes (JSON), bar charts (CSV), tables (CSV), polygons with labelled
sides (geometry predicates). A problem is made from its kind and seed alone, so the same pair gives
the same pixels and the same question everywhere. Training, the bundled sample and the benchmark
draw from disjoint ranges of seeds.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from tasks.world.bars import make_bar_chart
from tasks.world.figures import Figure, Question
from tasks.world.geometry import make_polygon
from tasks.world.scenes import make_scene
from tasks.world.tables import make_table

MAKERS: dict[str, Callable[[random.Random], Figure]] = {
    "scene": make_scene,
    "bars": make_bar_chart,
    "table": make_table,
    "geometry": make_polygon,
}
KINDS = tuple(MAKERS)
SEEDS = {
    "sample": range(0, 1_000_000),
    "benchmark": range(1_000_000, 2_000_000),
    "train": range(2_000_000, 2**48),
}
"""Disjoint: no image that is shown or measured was trained on. What a small scene holds recurs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldProblem:
    """One image with one question, and everything that is true of it."""

    kind: str
    seed: int
    image: Image.Image
    formal_text: str
    question: Question

    @property
    def source_id(self) -> str:
        """Names the problem: kind and seed."""
        return f"{self.kind}-{self.seed:06d}"


def make_figure(kind: str, seed: int) -> tuple[Figure, random.Random]:
    """Make a figure, and the generator for its looks and questions."""
    if kind not in MAKERS:
        raise ValueError(f"no kind {kind!r}; known kinds: {list(MAKERS)}")
    rng = random.Random(seed * len(KINDS) + KINDS.index(kind))
    return MAKERS[kind](rng), rng


def make_problem(kind: str, seed: int) -> WorldProblem:
    """Make the one problem of this kind and seed."""
    figure, rng = make_figure(kind, seed)
    question = figure.ask(rng)
    return WorldProblem(
        kind=kind,
        seed=seed,
        image=figure.draw(rng).image,
        formal_text=figure.formal_text,
        question=question,
    )


def list_problems(num: int, split: str, kinds: tuple[str, ...] = KINDS) -> list[WorldProblem]:
    """Make the first `num` problems of a split, the kinds taking turns."""
    seeds = SEEDS[split]
    return [make_problem(kinds[i % len(kinds)], seeds[i // len(kinds)]) for i in range(num)]
