"""Rejects: every problem and rollout that is no training row, with its reason."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from schemas.records import Status
from tasks.selection import SelectionRule, name_drop_reasons

KEY = ["problem_id", "rollout_index"]
SOURCE_COLUMNS = ["problem_id", "source", "source_id", "source_row"]


def make_reject(
    stage: str,
    row: Mapping[str, Any],
    reason: str,
    detail: str | None,
    rollout_index: int | None = None,
) -> dict[str, Any]:
    """Make a row of REJECTS; `row` has SOURCE_COLUMNS."""
    kept = {name: row[name] for name in SOURCE_COLUMNS}
    why = {"drop_reason": reason, "detail": detail}
    return kept | {"stage": stage, "rollout_index": rollout_index} | why


def explain_problem(
    row: Mapping[str, Any], text: Mapping[str, Any] | None, *, is_over_budget: bool
) -> tuple[str, str, str | None]:
    """Say at which stage, for which reason and with which detail a problem was lost.

    Args:
        row: a problem with its screening and its split.
        text: its formal text; None where screening rejected it.
        is_over_budget: the budget did not reach it to the end.
    """
    if text is None:
        return "screen", row["drop_reason"] or "not_formalized", row["detail"]
    if is_over_budget:
        stage = "formalize" if text["text"] is None else "reason"
        return stage, Status.OVER_BUDGET.value, text["error"]
    if text["status"] == "invalid":
        return "formalize", "invalid_formal_text", text["error"]
    if text["text"] is None:
        return "formalize", "no_formal_text", text["error"]
    return "curate", row["split_fault"] or "no_verdict", row["split_detail"]


def explain_rollouts(
    rollouts: pl.DataFrame,
    selected: pl.DataFrame,
    problems: pl.DataFrame,
    rule: SelectionRule,
    outcomes: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Make the rejects of all rollouts that are no SFT row.

    Args:
        rollouts: (rollouts, ROLLOUTS and VERDICTS joined).
        selected: (SFT rows; KEY).
        problems: (problems, SOURCE_COLUMNS).
        rule: the selection rule, which names what correct rollouts lost by.
        outcomes: problem_id to what became of a problem that is no SFT row: the reason of its
            correct rollouts. `over_budget` is the reason of all of them.
    """
    named = name_drop_reasons(rollouts, rule)
    dropped = named.join(selected.select(KEY), on=KEY, how="anti").join(
        pl.DataFrame(
            {"problem_id": list(outcomes), "outcome": list(outcomes.values())},
            schema={"problem_id": pl.String, "outcome": pl.String},
        ),
        on="problem_id",
        how="left",
        maintain_order="left",
    )
    is_correct = pl.col("is_correct") & (pl.col("status") == Status.OK.value)
    over = pl.lit(Status.OVER_BUDGET.value)
    reason = (
        pl.when(pl.col("outcome") == over)
        .then(over)
        .when(is_correct & pl.col("outcome").is_not_null())
        .then(pl.col("outcome"))
        .otherwise(pl.col("drop_reason"))
    )
    explained = dropped.with_columns(drop_reason=reason).join(
        problems.select(SOURCE_COLUMNS), on="problem_id", maintain_order="left"
    )
    return [
        make_reject("curate", row, row["drop_reason"], row["error"], row["rollout_index"])
        for row in explained.sort("source", "source_row", "rollout_index").iter_rows(named=True)
    ]
