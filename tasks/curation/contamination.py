"""Contamination: problems whose image or question is in a benchmark, and what matched what.

Vision-R1's RL data holds MathVision and We-Math, and its scores on them are disputed for it
(Osilly/Vision-R1, issue 6). Three kinds of match, each through an index, so that time grows with
the rows and the matches: `image` (perceptual hash), `question` (edit ratio on MinHash candidates,
same numbers), `ngram` (runs of words in common, as GPT-3's section C looks for 13-grams).
"""

from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from tasks.curation.image_hashes import MAX_DISTANCE, pair_images
from tasks.curation.near_duplicates import list_hashes, score_distance
from tasks.curation.question_pairs import QuestionRule, fold_question, match_questions
from tasks.curation.shingles import shingle_words
from tasks.curation.words import split_words

MatchKind = Literal["image", "question", "ngram"]
CONTAMINATED = "contaminated"
"""drop_reason of a problem with a match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContaminationRule:
    """What counts as a match with a benchmark."""

    kinds: tuple[MatchKind, ...] = ("image", "question", "ngram")
    max_distance: int = MAX_DISTANCE
    """Bits in which the hashes of one image may differ."""
    question: QuestionRule = field(default_factory=QuestionRule)
    ngram_words: int = 10
    min_ngram_fraction: float = 0.5
    """Least share of the benchmark question's n-grams that the problem's question holds."""
    max_ngram_repeats: int = 20
    """An n-gram that more benchmark rows share is boilerplate, such as a hint on the format."""


MATCHES = ("problem_id", "benchmark", "benchmark_row", "kind", "score")
PAIRS = {"row": pl.Int64, "other": pl.Int64, "score": pl.Float64}


def find_contamination(
    problems: pl.DataFrame, benchmarks: pl.DataFrame, rule: ContaminationRule | None = None
) -> pl.DataFrame:
    """Find the problems that are in a benchmark.

    Args:
        problems: (problems; problem_id, question, image_hashes), any order.
        benchmarks: (rows of all benchmarks; benchmark, benchmark_row, question, image_hashes),
            `benchmark_row` being the row's id as text.
        rule: What counts as a match.

    Returns:
        (matches; problem_id, benchmark, benchmark_row, kind, score), sorted: which problem matched
        which row, by what, and how well (0 to 1). A pair may match in several kinds.
    """
    rule = rule or ContaminationRule()
    rows = _number_rows(problems, "row", ["problem_id"])
    others = _number_rows(benchmarks, "other", ["benchmark", "benchmark_row"])
    finders = {
        "image": lambda: _match_images(rows, others, rule.max_distance),
        "question": lambda: _match_questions(rows, others, rule.question),
        "ngram": lambda: _match_ngrams(rows, others, rule),
    }
    found = [
        finders[kind]().select("row", "other", "score", kind=pl.lit(kind)) for kind in rule.kinds
    ]
    pairs = pl.concat([pl.DataFrame(schema=PAIRS | {"kind": pl.String}), *found])
    named = pairs.join(rows.select("row", "problem_id"), on="row").join(
        others.select("other", "benchmark", pl.col("benchmark_row").cast(pl.String)), on="other"
    )
    return named.select(*MATCHES).sort("problem_id", "benchmark", "benchmark_row", "kind")


def _number_rows(table: pl.DataFrame, name: str, order: list[str]) -> pl.DataFrame:
    ordered = table.sort(order).with_columns(pl.col("question").fill_null(""))
    return ordered.with_columns(pl.int_range(pl.len()).alias(name))


def describe_match(match: dict[str, str | float]) -> str:
    """Say in a sentence what a row of `find_contamination` matched: the detail of its reject."""
    return (
        f"{match['kind']} is that of row {match['benchmark_row']} of {match['benchmark']} "
        f"(score {match['score']:.3f})"
    )


def _match_images(rows: pl.DataFrame, others: pl.DataFrame, max_distance: int) -> pl.DataFrame:
    """Match images; of the rows of a benchmark that share one, the first stands for all."""
    images = list_hashes(rows, "row")
    other_images = (
        list_hashes(others, "other")
        .join(others.select("other", "benchmark"), on="other")
        .group_by("benchmark", other_hash="hash")
        .agg(pl.col("other").min())
    )
    unique, other_unique = (
        images["hash"].unique().sort(),
        other_images["other_hash"].unique().sort(),
    )
    pairs, distances = pair_images(unique.to_list(), other_unique.to_list(), max_distance)
    near = pl.DataFrame(
        {
            "hash": unique.gather(pairs[:, 0]),
            "other_hash": other_unique.gather(pairs[:, 1]),
            "score": score_distance(distances),
        },
        schema={"hash": pl.String, "other_hash": pl.String, "score": pl.Float64},
    )
    matched = images.join(near, on="hash").join(other_images, on="other_hash")
    return matched.group_by("row", "other").agg(pl.col("score").max())


def _match_questions(rows: pl.DataFrame, others: pl.DataFrame, rule: QuestionRule) -> pl.DataFrame:
    found = [
        (pair.first, pair.second, pair.ratio)
        for pair in match_questions(rows["question"].to_list(), others["question"].to_list(), rule)
    ]
    return pl.DataFrame(found, schema=PAIRS, orient="row")


def _match_ngrams(
    rows: pl.DataFrame, others: pl.DataFrame, rule: ContaminationRule
) -> pl.DataFrame:
    ngrams = _list_ngrams(rows["question"], rule.ngram_words, "row")
    other_ngrams = _list_ngrams(others["question"], rule.ngram_words, "other")
    telling = other_ngrams.filter(pl.len().over("hash") <= rule.max_ngram_repeats)
    totals = telling.group_by("other").agg(total=pl.len())
    shared = ngrams.join(telling, on="hash").group_by("row", "other").len()
    return (
        shared.join(totals, on="other")
        .select("row", "other", score=pl.col("len") / pl.col("total"))
        .filter(pl.col("score") >= rule.min_ngram_fraction)
    )


def _list_ngrams(questions: pl.Series, size: int, key: str) -> pl.DataFrame:
    """List the distinct n-grams of each question: (key, hash); shorter questions have none."""
    words = [split_words(fold_question(question)) for question in questions.to_list()]
    shingles = shingle_words([own if len(own) >= size else [] for own in words], size)
    schema = {key: pl.Int64, "hash": pl.UInt64}
    return pl.DataFrame([shingles.list_texts(), shingles.hashes], schema=schema).unique()
