"""What curation made: reflections, lengths, edits, splits, and what was in a benchmark.

Counted shard by shard; memory grows with the number of distinct lengths and benchmarks, never with
the number of rows.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tasks.curation.layout import read_layout
from tasks.curation.lengths import count_image_tokens
from tasks.curation.markers import REFLECTION_MARKERS, count_markers, count_words
from tasks.report.bins import find_quantile
from tasks.shards import ShardJob, read_shard

MAX_EDITED = 6
"""Edited rows that are shown."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
UNKNOWN = "unknown"
"""Difficulty of a problem whose longer rollouts were stopped."""
MEASURES = ("reasoning_words", "completion_tokens", "image_tokens")
"""What is measured of a training row; image tokens as Qwen2.5-VL counts them."""
MATCHES = ("image", "question", "ngram")
"""Kinds of match with a benchmark; see `tasks/curation/contamination.py`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurationCounts:
    """What curation made of a partition; all but `lengths` and `edited` add up over partitions."""

    num_rows: int = 0
    """Rows for supervised fine-tuning."""
    num_edited: int = 0
    """Those that were trimmed or in which phrases were replaced."""
    markers: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    """Marker to the times that it occurs and the rows in which it does."""
    lengths: Mapping[str, Mapping[int, int]] = field(default_factory=dict[str, Mapping[int, int]])
    """Measure to length to rows."""
    edited: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(problem_id, edits) of the first edited rows, by id."""
    difficulties: Mapping[str, Mapping[str, int]] = field(
        default_factory=dict[str, Mapping[str, int]]
    )
    """Split (`grpo`, `test`) to difficulty to problems."""
    contaminated: Mapping[str, Mapping[str, int]] = field(
        default_factory=dict[str, Mapping[str, int]]
    )
    """Benchmark to kind of match to problems; a problem counts by its best match."""


def count_curation(jobs: Sequence[ShardJob]) -> CurationCounts:
    """Count what curation made of a partition."""
    num_rows = num_edited = 0
    marks, rows = Counter[str](), Counter[str]()
    lengths = {measure: Counter[int]() for measure in MEASURES}
    edited: list[tuple[str, tuple[str, ...]]] = []
    difficulties: dict[str, Counter[str]] = {}
    contaminated: dict[str, Counter[str]] = {}
    for job in jobs:
        sft = _read_rows(job)
        num_rows += len(sft)
        found = count_markers(sft["reasoning"])
        marks.update(dict(found.select("marker", "num_marks").iter_rows()))
        rows.update(dict(found.select("marker", "num_rows").iter_rows()))
        for measure, counter in lengths.items():
            counter.update(sft[measure].drop_nulls().to_list())
        changed = sft.filter(pl.col("edits").list.len() > 0).select("problem_id", "edits")
        num_edited += len(changed)
        own = ((name, tuple(edits)) for name, edits in changed.iter_rows())
        edited = heapq.nsmallest(MAX_EDITED, [*edited, *own])
        _count_splits(job, difficulties)
        _count_matches(job, contaminated)
    return CurationCounts(
        num_rows=num_rows,
        num_edited=num_edited,
        markers={name: (marks[name], rows[name]) for name in REFLECTION_MARKERS if num_rows},
        lengths={measure: dict(own) for measure, own in lengths.items() if own},
        edited=tuple(edited),
        difficulties=difficulties,
        contaminated=contaminated,
    )


def _read_rows(job: ShardJob) -> pl.DataFrame:
    """Read what is measured of training rows: (rows; problem_id, reasoning, edits, MEASURES)."""
    sizes = read_shard(job, "problems", ["problem_id", "image_size"])
    rows = read_shard(job, "sft", ["problem_id", "completion", "completion_tokens", "edits"])
    joined = rows.join(sizes, on="problem_id", how="left", maintain_order="left")
    thoughts = pl.Series("reasoning", map(_read_thought, joined["completion"].to_list()), pl.String)
    tokens = pl.Series("image_tokens", map(_count_image, joined["image_size"].to_list()), pl.Int64)
    return joined.select("problem_id", "completion_tokens", "edits", thoughts, tokens).with_columns(
        reasoning_words=count_words(thoughts)
    )


def _read_thought(completion: Iterable[Mapping[str, str]]) -> str:
    """Return the thought of a completion; all of it where it is in no layout of ours."""
    text = "\n".join(message["content"] or "" for message in completion)
    return read_layout(text).reasoning or text


def _count_image(sizes: Iterable[Sequence[int]] | None) -> int:
    return sum(count_image_tokens(width, height) for width, height in sizes or ())


def _count_splits(job: ShardJob, difficulties: dict[str, Counter[str]]) -> None:
    for split in ("grpo", "test"):
        levels = read_shard(job, split, ["difficulty"])["difficulty"].fill_null(UNKNOWN)
        if len(levels):
            difficulties.setdefault(split, Counter()).update(levels.to_list())


def _count_matches(job: ShardJob, contaminated: dict[str, Counter[str]]) -> None:
    screens = read_shard(job, "screens", ["benchmark", "match"]).drop_nulls("benchmark")
    for benchmark, match in screens.iter_rows():
        contaminated.setdefault(benchmark, Counter())[match] += 1


def summarize_counted(counts: Mapping[int, int]) -> dict[str, float]:
    """Summarize counted lengths: rows, mean, percentiles that occur, and the largest."""
    total = sum(counts.values())
    mean = sum(length * rows for length, rows in counts.items()) / total
    quantiles = {f"p{100 * share:g}": find_quantile(counts, share) for share in QUANTILES}
    return {"num_rows": total, "mean": round(mean, 2), **quantiles, "max": max(counts)}


def add_curation(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up what `describe_curation` says of several partitions; lengths are of the last."""
    return {
        "num_rows": sum(part["num_rows"] for part in parts),
        "num_edited": sum(part["num_edited"] for part in parts),
        "markers": _add_tables([part["markers"] for part in parts]),
        "difficulties": _add_tables([part["difficulties"] for part in parts]),
        "contaminated": _add_tables([part["contaminated"] for part in parts]),
        "lengths": next((part["lengths"] for part in reversed(parts) if part["lengths"]), {}),
    }


def _add_tables(tables: Sequence[Mapping[str, Mapping[str, int]]]) -> dict[str, dict[str, int]]:
    added: dict[str, Counter[str]] = {}
    for table in tables:
        for name, counts in table.items():
            added.setdefault(name, Counter()).update(counts)
    return {name: dict(counts) for name, counts in added.items()}


def describe_curation(counts: CurationCounts) -> dict[str, Any]:
    """Return the counts as the manifest keeps them: plain, and lengths summed up."""
    return {
        "num_rows": counts.num_rows,
        "num_edited": counts.num_edited,
        "markers": {
            name: {"num_marks": marks, "num_rows": rows}
            for name, (marks, rows) in counts.markers.items()
        },
        "difficulties": {name: dict(own) for name, own in counts.difficulties.items()},
        "contaminated": {name: dict(own) for name, own in counts.contaminated.items()},
        "lengths": {name: summarize_counted(own) for name, own in counts.lengths.items()},
    }
