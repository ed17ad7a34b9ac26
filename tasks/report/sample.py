"""The problems that the report shows: chosen by id, read from the few row groups that hold them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tasks.report.choice import Outcome, choose_places
from tasks.report.formal import SampledText, sample_text
from tasks.report.thumbnails import Thumbnail, make_thumbnail
from tasks.shards import ShardJob, open_parquet, read_shard

MAX_IMAGES = 4
"""Images shown of one problem."""
IMAGE_BYTES = 60_000
"""For all images of one problem, before base64."""
SAME_NAMES = (
    "status",
    "reasoning",
    "answer_text",
    "answer",
    "completion_tokens",
    "is_correct",
    "rule",
    "drop_reason",
    "error",
)
"""Columns of rollouts, verdicts and rejects that a `SampledRollout` takes as they are."""
PROBLEM_NAMES = (
    "problem_id",
    "source",
    "source_id",
    "source_row",
    "question",
    "gold_answer",
    "answer_type",
    "unit",
)
"""Columns of problems that a `SampledProblem` takes as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledRollout:
    """One attempt, with its verdict and its fate."""

    index: int
    status: str
    reasoning: str | None
    answer_text: str | None
    answer: str | None
    """As the verifier extracted it."""
    completion_tokens: int | None
    is_correct: bool | None
    rule: str | None
    is_selected: bool
    drop_reason: str | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledProblem:
    """One source row as the report shows it; of a refused one only where it came from and why."""

    outcome: Outcome
    source: str
    problem_id: str | None = None
    source_id: str | None = None
    source_row: int | None = None
    question: str | None = None
    options: tuple[str, ...] = ()
    gold_answer: str | None = None
    answer_type: str | None = None
    unit: str | None = None
    images: tuple[Thumbnail, ...] = ()
    num_images: int = 0
    """Of the problem; more than `images` where some cannot be shown."""
    formal: SampledText | None = None
    rollouts: tuple[SampledRollout, ...] = ()
    drop_stage: str | None = None
    drop_reason: str | None = None
    drop_detail: str | None = None


def read_sample(jobs: Sequence[ShardJob], max_problems: int = 24) -> list[SampledProblem]:
    """Read the problems to show; the same tables always give the same ones.

    Problems are taken in the order of their ids, which are hashes, so this is a fair sample of
    each outcome. Memory is bounded: an id column, then one row group at a time.
    """
    places = choose_places(jobs, max_problems)
    found: dict[tuple[int, Any], SampledProblem] = {}
    for number in sorted(set(places["shard"])):
        rows = places.filter(pl.col("shard") == number)
        found |= {(number, key): p for key, p in _read_shard_sample(jobs[number], rows).items()}
    return [found[row["shard"], row["key"]] for row in places.iter_rows(named=True)]


def _read_shard_sample(job: ShardJob, places: pl.DataFrame) -> dict[Any, SampledProblem]:
    """Read the chosen rows of one shard, by their keys."""
    ids = set(places["problem_id"].drop_nulls())
    found: dict[Any, SampledProblem] = {}
    tables = {name: _read_rows(job, name, ids) for name in ("problems", "formal_texts", "rejects")}
    rollouts = _read_rollouts(job, ids, tables["rejects"])
    refused = read_shard(job, "ingest_rejects") if places["row"].max() != -1 else None
    for place in places.iter_rows(named=True):
        outcome, key = Outcome(place["outcome"]), place["key"]
        if refused is not None and outcome is Outcome.REFUSED:
            found[key] = _make_refused(refused.row(place["row"], named=True))
        else:
            rows = {
                name: table.filter(problem_id=place["problem_id"]).to_dicts()
                for name, table in tables.items()
            }
            found[key] = _make_problem(outcome, rows, rollouts.get(place["problem_id"], ()))
    return found


def _read_rows(job: ShardJob, table: str, ids: set[str]) -> pl.DataFrame:
    """Read the rows of some problems, from the row groups that hold them."""
    found: list[pl.DataFrame] = []
    with open_parquet(job.folder(table), job.file) as file:
        for group in range(file.num_row_groups):
            held = file.read_row_group(group, columns=["problem_id"]).column(0).to_pylist()
            if not ids.isdisjoint(held):
                rows = pl.DataFrame(file.read_row_group(group))
                found.append(rows.filter(pl.col("problem_id").is_in(list(ids))))
        empty = pl.DataFrame(file.schema_arrow.empty_table())
    return pl.concat(found) if found else empty


def _read_rollouts(
    job: ShardJob, ids: set[str], rejects: pl.DataFrame
) -> dict[str, tuple[SampledRollout, ...]]:
    key = ["problem_id", "rollout_index"]
    joined = (
        _read_rows(job, "rollouts", ids)
        .join(_read_rows(job, "verdicts", ids), on=key, how="left")
        .join(rejects.select(*key, "drop_reason"), on=key, how="left")
        .join(_read_rows(job, "sft", ids).select(*key, is_selected=True), on=key, how="left")
        .sort("rollout_index")
    )
    found: dict[str, tuple[SampledRollout, ...]] = {}
    for row in joined.iter_rows(named=True):
        rollout = SampledRollout(
            index=row["rollout_index"],
            is_selected=bool(row["is_selected"]),
            **{name: row[name] for name in SAME_NAMES},
        )
        found[row["problem_id"]] = (*found.get(row["problem_id"], ()), rollout)
    return found


def _make_problem(
    outcome: Outcome,
    rows: Mapping[str, list[dict[str, Any]]],
    rollouts: tuple[SampledRollout, ...],
) -> SampledProblem:
    (problem,) = rows["problems"]
    formal = next(iter(rows["formal_texts"]), None)
    whole = [row for row in rows["rejects"] if row["rollout_index"] is None]
    images = [image["bytes"] for image in problem["images"]]
    return SampledProblem(
        outcome=outcome,
        options=tuple(problem["options"] or ()),
        images=_make_thumbnails(images),
        num_images=len(images),
        formal=sample_text(formal) if formal else None,
        rollouts=rollouts,
        **{name: problem[name] for name in PROBLEM_NAMES},
        **(_name_drop(whole[0]) if whole else {}),
    )


def _make_thumbnails(images: Sequence[bytes]) -> tuple[Thumbnail, ...]:
    shown = images[:MAX_IMAGES]
    made = [make_thumbnail(data, IMAGE_BYTES // len(shown)) for data in shown if data]
    return tuple(image for image in made if image)


def _make_refused(row: Mapping[str, Any]) -> SampledProblem:
    names = ("problem_id", "source", "source_id", "source_row")
    kept = {name: row[name] for name in names}
    return SampledProblem(outcome=Outcome.REFUSED, **kept, **_name_drop(row))


def _name_drop(row: Mapping[str, Any]) -> dict[str, Any]:
    named = {"drop_stage": "stage", "drop_reason": "drop_reason", "drop_detail": "detail"}
    return {name: row[column] for name, column in named.items()}
