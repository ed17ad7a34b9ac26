"""Curate: verified rollouts become training rows, and everything else a reject with its reason.

Select one rollout of each problem that goes to SFT, edit it, filter it; problems whose pass rate
is within the recipe's bounds go to GRPO instead (OpenVLThinker takes those with few correct
rollouts). The splits share no problem, no image and no question; see `splitting`.
"""

import asyncio
from collections import Counter
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from prefect import task
from prefect.cache_policies import NO_CACHE

from schemas.recipe import CurateParams
from schemas.records import ShardReport
from schemas.tables import GRPO, PROBLEMS, REJECTS, SFT, TEST
from tasks.curation.editing import Edited, edit_parts, read_parts
from tasks.curation.filtering import Candidate, find_fault
from tasks.curation.layout import Layout, write_layout
from tasks.curation.lengths import TokenCounter, estimate_tokens
from tasks.rejecting import explain_problem, explain_rollouts, make_reject
from tasks.selection import select_rollouts
from tasks.shards import ShardJob, find_shard, read_shard, rows_to_table, write_shard
from tasks.splitting import Splitting, list_over_budget, read_verified
from tasks.token_counting import open_tokenizer
from tasks.training_rows import make_grpo_row, make_sft_row, write_question

TEXT_COLUMNS = [name for name in PROBLEMS.names if name != "images"]


class Curator:
    """Sorts the problems of one shard into SFT, GRPO and test rows, and rejects."""

    def __init__(self, params: CurateParams, count_tokens: TokenCounter = estimate_tokens) -> None:
        """Prepare; the tables come with `curate`."""
        self._params, self._count_tokens = params, count_tokens
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._outcomes: dict[str, str] = {}

    def curate(
        self,
        problems: pl.DataFrame,
        texts: pl.DataFrame,
        rollouts: pl.DataFrame,
        splits: pl.DataFrame,
    ) -> dict[str, pa.Table]:
        """Sort the problems of one shard.

        Args:
            problems: (problems, TEXT_COLUMNS of PROBLEMS and SCREENS joined).
            texts: (problems that screening let pass, FORMAL_TEXTS).
            rollouts: (rollouts, ROLLOUTS and VERDICTS joined).
            splits: (problems with rollouts, of `split_problems`); more of them do no harm.

        Returns:
            Tables `sft`, `grpo`, `test` and `rejects`; each problem is in exactly one of them, and
            each rollout is an SFT row or a reject. All keep the order of the problems.
        """
        self._rows = {"sft": [], "grpo": [], "test": [], "rejects": []}
        self._outcomes = {}
        stopped = set(list_over_budget(texts, rollouts))
        written = {row["problem_id"]: row for row in texts.iter_rows(named=True)}
        rated = problems.join(splits, on="problem_id", how="left", maintain_order="left")
        chosen = {
            row["problem_id"]: row
            for row in select_rollouts(rollouts, self._params.select).iter_rows(named=True)
        }
        for row in rated.iter_rows(named=True):
            problem_id = row["problem_id"]
            text = written.get(problem_id)
            if problem_id in stopped or row["split"] is None or text is None:
                reason = explain_problem(row, text, is_over_budget=problem_id in stopped)
                self._reject(row, *reason)
            elif row["split"] == "sft":
                self._add_sft(row | _name_models(chosen[problem_id], text), text)
            else:
                self._rows[row["split"]].append(make_grpo_row(row))
                self._outcomes[problem_id] = f"problem_in_{row['split']}"
        return self._make_tables(problems, rollouts)

    def _add_sft(self, row: dict[str, Any], text: dict[str, Any]) -> None:
        edited, fault = self._edit(row, text)
        if fault is None:
            self._rows["sft"].append(make_sft_row(row, edited, self._params))
        else:
            self._reject(row, "curate", *fault)

    def _edit(
        self, row: dict[str, Any], text: dict[str, Any]
    ) -> tuple[Edited, tuple[str, str | None] | None]:
        """Edit and filter the selected rollout of a problem."""
        question = write_question(row["question"], row["options"])
        parts = read_parts(row["reasoning"], row["answer_text"], row["answer"])
        edited = edit_parts(parts, question, self._params)
        if edited.fault is not None:
            return edited, (edited.fault, "\n".join(edited.edits)[-500:])
        layout = Layout(self._params.layout)
        candidate = Candidate(
            parts=edited.parts,
            completion=write_layout(layout, edited.parts),
            question=question,
            formal_text=text["text"] or "",
            image_sizes=[(width, height) for width, height in row["image_size"]],
        )
        return edited, find_fault(candidate, self._params.filters, layout, self._count_tokens)

    def _reject(self, row: dict[str, Any], stage: str, reason: str, detail: str | None) -> None:
        self._rows["rejects"].append(make_reject(stage, row, reason, detail))
        self._outcomes[row["problem_id"]] = reason

    def _make_tables(self, problems: pl.DataFrame, rollouts: pl.DataFrame) -> dict[str, pa.Table]:
        sft = rows_to_table(self._rows["sft"], SFT)
        kept = pl.DataFrame(sft.select(["problem_id", "rollout_index"]))
        of_rollouts = explain_rollouts(
            rollouts, kept, problems, self._params.select, self._outcomes
        )
        return {
            "sft": sft,
            "grpo": rows_to_table(self._rows["grpo"], GRPO),
            "test": rows_to_table(self._rows["test"], TEST),
            "rejects": rows_to_table([*self._rows["rejects"], *of_rollouts], REJECTS),
        }


def _name_models(rollout: dict[str, Any], text: dict[str, Any]) -> dict[str, Any]:
    """Return what an SFT row takes of its rollout and its formal text."""
    gold_shown = rollout["gold_shown"] or text["gold_shown"]
    return rollout | {"formalizer": text["producer"], "gold_shown": gold_shown}


def count_reasons(rejects: pa.Table) -> Counter[str]:
    """Count rejects by reason."""
    return Counter(rejects["drop_reason"].to_pylist())


def write_curated(job: ShardJob, splits: pl.DataFrame, params: CurateParams) -> ShardReport:
    """Curate one shard; the SFT table is written last and completes it."""
    problems = read_shard(job, "problems", TEXT_COLUMNS).join(
        read_shard(job, "screens"), on="problem_id", how="left", maintain_order="left"
    )
    curator = Curator(params, open_tokenizer(params.filters.tokenizer))
    made = curator.curate(problems, read_shard(job, "formal_texts"), read_verified(job), splits)
    of_rollouts = pc.field("rollout_index").is_valid()
    rejects = made["rejects"]
    counts = count_reasons(rejects.filter(~of_rollouts))
    counts.update({name: made[name].num_rows for name in ("sft", "grpo", "test")})
    write_shard(job, "rejects", rejects, count_reasons(rejects.filter(of_rollouts)))
    for name in ("grpo", "test"):
        write_shard(job, name, made[name], {})
    return write_shard(job, "sft", made["sft"], +counts)


@task(name="curate_shard", task_run_name="curate-{job.name}", cache_policy=NO_CACHE)
async def curate_shard(job: ShardJob, params: CurateParams, splitting: Splitting) -> ShardReport:
    """Prefect shell over `Curator` for one shard."""
    if report := find_shard(job, "sft"):
        return report
    return await asyncio.to_thread(write_curated, job, await splitting.get(), params)
