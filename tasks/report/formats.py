"""Formal texts by format: how many are valid, at first and after repairs, and what routed them.

Counted shard by shard; memory grows with the number of formats, routes and rounds alone.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tasks.report.text import count_noun, write_percent
from tasks.shards import ShardJob, read_shard

COLUMNS = ["format", "text", "is_valid", "routed_by", "rounds", "ocr_coverage", "gold_shown"]
MAX_ROUTES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatCounts:
    """The formal texts of one format; all counts add up over partitions."""

    num_texts: int = 0
    num_missing: int = 0
    """Problems of which the model wrote no text."""
    num_valid_first: int = 0
    """Valid as first written."""
    num_valid: int = 0
    """Valid at the end."""
    repaired: Mapping[str, int] = field(default_factory=dict[str, int])
    """Rounds, as digits, to texts that were valid after so many."""
    routes: Mapping[str, int] = field(default_factory=dict[str, int])
    """What chose the format to texts."""
    num_read: int = 0
    """Texts of images in which OCR read words."""
    coverage: int = 0
    """Sum over them of the share of those words that the text holds, in ten-thousandths."""
    num_gold_shown: int = 0
    """Texts whose model saw the gold answer."""


def count_formats(jobs: Sequence[ShardJob]) -> dict[str, FormatCounts]:
    """Count the formal texts of a partition by format, the commonest first.

    Problems that are reasoned about from the image itself have none and are left out.
    """
    counters: dict[str, Counter[str]] = {}
    repaired: dict[str, Counter[str]] = {}
    routes: dict[str, Counter[str]] = {}
    for job in jobs:
        for row in _sum_shard(job).iter_rows(named=True):
            name, number = row["format"], row["num_texts"]
            own = counters.setdefault(name, Counter())
            own.update({key: row[key] for key in SUMMED})
            if row["num_rounds"] and row["num_valid"]:
                rounds = {str(row["num_rounds"]): row["num_valid"]}
                repaired.setdefault(name, Counter()).update(rounds)
            if number:
                routes.setdefault(name, Counter())[row["routed_by"]] += number
    return {
        name: FormatCounts(
            repaired=dict(sorted(repaired.get(name, {}).items())),
            routes=dict(sorted(routes.get(name, {}).items())),
            **counters[name],
        )
        for name in sorted(counters, key=lambda name: (-counters[name]["num_texts"], name))
    }


SUMMED = (
    "num_texts",
    "num_missing",
    "num_valid_first",
    "num_valid",
    "num_read",
    "coverage",
    "num_gold_shown",
)
"""Fields of `FormatCounts` that are sums over rows."""


def _sum_shard(job: ShardJob) -> pl.DataFrame:
    """Sum one shard up by format, route and number of rounds."""
    is_text = pl.col("text").is_not_null()
    is_valid = pl.col("is_valid").fill_null(False)
    rows = read_shard(job, "formal_texts", COLUMNS)
    # A problem that is reasoned about from its image has an empty text, which nobody wrote.
    rows = rows.filter(pl.col("text").is_null() | (pl.col("text") != ""))
    return (
        rows.with_columns(num_rounds=pl.col("rounds").list.len())
        .group_by("format", "routed_by", "num_rounds")
        .agg(
            num_texts=is_text.sum(),
            num_missing=(~is_text).sum(),
            num_valid_first=(is_valid & (pl.col("num_rounds") == 0)).sum(),
            num_valid=is_valid.sum(),
            num_read=pl.col("ocr_coverage").count(),
            coverage=(10_000 * pl.col("ocr_coverage")).round().cast(pl.Int64).sum(),
            num_gold_shown=(is_text & pl.col("gold_shown")).sum(),
        )
    )


def add_formats(parts: Sequence[Mapping[str, FormatCounts]]) -> dict[str, FormatCounts]:
    """Add up the counts of several partitions."""
    names = sorted({name for part in parts for name in part})
    return {name: _add([part[name] for part in parts if name in part]) for name in names}


def _add(several: Sequence[FormatCounts]) -> FormatCounts:
    sums: dict[str, Any] = {key: sum(getattr(c, key) for c in several) for key in SUMMED}
    for key in ("repaired", "routes"):
        sums[key] = dict(sum((Counter(getattr(c, key)) for c in several), Counter[str]()))
    return FormatCounts(**sums)


def write_repaired(counts: FormatCounts) -> str:
    """Say how many texts were repaired, and in how many rounds."""
    return ", ".join(
        f"{number:,} in {count_noun(int(rounds), 'round')}"
        for rounds, number in counts.repaired.items()
    )


def write_coverage(counts: FormatCounts) -> str:
    """Write the mean share of OCR's words that the texts hold; a dash where nothing was read."""
    if not counts.num_read:
        return "-"
    return write_percent(counts.coverage, 10_000 * counts.num_read)


def write_routes(counts: FormatCounts) -> str:
    """Say what chose the format, the commonest first."""
    ordered = sorted(counts.routes.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in ordered[:MAX_ROUTES])
