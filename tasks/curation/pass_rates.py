"""Which problems teach by reinforcement: those that are solved sometimes.

OpenVLThinker trains GRPO on problems with few correct rollouts, medium ones before hard ones; its
thresholds are not published (arXiv 2503.17352, section 3). A race that ends at the first correct
rollout cancels the others (status `outrun`): what they would have been is unknown, so the pass rate
of a raced problem is censored, and lies between two bounds. Tables in, tables out.
"""

from dataclasses import dataclass

import polars as pl

OUTRUN = "outrun"
"""Status of a rollout that was cancelled when a shorter one was correct."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRateBounds:
    """Which pass rates are worth training on."""

    min_pass_rate: float = 0.0
    """Least; above 0 leaves out what was never solved."""
    max_pass_rate: float = 0.8
    """Most; a group of rollouts that are all correct has no advantage and teaches nothing."""
    min_verdicts: int = 2
    """Fewest rollouts with a verdict; one says little."""
    keeps_censored: bool = True
    """Whether a censored rate counts if all that it may be is within the bounds."""


def rate_problems(rollouts: pl.DataFrame) -> pl.DataFrame:
    """Count the verdicts of each problem, and say what its pass rate may be.

    Args:
        rollouts: (rollouts, ROLLOUTS and VERDICTS joined), any order.

    Returns:
        (problems with rollouts; problem_id, num_correct, num_verdicts, num_outrun, pass_rate,
        lowest_pass_rate, highest_pass_rate, is_censored), sorted by `problem_id`. `pass_rate` is of
        the rollouts with a verdict, null where there are none; the bounds count every outrun one
        as wrong and as correct.
    """
    is_outrun = pl.col("status") == OUTRUN
    correct, verdicts, outrun = (
        pl.col(f"num_{name}") for name in ("correct", "verdicts", "outrun")
    )
    known = verdicts + outrun
    return (
        rollouts.group_by("problem_id")
        .agg(
            num_correct=(pl.col("is_correct") & ~is_outrun).sum().cast(pl.Int32),
            num_verdicts=(pl.col("is_correct").is_not_null() & ~is_outrun).sum().cast(pl.Int32),
            num_outrun=is_outrun.sum().cast(pl.Int32),
        )
        .with_columns(
            pass_rate=pl.when(verdicts > 0).then(correct / verdicts),
            lowest_pass_rate=pl.when(known > 0).then(correct / known),
            highest_pass_rate=pl.when(known > 0).then((correct + outrun) / known),
            is_censored=outrun > 0,
        )
        .sort("problem_id")
    )


def name_rate_fault(bounds: PassRateBounds) -> pl.Expr:
    """Say why a rated problem is no GRPO row; null: it is one.

    `no_verdict`, `few_verdicts`, `too_easy`, `too_hard`; `censored` where the rate is within the
    bounds and might also be out of them.
    """
    lowest, highest = pl.col("lowest_pass_rate"), pl.col("highest_pass_rate")
    is_uncertain = (lowest < bounds.min_pass_rate) | (highest > bounds.max_pass_rate)
    return (
        pl.when(pl.col("num_verdicts") == 0)
        .then(pl.lit("no_verdict"))
        .when(lowest > bounds.max_pass_rate)
        .then(pl.lit("too_easy"))
        .when(highest < bounds.min_pass_rate)
        .then(pl.lit("too_hard"))
        .when(pl.col("is_censored") & (is_uncertain | (not bounds.keeps_censored)))
        .then(pl.lit("censored"))
        .when(pl.col("num_verdicts") + pl.col("num_outrun") < bounds.min_verdicts)
        .then(pl.lit("few_verdicts"))
    )


def name_difficulty(min_easy: float = 0.75, min_medium: float = 0.25) -> pl.Expr:
    """Say how hard a rated problem is: `easy`, `medium` or `hard`; null where that is unknown.

    Args:
        min_easy: Least pass rate of an easy problem.
        min_medium: Least pass rate of a medium one.

    Raises:
        ValueError: the thresholds are not 0 < min_medium < min_easy <= 1.
    """
    if not 0 < min_medium < min_easy <= 1:
        raise ValueError(
            f"expected 0 < min_medium < min_easy <= 1, got min_medium={min_medium!r}, "
            f"min_easy={min_easy!r}"
        )
    lowest, highest = (
        pl.when(rate >= min_easy)
        .then(pl.lit("easy"))
        .when(rate >= min_medium)
        .then(pl.lit("medium"))
        .when(rate.is_not_null())
        .then(pl.lit("hard"))
        for rate in (pl.col("lowest_pass_rate"), pl.col("highest_pass_rate"))
    )
    # A censored rate has a level only where all that it may be is of one level.
    return pl.when((lowest == highest) & (pl.col("num_verdicts") > 0)).then(lowest)


def select_grpo(rates: pl.DataFrame, bounds: PassRateBounds) -> pl.DataFrame:
    """Mark rated problems as GRPO rows or not.

    Returns:
        (problems, columns of `rates` and difficulty, drop_reason); `drop_reason` is null for rows
        that GRPO takes. None is lost.
    """
    return rates.with_columns(difficulty=name_difficulty(), drop_reason=name_rate_fault(bounds))
