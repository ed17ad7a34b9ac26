"""What is known of all problems of a partition before anything is spent on them.

Which are near-duplicates of each other, so that no two splits share an image or a question; and
which are in a benchmark, so that a model that learned from them could not be measured on it.
"""

from collections.abc import Iterator, Sequence

import polars as pl

from schemas.recipe import IngestParams, ScreenParams, SourceParams
from tasks.curation.contamination import (
    CONTAMINATED,
    ContaminationRule,
    describe_match,
    find_contamination,
)
from tasks.curation.conversations import remove_image_marks
from tasks.curation.image_hashes import hash_normalized
from tasks.curation.near_duplicates import find_links, group_problems
from tasks.curation.question_pairs import QuestionRule
from tasks.problems import RejectedRowError, read_images
from tasks.sources import open_source, plan_sources

COLUMNS = ["problem_id", "question", "image_hashes"]
BENCHMARK_ROWS = {
    "benchmark": pl.String,
    "benchmark_row": pl.String,
    "question": pl.String,
    "image_hashes": pl.List(pl.String),
}


def screen_problems(
    problems: pl.DataFrame, benchmarks: pl.DataFrame, params: ScreenParams
) -> pl.DataFrame:
    """Group near-duplicates, and mark the problems that are in a benchmark.

    Args:
        problems: (problems of all shards, COLUMNS of PROBLEMS), any order.
        benchmarks: (rows of all benchmarks, BENCHMARK_ROWS); may be empty.
        params: what counts as the same.

    Returns:
        (problems, SCREENS), sorted by `problem_id`.
    """
    rule = QuestionRule(min_ratio=params.min_question_ratio)
    groups = group_problems(problems, find_links(problems, rule, params.max_image_bits))
    contamination = ContaminationRule(max_distance=params.max_image_bits, question=rule)
    matches = find_contamination(problems, benchmarks, contamination)
    order = ["score", "benchmark", "benchmark_row", "kind"]
    ranked = matches.sort(order, descending=[True, False, False, False], maintain_order=True)
    best = ranked.group_by("problem_id", maintain_order=True).first()
    found = best.select(
        "problem_id",
        pl.Series("detail", map(describe_match, best.iter_rows(named=True)), pl.String),
        "benchmark",
        drop_reason=pl.lit(CONTAMINATED),
        match="kind",
    )
    return groups.join(found, on="problem_id", how="left", maintain_order="left").select(
        "problem_id", "group", "drop_reason", "detail", "benchmark", "match"
    )


def read_benchmarks(sources: Sequence[SourceParams], ingest: IngestParams) -> pl.DataFrame:
    """Read what is compared of every benchmark row: (rows, BENCHMARK_ROWS).

    A row whose images cannot be read is compared by its question.

    Raises:
        SourceError: a benchmark cannot be read.
    """
    rows = list(_iterate_rows(sources, ingest))
    return pl.DataFrame(rows, schema=BENCHMARK_ROWS, orient="row")


def _iterate_rows(
    sources: Sequence[SourceParams], ingest: IngestParams
) -> Iterator[tuple[str, str, str, list[str | None]]]:
    for planned in plan_sources([(params, open_source(params)) for params in sources], None):
        names = planned.params
        for row in planned.source.read(0, planned.num_rows):
            question = row.values.get(names.question)
            try:
                images = read_images(row.values.get(planned.image), planned.source.root, ingest)
            except RejectedRowError:
                images = []
            own = row.values.get(names.id)
            yield (
                planned.name,
                str(row.row if own is None else own)[:200],
                remove_image_marks(question) if isinstance(question, str) else "",
                [hash_normalized(image.data) for image in images],
            )
        planned.source.close()
