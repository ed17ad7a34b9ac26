"""Which rollout of a problem is kept. A kernel: tables in, tables out.

Source: shortest rejection sampling, Kimi k1.5, arXiv 2501.12599; OpenVLThinker, arXiv 2503.17352,
section 3.
"""

from typing import Literal

import polars as pl

NUM_TOKENS = pl.coalesce(
    pl.col("completion_tokens"),
    # A server without usage: characters order rollouts of one problem much as tokens do.
    pl.col("reasoning").fill_null("").str.len_chars()
    + pl.col("answer_text").fill_null("").str.len_chars(),
)


def select_rollouts(rollouts: pl.DataFrame, rule: Literal["shortest", "first"]) -> pl.DataFrame:
    """Keep one correct, whole rollout of each problem that has any.

    Ties go to the lowest `rollout_index`, so the result does not depend on row order. Problems
    without a correct rollout disappear.

    Args:
        rollouts: (rollouts, ROLLOUTS and VERDICTS joined), any order.
        rule: `shortest` in tokens, or `first` by index.

    Returns:
        (problems with a correct rollout, columns of `rollouts`), sorted by `problem_id`.
    """
    order = [NUM_TOKENS, pl.col("rollout_index")] if rule == "shortest" else ["rollout_index"]
    eligible = rollouts.filter(pl.col("is_correct") & (pl.col("status") == "ok"))
    best = eligible.sort(order).group_by("problem_id", maintain_order=True).first()
    return best.select(rollouts.columns).sort("problem_id")


def summarize_pass_rate(rollouts: pl.DataFrame) -> pl.DataFrame:
    """Count verdicts by problem.

    Returns:
        (problems with rollouts; problem_id, num_correct, num_rollouts, pass_rate). Undecided
        rollouts are not counted; `pass_rate` is null where all are.
    """
    decided = pl.col("is_correct").is_not_null()
    return (
        rollouts.group_by("problem_id")
        .agg(
            num_correct=pl.col("is_correct").sum().cast(pl.Int32),
            num_rollouts=decided.sum().cast(pl.Int32),
        )
        .with_columns(
            pass_rate=pl.when(pl.col("num_rollouts") > 0).then(
                pl.col("num_correct") / pl.col("num_rollouts")
            )
        )
        .sort("problem_id")
    )


def name_drop_reason(rule: Literal["shortest", "first"]) -> pl.Expr:
    """Say why a rollout that was not selected was dropped (rollouts and verdicts joined)."""
    lost = "longer_than_shortest" if rule == "shortest" else "later_than_first"
    return (
        pl.when(pl.col("status") != "ok")
        .then(pl.col("status"))
        .when(pl.col("is_correct").is_null())
        .then(pl.lit("undecided"))
        .when(~pl.col("is_correct"))
        .then(pl.lit("wrong"))
        .otherwise(pl.lit(lost))
    )
