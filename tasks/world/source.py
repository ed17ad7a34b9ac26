"""Problems of the world as a source: a folder of images, their rows, and what is true of them."""

import json
from pathlib import Path

from tasks.world.problems import WorldProblem

FORMATS = {"scene": "json", "bars": "csv", "table": "csv", "geometry": "geometry"}
"""Format of each kind's formal text."""


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
