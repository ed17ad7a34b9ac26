"""Sort the problems of one shard into training rows and rejects, by a recipe. A kernel.

Select one rollout of each problem that goes to SFT, edit it, filter it, and let a judge's opinion
stand where one was asked; problems of other splits become rows as they are.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl
import pyarrow as pa

from schemas.recipe import CurateParams
from schemas.tables import GRPO, REJECTS, SFT, TEST
from tasks.consistency import INCONSISTENT, Opinion, Statement
from tasks.curation.conversations import CONVERSATION_TAGS, check_conversation
from tasks.curation.editing import Edited, edit_parts, read_parts
from tasks.curation.filtering import Candidate, find_fault
from tasks.curation.layout import Layout, write_layout
from tasks.curation.lengths import TokenCounter, estimate_tokens
from tasks.rejecting import explain_problem, explain_rollouts, make_reject
from tasks.selection import select_rollouts
from tasks.shards import rows_to_table
from tasks.splitting import list_over_budget
from tasks.training_rows import (
    CONVERSATION_COLUMNS,
    make_grpo_row,
    make_sft_row,
    write_question,
)


class Curator:
    """Sorts the problems of one shard into SFT, GRPO and test rows, and rejects."""

    def __init__(self, params: CurateParams, count_tokens: TokenCounter = estimate_tokens) -> None:
        """Prepare; the tables come with `curate`."""
        self._params, self._count_tokens = params, count_tokens
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._outcomes: dict[str, str] = {}
        self._opinions: Mapping[str, Opinion] = {}
        self.statements: dict[str, Statement] = {}
        """Problem id to what a judge may be asked of its SFT row, once curated."""

    def curate(
        self,
        problems: pl.DataFrame,
        texts: pl.DataFrame,
        rollouts: pl.DataFrame,
        splits: pl.DataFrame,
        opinions: Mapping[str, Opinion] | None = None,
    ) -> dict[str, pa.Table]:
        """Sort the problems of one shard.

        Args:
            problems: (problems, TEXT_COLUMNS of PROBLEMS and SCREENS joined).
            texts: (problems that screening let pass, FORMAL_TEXTS).
            rollouts: (rollouts, ROLLOUTS and VERDICTS joined).
            splits: (problems with rollouts, of `split_problems`); more of them do no harm.
            opinions: problem id to what a judge said of its SFT row.

        Returns:
            Tables `sft`, `grpo`, `test` and `rejects`; each problem is in exactly one of them, and
            each rollout is an SFT row or a reject. All keep the order of the problems.
        """
        self._rows = {"sft": [], "grpo": [], "test": [], "rejects": []}
        self._outcomes, self._opinions, self.statements = {}, opinions or {}, {}
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
        if fault is None and self._params.conversations is not None:
            fault = self._check_conversation(row, edited)
        opinion = self._opinions.get(row["problem_id"])
        if fault is None and opinion is not None and opinion.is_consistent is False:
            fault = INCONSISTENT, (opinion.text or "")[-500:]
        if fault is not None:
            self._reject(row, "curate", *fault)
            return
        judge_text = opinion.text if opinion else None
        self._rows["sft"].append(make_sft_row(row, edited, self._params, judge_text))
        self.statements[row["problem_id"]] = Statement(
            question=write_question(row["question"], row["options"]),
            formal_text=text["text"] or "",
            reasoning=edited.parts.reasoning,
        )

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

    def _check_conversation(
        self, row: dict[str, Any], edited: Edited
    ) -> tuple[str, str | None] | None:
        """Return why a trainer would refuse the row as a conversation, or None."""
        tags = CONVERSATION_TAGS[self._params.conversations or ""]
        made = make_sft_row(row, edited, self._params, None)
        turns = made[CONVERSATION_COLUMNS[tags.role]]
        fault = check_conversation(turns, len(row["image_sha256"]), tags)
        return (fault, f"as {self._params.conversations}") if fault else None

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
