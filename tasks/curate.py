"""Curate: verified rollouts become training rows, and everything else a reject with its reason.

A solved problem gives one SFT row. A problem that no rollout solved is hard, not useless: it goes
to GRPO (OpenVLThinker takes the problems with few correct rollouts), so the two never share one.
"""

import asyncio
from collections import Counter
from typing import Any, Literal

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from prefect import task
from prefect.cache_policies import NO_CACHE

from prompts import render_options
from schemas.recipe import CurateParams
from schemas.records import ShardReport, Status
from schemas.tables import GRPO, PROBLEMS, REJECTS, SFT
from tasks.selection import name_drop_reason, select_rollouts, summarize_pass_rate
from tasks.shards import ShardJob, find_shard, read_shard, rows_to_table, write_shard

TEXT_COLUMNS = [name for name in PROBLEMS.names if name not in ("images", "image_size")]


def write_question(question: str, options: list[str] | None) -> str:
    """Write the user turn of a training row."""
    return f"{question}\n\n{render_options(options)}" if options else question


def write_completion(reasoning: str | None, answer_text: str, answer: str) -> str:
    """Write the assistant turn: thought, summary if there is one, answer.

    Source: layout of OpenVLThinker's SFT data, `<think>...</think>` summary `<answer>...</answer>`.
    A rollout without a thought of its own is all thought.
    """
    thought = (reasoning or answer_text).strip()
    summary = answer_text[: _find_answer_tag(answer_text)].strip() if reasoning else ""
    final = answer.rstrip(" .")
    parts = [f"<think>\n{thought}\n</think>", summary, f"<answer>{final}</answer>"]
    return "\n\n".join(part for part in parts if part)


def _find_answer_tag(text: str) -> int:
    place = text.lower().find("<answer>")
    return len(text) if place < 0 else place


def curate_problems(
    problems: pl.DataFrame, texts: pl.DataFrame, rollouts: pl.DataFrame, params: CurateParams
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Sort the problems of one shard into SFT rows, GRPO rows and rejects.

    Args:
        problems: (problems, TEXT_COLUMNS of PROBLEMS).
        texts: (problems, FORMAL_TEXTS).
        rollouts: (rollouts, ROLLOUTS and VERDICTS joined).
        params: the selection rule.

    Returns:
        (SFT), (GRPO), (REJECTS); each problem is in exactly one of them, and each rollout is an
        SFT row or a reject. All keep the order of the problems.
    """
    stopped = find_over_budget(texts, rollouts)
    is_stopped = pl.col("problem_id").is_in(stopped)
    selected = select_rollouts(rollouts.filter(~is_stopped), params.select)
    rated = problems.join(
        summarize_pass_rate(rollouts), on="problem_id", how="left", maintain_order="left"
    ).join(find_censored(rollouts), on="problem_id", how="left", maintain_order="left")
    solved = rated.join(selected, on="problem_id", how="inner", maintain_order="left").join(
        texts.select("problem_id", formalizer="producer"), on="problem_id", maintain_order="left"
    )
    rest = rated.join(selected, on="problem_id", how="anti", maintain_order="left")
    is_lost = is_stopped | (pl.col("num_rollouts").fill_null(0) == 0)
    rejects = [
        *_reject_problems(rest.filter(is_lost), texts, stopped),
        *_reject_rollouts(rollouts, selected, problems, params.select, stopped),
    ]
    return _make_sft(solved), _make_grpo(rest.filter(~is_lost)), rows_to_table(rejects, REJECTS)


def find_over_budget(texts: pl.DataFrame, rollouts: pl.DataFrame) -> list[str]:
    """List the problems that the budget of the run did not reach to the end.

    What there is of them is kept, but nothing is selected from it: a rollout that was not sampled
    might have won.
    """
    over = Status.OVER_BUDGET.value
    found = [
        texts.filter(pl.col("status") == over)["problem_id"],
        # A judge that was not asked leaves its verdict with this rule.
        rollouts.filter((pl.col("status") == over) | (pl.col("rule") == over))["problem_id"],
    ]
    return pl.concat(found).unique().sort().to_list()


def find_censored(rollouts: pl.DataFrame) -> pl.DataFrame:
    """Say of each problem with rollouts whether some were outrun: (problem_id, is_censored)."""
    is_outrun = pl.col("status") == Status.OUTRUN.value
    return rollouts.group_by("problem_id").agg(is_censored=is_outrun.any())


def _make_sft(solved: pl.DataFrame) -> pa.Table:
    rows = [
        {name: row[name] for name in SFT.names if name in row}
        | {
            "prompt": _message("user", write_question(row["question"], row["options"])),
            "completion": _message(
                "assistant",
                write_completion(row["reasoning"], row["answer_text"], row["answer"]),
            ),
        }
        for row in solved.iter_rows(named=True)
    ]
    return rows_to_table(rows, SFT)


def _make_grpo(unsolved: pl.DataFrame) -> pa.Table:
    rows = [
        {name: row[name] for name in GRPO.names if name in row}
        | {
            "prompt": _message("user", write_question(row["question"], row["options"])),
            "solution": row["gold_answer"],
        }
        for row in unsolved.iter_rows(named=True)
    ]
    return rows_to_table(rows, GRPO)


def _message(role: str, content: str) -> list[dict[str, str]]:
    return [{"role": role, "content": content}]


def _reject_problems(
    lost: pl.DataFrame, texts: pl.DataFrame, stopped: list[str]
) -> list[dict[str, Any]]:
    faults = {row["problem_id"]: row for row in texts.iter_rows(named=True)}
    rejects: list[dict[str, Any]] = []
    for row in lost.iter_rows(named=True):
        fault = faults[row["problem_id"]]
        stage, reason = "verify", "no_verdict"
        if fault["text"] is None:
            stage, reason = "formalize", "no_formal_text"
        if row["problem_id"] in stopped:
            reason = Status.OVER_BUDGET.value
        rejects.append(_reject(stage, row, reason, fault["error"]))
    return rejects


def _reject_rollouts(
    rollouts: pl.DataFrame,
    selected: pl.DataFrame,
    problems: pl.DataFrame,
    rule: Literal["shortest", "first"],
    stopped: list[str],
) -> list[dict[str, Any]]:
    key = ["problem_id", "rollout_index"]
    dropped = rollouts.join(selected.select(key), on=key, how="anti")
    reason = (
        pl.when(pl.col("problem_id").is_in(stopped))
        .then(pl.lit(Status.OVER_BUDGET.value))
        .otherwise(name_drop_reason(rule))
    )
    named = dropped.with_columns(drop_reason=reason).join(
        problems.select("problem_id", "source", "source_id", "source_row"),
        on="problem_id",
        maintain_order="left",
    )
    return [
        _reject("curate", row, row["drop_reason"], row["error"], row["rollout_index"])
        for row in named.sort("source", "source_row", "rollout_index").iter_rows(named=True)
    ]


def _reject(
    stage: str, row: dict[str, Any], reason: str, detail: str | None, rollout: int | None = None
) -> dict[str, Any]:
    kept = {name: row[name] for name in ("problem_id", "source", "source_id", "source_row")}
    why = {"drop_reason": reason, "detail": detail}
    return kept | {"stage": stage, "rollout_index": rollout} | why


def _count_reasons(rejects: pa.Table) -> Counter[str]:
    return Counter(rejects["drop_reason"].to_pylist())


def write_curated(job: ShardJob, params: CurateParams) -> ShardReport:
    """Curate one shard; the SFT table is written last and completes it."""
    rollouts = read_shard(job, "rollouts").join(
        read_shard(job, "verdicts"),
        on=["problem_id", "rollout_index"],
        how="left",
        maintain_order="left",
    )
    problems, texts = read_shard(job, "problems", TEXT_COLUMNS), read_shard(job, "formal_texts")
    sft, grpo, rejects = curate_problems(problems, texts, rollouts, params)
    of_rollouts = pc.field("rollout_index").is_valid()
    dropped = _count_reasons(rejects.filter(of_rollouts))
    whole = _count_reasons(rejects.filter(~of_rollouts))
    counts = Counter(sft=sft.num_rows, grpo=grpo.num_rows) + whole
    write_shard(job, "rejects", rejects, dropped)
    write_shard(job, "grpo", grpo, {})
    return write_shard(job, "sft", sft, counts)


@task(name="curate_shard", task_run_name="curate-{job.name}", cache_policy=NO_CACHE)
async def curate_shard(job: ShardJob, params: CurateParams) -> ShardReport:
    """Prefect shell over `curate_problems` for one shard."""
    if report := find_shard(job, "sft"):
        return report
    return await asyncio.to_thread(write_curated, job, params)
