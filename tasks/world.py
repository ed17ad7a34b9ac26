"""The miniature visual world: endless seeded images with formal text, questions and gold answers.

Four kinds: scenes of colored shapes (JSON), bar charts (CSV), tables (CSV), polygons with labelled
sides (geometry predicates). A problem is made from its kind and seed alone, so the same pair gives
the same pixels and the same question everywhere. Training, the bundled sample and the benchmark
draw from disjoint ranges of seeds.

    python -m tasks.world FOLDER [--num 64] [--split sample]
"""

import argparse
import json
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tasks.world_bars import make_bar_chart
from tasks.world_figures import Figure, Question
from tasks.world_geometry import make_polygon
from tasks.world_scenes import make_scene
from tasks.world_tables import make_table

MAKERS: dict[str, Callable[[random.Random], Figure]] = {
    "scene": make_scene,
    "bars": make_bar_chart,
    "table": make_table,
    "geometry": make_polygon,
}
KINDS = tuple(MAKERS)
FORMATS = {"scene": "json", "bars": "csv", "table": "csv", "geometry": "geometry"}
"""Format of each kind's formal text."""
SEEDS = {
    "sample": range(0, 1_000_000),
    "benchmark": range(1_000_000, 2_000_000),
    "train": range(2_000_000, 2**48),
}
"""Disjoint, so nothing that is shown or measured was trained on."""


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


def describe_row(problem: WorldProblem) -> dict[str, object]:
    """Give the metadata row of a problem, without its formal text."""
    question = problem.question
    return {
        "file_name": f"{problem.source_id}.png",
        "id": problem.source_id,
        "question": question.text,
        "choices": list(question.options) or None,
        "answer": question.answer,
        "kind": problem.kind,
        "difficulty": question.difficulty,
    }


def write_source(folder: Path, problems: list[WorldProblem]) -> None:
    """Write a source in the ImageFolder layout, and its ground truth in a file beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    for problem in problems:
        problem.image.save(folder / f"{problem.source_id}.png", optimize=True)
    rows = [json.dumps(describe_row(problem)) for problem in problems]
    (folder / "metadata.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    truths = [
        json.dumps(
            {
                "id": problem.source_id,
                "format": FORMATS[problem.kind],
                "formal_text": problem.formal_text,
                "reasoning": problem.question.reasoning,
            }
        )
        for problem in problems
    ]
    (folder / "ground_truth.jsonl").write_text("\n".join(truths) + "\n", encoding="utf-8")


def main() -> None:
    """Write a source folder."""
    parser = argparse.ArgumentParser(description="Write problems of the miniature visual world.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--num", type=int, default=64)
    parser.add_argument("--split", choices=sorted(SEEDS), default="sample")
    args = parser.parse_args()
    write_source(args.folder, list_problems(args.num, args.split))
    sys.stdout.write(f"{args.num} problems in {args.folder}\n")


if __name__ == "__main__":
    main()
