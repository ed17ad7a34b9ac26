"""Toy tables of the stages, as a shard on disk would hold them."""

from pathlib import Path
from typing import Any

from schemas.tables import TABLES
from tasks.curation.image_hashes import hash_normalized
from tasks.images import normalize_image
from tasks.shards import ShardJob, rows_to_table, write_shard
from tests.conftest import draw_image


def make_job(folder: Path, index: int = 0, num_shards: int = 1) -> ShardJob:
    fingerprints = dict.fromkeys(TABLES, "f" * 16)
    return ShardJob(partition=str(folder), tables=fingerprints, index=index, num_shards=num_shards)


def make_problem(number: int, **changes: Any) -> dict[str, Any]:
    image = normalize_image(draw_image(number), max_pixels=10_000, max_side=64)
    row = {
        "problem_id": f"{number:032x}",
        "source": "toy",
        "source_id": str(number),
        "source_row": number,
        "question": f"Compute {number} + 1",
        "options": None,
        "gold_answer": str(number + 1),
        "answer_type": "integer",
        "unit": None,
        "domain": None,
        "license": None,
        "images": [{"bytes": image.data, "path": image.file_name}],
        "image_sha256": [image.sha256],
        "original_sha256": [image.original_sha256],
        "image_size": [[image.width, image.height]],
        "image_hashes": [hash_normalized(image.data)],
    }
    return row | changes


def make_screen(number: int, **changes: Any) -> dict[str, Any]:
    problem_id = f"{number:032x}"
    nothing = dict.fromkeys(("drop_reason", "detail", "benchmark", "match"))
    return {"problem_id": problem_id, "group": problem_id} | nothing | changes


def make_text(number: int, **changes: Any) -> dict[str, Any]:
    row = {
        "problem_id": f"{number:032x}",
        "format": "caption",
        "text": f"the number {number}",
        "producer": "toy-vlm",
        "image_kind": None,
        "routed_by": "default",
        "is_valid": None,
        "problems": [],
        "rounds": [],
        "pseudo_cot": None,
        "gold_shown": False,
        "ocr_coverage": None,
        "status": "ok",
        "error": None,
        "prompt_tokens": 10,
        "completion_tokens": 5,
    }
    return row | changes


def make_rollout(number: int, index: int, **changes: Any) -> dict[str, Any]:
    row = {
        "problem_id": f"{number:032x}",
        "rollout_index": index,
        "status": "ok",
        "reasoning": f"{number} and one more",
        "answer_text": f"So \\boxed{{{number + 1}}}",
        "finish_reason": "stop",
        "prompt_tokens": 20,
        "completion_tokens": 30 - index,
        "producer": "toy-llm",
        "gold_shown": False,
        "error": None,
    }
    return row | changes


def make_verdict(number: int, index: int, **changes: Any) -> dict[str, Any]:
    row = {
        "problem_id": f"{number:032x}",
        "rollout_index": index,
        "is_correct": True,
        "rule": "numeric",
        "answer": str(number + 1),
        "extraction": "ok",
        "policy": "tolerance 1e-06 relative; units lenient",
        "judge_text": None,
        "judge_is_correct": None,
    }
    return row | changes


def write_rows(job: ShardJob, table: str, rows: list[dict[str, Any]]) -> None:
    write_shard(job, table, rows_to_table(rows, TABLES[table]), {"ok": len(rows)})
