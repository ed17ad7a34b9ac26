"""What is known of problems before anything is spent on them."""

import polars as pl

from schemas.recipe import IngestParams, ScreenParams, SourceParams
from schemas.tables import SCREENS
from tasks.screening import BENCHMARK_ROWS, read_benchmarks, screen_problems

QUESTIONS = [
    "How many red cups stand on the table beside the window of the old kitchen in May?",
    "What is the sum of all the numbers that are written in the second column of the table?",
    "Which of the four towns lies farthest from the harbor, by the scale of the map?",
]


def screen(benchmark_questions):
    problems = pl.DataFrame(
        [(f"{n:032x}", question, [None]) for n, question in enumerate(QUESTIONS)],
        schema={"problem_id": pl.String, "question": pl.String, "image_hashes": pl.List(pl.String)},
        orient="row",
    )
    rows = [("toy-bench", str(n), question, []) for n, question in enumerate(benchmark_questions)]
    benchmarks = pl.DataFrame(rows, schema=BENCHMARK_ROWS, orient="row")
    return screen_problems(problems, benchmarks, ScreenParams())


def test_a_problem_in_a_benchmark_says_which_and_by_what():
    screens = screen(["Who painted the ceiling?", QUESTIONS[1]])
    assert screens.columns == SCREENS.names
    assert screens["drop_reason"].to_list() == [None, "contaminated", None]
    (found,) = screens.filter(pl.col("benchmark").is_not_null()).to_dicts()
    assert found["benchmark"] == "toy-bench" and found["match"] in ("question", "ngram")
    assert found["detail"].startswith(f"{found['match']} is that of row 1 of toy-bench")


def test_marks_of_images_hide_no_benchmark_row(make_source):
    folder = make_source(1, changes={0: {"question": f"<image>\n{QUESTIONS[0]}"}})
    benchmarks = read_benchmarks((SourceParams(path=str(folder)),), IngestParams())
    assert benchmarks["question"].to_list() == [QUESTIONS[0]]


def test_without_benchmarks_nothing_is_marked():
    assert screen([]).drop_nulls("drop_reason").is_empty()
