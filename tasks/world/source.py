"""Problems of the world as a source, in each of the layouts that sources have.

    folder   NAME.png ..., metadata.jsonl                    (the ImageFolder of `datasets`)
    jsonl    images/NAME.png ..., problems.jsonl             (rows with paths of images)
    parquet  data/train-00000-of-00001.parquet               (an Image column, as on the Hub)

Beside them stands what is true of the images: ground_truth.jsonl.
"""

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.world.problems import WorldProblem

FORMATS = {"scene": "json", "bars": "csv", "table": "csv", "geometry": "geometry"}
"""Format of each kind's formal text."""
IMAGE_FEATURE = '{"info": {"features": {"image": {"_type": "Image"}}}}'
"""Has `datasets` decode the column; it finds the types of the others itself."""

Problems = Sequence[WorldProblem]


def write_source(folder: Path, problems: Problems, layout: str = "folder") -> None:
    """Write a source that `--source FOLDER` reads (of `jsonl`, its file), and its ground truth.

    Args:
        folder: made where it is not there.
        problems: one row each.
        layout: one of `LAYOUTS`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    LAYOUTS[layout](folder, problems)
    _write_lines(folder / "ground_truth.jsonl", map(_describe_truth, problems))


def describe_row(problem: WorldProblem) -> dict[str, Any]:
    """Give the row of a problem, without its image and its formal text."""
    question = problem.question
    return {
        "id": problem.source_id,
        "question": question.text,
        "choices": list(question.options) or None,
        "answer": question.answer,
        "kind": problem.kind,
        "difficulty": question.difficulty,
    }


def _write_folder(folder: Path, problems: Problems) -> None:
    names = _write_images(folder, problems)
    rows = [{"file_name": n} | describe_row(p) for n, p in zip(names, problems, strict=True)]
    _write_lines(folder / "metadata.jsonl", rows)


def _write_jsonl(folder: Path, problems: Problems) -> None:
    (folder / "images").mkdir(exist_ok=True)
    names = _write_images(folder / "images", problems)
    rows = [
        {"image": f"images/{n}"} | describe_row(p) for n, p in zip(names, problems, strict=True)
    ]
    _write_lines(folder / "problems.jsonl", rows)


def _write_parquet(folder: Path, problems: Problems) -> None:
    (folder / "data").mkdir(exist_ok=True)
    rows = [{"image": _encode(problem)} | describe_row(problem) for problem in problems]
    table = pa.Table.from_pylist(rows).replace_schema_metadata({"huggingface": IMAGE_FEATURE})
    pq.write_table(table, folder / "data" / "train-00000-of-00001.parquet")


LAYOUTS: dict[str, Callable[[Path, Problems], None]] = {
    "folder": _write_folder,
    "jsonl": _write_jsonl,
    "parquet": _write_parquet,
}


def _write_images(folder: Path, problems: Problems) -> list[str]:
    for problem in problems:
        problem.image.save(folder / f"{problem.source_id}.png", optimize=True)
    return [f"{problem.source_id}.png" for problem in problems]


def _encode(problem: WorldProblem) -> dict[str, Any]:
    buffer = io.BytesIO()
    problem.image.save(buffer, "PNG", optimize=True)
    return {"bytes": buffer.getvalue(), "path": f"{problem.source_id}.png"}


def _describe_truth(problem: WorldProblem) -> dict[str, Any]:
    return {
        "id": problem.source_id,
        "format": FORMATS[problem.kind],
        "formal_text": problem.formal_text,
        "reasoning": problem.question.reasoning,
    }


def _write_lines(file: Path, rows: Any) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
