"""Which rollout of a problem is kept. A kernel: tables in, tables out.

Source: shortest rejection sampling, Kimi k1.5, arXiv 2501.12599; OpenVLThinker, arXiv 2503.17352,
section 3. The second longest is what its self-distillation script takes
(generation/generate_reasoning_thinker.py), where its documentation says the longest.
"""

from typing import Literal

import polars as pl

NUM_TOKENS = pl.coalesce(
    pl.col("completion_tokens"),
    # A server without usage: characters order rollouts of one problem much as tokens do.
    pl.col("reasoning").fill_null("").str.len_chars()
    + pl.col("answer_text").fill_null("").str.len_chars(),
)

SelectionRule = Literal["shortest", "first", "longest", "second_longest", "median"]

_LOST: dict[SelectionRule, str] = {
    "shortest": "longer_than_shortest",
    "first": "later_than_first",
    "longest": "shorter_than_longest",
    "second_longest": "not_second_longest",
    "median": "not_median",
}
"""Rule to the drop_reason of the correct rollouts that it does not keep; `tied_with_<rule>` where
they are as long as the one that it keeps."""


def select_rollouts(rollouts: pl.DataFrame, rule: SelectionRule) -> pl.DataFrame:
    """Keep one correct, whole rollout of each problem that has any.

    Ties go to the lowest `rollout_index`, so the result does not depend on row order. Problems
    without a correct rollout disappear.

    Args:
        rollouts: (rollouts, ROLLOUTS and VERDICTS joined), any order.
        rule: `shortest`, `longest`, `second_longest` (the only one, where there is one) or
            `median` (the shorter of the middle two) in tokens, or `first` by index.

    Returns:
        (problems with a correct rollout, columns of `rollouts`), sorted by `problem_id`.
    """
    eligible = rollouts.filter(pl.col("is_correct") & (pl.col("status") == "ok"))
    ordered = eligible.sort(_order_rollouts(rule))
    rank = pl.int_range(pl.len()).over("problem_id")
    kept = ordered.filter(rank == _find_rank(rule, pl.len().over("problem_id")))
    return kept.select(rollouts.columns).sort("problem_id")


def _order_rollouts(rule: SelectionRule) -> list[pl.Expr]:
    if rule == "first":
        return [pl.col("rollout_index")]
    tokens = -NUM_TOKENS.cast(pl.Int64) if rule.endswith("longest") else NUM_TOKENS
    return [tokens, pl.col("rollout_index")]


def _find_rank(rule: SelectionRule, num_rollouts: pl.Expr) -> pl.Expr:
    """Return the place, in the order of the rule, of the rollout that is kept."""
    if rule == "second_longest":
        return (num_rollouts > 1).cast(pl.Int64)
    return (num_rollouts.cast(pl.Int64) - 1) // 2 if rule == "median" else pl.lit(0)


def name_drop_reasons(rollouts: pl.DataFrame, rule: SelectionRule) -> pl.DataFrame:
    """Say of each rollout why it is dropped, if it is not the one that the rule keeps.

    Args:
        rollouts: (rollouts, ROLLOUTS and VERDICTS joined), all of each problem, in any order.
        rule: as of `select_rollouts`.

    Returns:
        (rollouts, their columns and drop_reason), in their order; the reason of a rollout that is
        kept means nothing.
    """
    kept = select_rollouts(rollouts, rule).select("problem_id", kept_tokens=NUM_TOKENS)
    # By index no two are alike.
    is_tied = (pl.col("kept_tokens") == NUM_TOKENS) & (rule != "first")
    reason = (
        pl.when(pl.col("status") != "ok")
        .then(pl.col("status"))
        .when(pl.col("is_correct").is_null())
        .then(pl.lit("undecided"))
        .when(~pl.col("is_correct"))
        .then(pl.lit("wrong"))
        .when(is_tied)
        .then(pl.lit(f"tied_with_{rule}"))
        .otherwise(pl.lit(_LOST[rule]))
    )
    joined = rollouts.join(kept, on="problem_id", how="left", maintain_order="left")
    return joined.with_columns(drop_reason=reason).drop("kept_tokens")
