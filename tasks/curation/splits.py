"""Splits that share neither image nor question: SFT, GRPO and test take whole groups.

Users found the same problems in the SFT and RL sets of earlier systems (R1-VL, issue 3). Groups
come from `near_duplicates`. The order in which they are dealt follows from the seed and the group
alone, so a problem that is added moves few others.
"""

from collections.abc import Mapping

import polars as pl

from tasks.curation.shingles import hash_text

OTHER_SPLIT = "other_split"
"""drop_reason of a row that does not fit the split to which its group went."""
NO_SPLIT = "no_split"
"""drop_reason of a row that fits no split, or whose group found none with room."""


def assign_splits(
    rows: pl.DataFrame, sizes: Mapping[str, int | None], *, seed: int = 0
) -> pl.DataFrame:
    """Deal groups of problems out to splits.

    Splits with a size are filled in their order, with the groups that fit into what is left of
    it, so none is ever over its size and a group too large for it goes elsewhere. Each group that
    remains goes to the split without a size that most of its rows fit; ties to the earlier one.

    Args:
        rows: (problems; problem_id, group, and for each split a boolean column of its name: whether
            the row could be in it; a split without a column takes any row).
        sizes: Split to its size in rows, or None for all that fit, such as
            `{"test": 500, "grpo": 5000, "sft": None}`.
        seed: Another one deals the groups in another order.

    Returns:
        (problems; problem_id, group, dealt, split, drop_reason), sorted by `problem_id`; exactly
        one of `split` and `drop_reason` (`other_split`, `no_split`) is null, and `dealt` is the
        split of the group, null where none had room.

    Raises:
        ValueError: a size is negative.
    """
    for name, size in sizes.items():
        if size is not None and size < 0:
            raise ValueError(f"size of split {name!r} must not be negative, got {size}")
    fits = _add_missing(rows, sizes)
    groups = fits.group_by("group").agg(pl.col(name).sum() for name in sizes)
    dealt = _deal_groups(groups, sizes, seed)
    placed = fits.join(dealt, on="group", how="left", maintain_order="left")
    is_fit = pl.any_horizontal((pl.col("dealt") == name) & pl.col(name) for name in sizes)
    split = pl.when(is_fit).then(pl.col("dealt"))
    fits_any = pl.any_horizontal(list(sizes))
    reason = pl.when(pl.col("dealt").is_not_null() & fits_any).then(pl.lit(OTHER_SPLIT))
    return placed.select(
        "problem_id",
        "group",
        "dealt",
        split=split,
        drop_reason=pl.when(~is_fit.fill_null(False)).then(reason.otherwise(pl.lit(NO_SPLIT))),
    ).sort("problem_id")


def _add_missing(rows: pl.DataFrame, sizes: Mapping[str, int | None]) -> pl.DataFrame:
    missing = [pl.lit(True).alias(name) for name in sizes if name not in rows.columns]
    return rows.with_columns(missing).with_columns(pl.col(name).fill_null(False) for name in sizes)


def _deal_groups(groups: pl.DataFrame, sizes: Mapping[str, int | None], seed: int) -> pl.DataFrame:
    """Return (groups; group, dealt): the split of each group, null where none has room."""
    counts = {row["group"]: row for row in groups.iter_rows(named=True)}
    waiting = sorted(counts, key=lambda group: hash_text(f"{seed}\0{group}"))
    dealt: dict[str, str] = {}
    for name, size in sizes.items():
        room = size or 0
        for group in waiting if room else ():
            if 0 < counts[group][name] <= room:
                dealt[group] = name
                room -= counts[group][name]
        waiting = [group for group in waiting if group not in dealt]
    open_splits = [name for name, size in sizes.items() if size is None]
    for group in waiting:
        best = max(open_splits, key=counts[group].__getitem__, default=None)
        if best is not None and counts[group][best]:
            dealt[group] = best
    schema = {"group": pl.String, "dealt": pl.String}
    return pl.DataFrame(list(dealt.items()), schema=schema, orient="row")
