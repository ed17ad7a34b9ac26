import random

import polars as pl
import pytest

from tasks.curation.contamination import (
    ContaminationRule,
    describe_match,
    find_contamination,
)
from tests.tasks.curation.test_near_duplicates import LONG, make_hash, make_problems

SCHEMA = {
    "benchmark": pl.String,
    "benchmark_row": pl.String,
    "question": pl.String,
    "image_hashes": pl.List(pl.String),
}


def make_benchmarks(*rows: tuple) -> pl.DataFrame:
    """Rows of (benchmark, row, question, [hash])."""
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


BENCHMARKS = make_benchmarks(
    ("MathVision", "7", LONG, [make_hash(1)]),
    ("MathVision", "8", "Find x.", [make_hash(2)]),
    ("We-Math", "7", "Which of the shapes in the picture is not a convex polygon?", None),
)


def match(*rows: tuple, benchmarks: pl.DataFrame = BENCHMARKS, **rule) -> list[tuple]:
    found = find_contamination(make_problems(*rows), benchmarks, ContaminationRule(**rule))
    return found.select("problem_id", "benchmark", "benchmark_row", "kind").rows()


def test_an_image_of_a_benchmark_is_found_however_it_was_encoded():
    assert match(("a", "Find y.", [make_hash(2, 10)]), ("b", "Find x.", [make_hash(3)])) == [
        ("a", "MathVision", "8", "image")
    ]


def test_a_question_of_a_benchmark_is_found_without_its_image():
    asked = LONG.replace("its foot", "Its foot").replace("ladder", "Ladder,")
    assert match(("a", asked, [make_hash(9)]), kinds=("question",)) == [
        ("a", "MathVision", "7", "question")
    ]


def test_a_question_inside_a_longer_one_is_found_by_its_ngrams():
    wrapped = f"Hint: answer with a number. {LONG} Then say how you know, in a sentence or two."
    assert match(("a", wrapped, None)) == [("a", "MathVision", "7", "ngram")]


def test_short_questions_and_other_numbers_match_nothing():
    rows = [("a", "Find x.", None), ("b", LONG.replace("13", "17").replace("5", "8"), None)]
    assert match(*rows) == []


def test_boilerplate_of_a_benchmark_matches_nothing():
    hint = "Hint: Please answer the question and provide the final answer at the end of your text."
    benchmark = make_benchmarks(*(("B", str(i), f"{hint} Case {i}.", None) for i in range(30)))
    rows = [("a", f"{hint} What is the color of the third car from the left?", None)]
    assert match(*rows, benchmarks=benchmark, kinds=("ngram",)) == []
    assert match(*rows, benchmarks=benchmark.head(5), kinds=("ngram",)) != []


def test_the_report_says_what_matched_what():
    problems = make_problems(("a", LONG, [make_hash(1, 4)]), ("b", LONG, None))
    matches = find_contamination(problems, BENCHMARKS)
    assert matches.columns == ["problem_id", "benchmark", "benchmark_row", "kind", "score"]
    assert [(row["kind"], row["score"]) for row in matches.rows(named=True)] == [
        ("image", 1 - 4 / 256), ("ngram", 1.0), ("question", 1.0), ("ngram", 1.0), ("question", 1.0)
    ]  # fmt: skip
    assert describe_match(matches.row(0, named=True)) == (
        "image is that of row 7 of MathVision (score 0.984)"
    )


def test_rows_that_share_an_image_are_told_by_the_first():
    benchmark = make_benchmarks(*(("B", f"{i:03}", "?", [make_hash(1)]) for i in range(300)))
    rows = [(f"p{i}", "?", [make_hash(1)]) for i in range(300)]
    assert match(*rows, benchmarks=benchmark) == sorted(
        (row[0], "B", "000", "image") for row in rows
    )


@pytest.mark.parametrize("benchmarks", [BENCHMARKS, BENCHMARKS.clear()])
def test_nothing_matches_nothing(benchmarks):
    assert match(benchmarks=benchmarks) == []
    assert match(("a", None, None), ("b", "", []), benchmarks=benchmarks.clear()) == []
    assert match(("a", LONG, None), benchmarks=benchmarks, kinds=()) == []


def test_matches_do_not_depend_on_the_order_of_rows():
    rng = random.Random(0)
    rows = [
        (f"{i:03}", rng.choice([LONG, LONG.upper(), "x"]), [make_hash(i % 5)]) for i in range(50)
    ]
    expected = match(*rows)
    rng.shuffle(rows)
    assert match(*rows, benchmarks=BENCHMARKS.reverse()) == expected
    assert expected
