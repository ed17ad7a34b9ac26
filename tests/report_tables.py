"""A small finished workspace for tests of the report, made by the stages' own functions."""

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from schemas.recipe import CurateParams, VerifyParams
from schemas.tables import TABLES
from tasks.curate import read_job, write_curated
from tasks.shards import ShardJob, rows_to_table, write_shard
from tasks.splitting import Splitting
from tasks.verify import verify_shard_rows, write_verdicts
from tests.conftest import draw_image

TABLE_NAMES = dict.fromkeys(TABLES, "fingerprint")


def make_problem(number: int, **changes: Any) -> dict[str, Any]:
    """Make the row of a problem whose gold answer is its number."""
    return {
        "problem_id": hashlib.sha256(str(number).encode()).hexdigest()[:32],
        "source": "toy",
        "source_id": f"id-{number}",
        "source_row": number,
        "question": f"Which number is {number}?",
        "options": None,
        "gold_answer": str(number),
        "answer_type": "integer",
        "unit": None,
        "domain": None,
        "license": None,
        "images": [{"bytes": draw_image(number), "path": f"{number}.png"}],
        "image_sha256": ["0" * 64],
        "original_sha256": ["0" * 64],
        "image_size": [[64, 48]],
        "image_hashes": [None],
    } | changes


def make_screen(problem: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Make the row of a problem that is like no other and in no benchmark."""
    problem_id = problem["problem_id"]
    nothing = dict.fromkeys(("drop_reason", "detail", "benchmark", "match"))
    return {"problem_id": problem_id, "group": problem_id} | nothing | changes


def make_text(problem: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Make the row of a formal text."""
    return {
        "problem_id": problem["problem_id"],
        "format": "caption",
        "text": f"It shows {problem['gold_answer']}.",
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
        "prompt_tokens": 7,
        "completion_tokens": 5,
    } | changes


def make_rollout(
    problem: dict[str, Any], index: int, answer: str, tokens: int | None = 10, **changes: Any
) -> dict[str, Any]:
    """Make the row of a rollout that ends with `answer`."""
    return {
        "problem_id": problem["problem_id"],
        "rollout_index": index,
        "status": "ok",
        "reasoning": f"I look {index} times.",
        "answer_text": f"<answer>{answer}</answer>",
        "finish_reason": "stop",
        "prompt_tokens": 9,
        "completion_tokens": tokens,
        "producer": "toy-llm",
        "gold_shown": False,
        "error": None,
    } | changes


def make_refusal(row: int, reason: str = "missing_image") -> dict[str, Any]:
    """Make the row of a source row that ingest refused."""
    return {
        "stage": "ingest",
        "problem_id": None,
        "rollout_index": None,
        "source": "toy",
        "source_id": None,
        "source_row": row,
        "drop_reason": reason,
        "detail": "there is no such file",
    }


def write_tables(
    job: ShardJob,
    problems: Sequence[dict[str, Any]],
    texts: Sequence[dict[str, Any]],
    rollouts: Sequence[dict[str, Any]],
    refusals: Sequence[dict[str, Any]] = (),
) -> ShardJob:
    """Write all tables of one shard; verdicts and curated tables follow from the others."""
    given = {
        "problems": problems,
        "screens": [make_screen(problem) for problem in problems],
        "formal_texts": texts,
        "rollouts": rollouts,
        "ingest_rejects": refusals,
    }
    for table, rows in given.items():
        write_shard(job, table, rows_to_table(rows, TABLES[table]), {})
    write_verdicts(job, asyncio.run(verify_shard_rows(job, VerifyParams(), None)))
    params = CurateParams()
    splits = asyncio.run(Splitting([job], params).get())
    write_curated(job, read_job(job, splits, params).curate())
    return job


def make_job(folder: Path, index: int = 0, num_shards: int = 1) -> ShardJob:
    """Name one shard of a workspace in `folder`."""
    return ShardJob(partition=str(folder), tables=TABLE_NAMES, index=index, num_shards=num_shards)


def write_mixed(folder: Path, index: int = 0, num_shards: int = 1) -> ShardJob:
    """Write 100 problems: three of five solved, one unsolved, one without a formal text."""
    problems = [make_problem(1_000 * index + n) for n in range(100)]
    lost = [n for n in range(100) if n % 5 == 4]
    texts = [
        make_text(p, **({"text": None, "status": "rejected"} if n in lost else {}))
        for n, p in enumerate(problems)
    ]
    rollouts = [
        make_rollout(p, i, p["gold_answer"] if n % 5 != 3 and i != 2 else "-1", tokens=10 + i)
        for n, p in enumerate(problems)
        for i in range(4)
        if n not in lost
    ]
    refusals = [make_refusal(n, ("missing_image", "duplicate")[n % 2]) for n in range(100, 120)]
    return write_tables(make_job(folder, index, num_shards), problems, texts, rollouts, refusals)
