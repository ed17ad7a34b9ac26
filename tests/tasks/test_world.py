"""The miniature world: seeded, exact, varied, and held apart by split."""

import io
import json
import re
from collections import Counter
from itertools import combinations
from operator import add, floordiv, sub
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra 'embedded' is not installed")
from PIL import Image

from schemas.recipe import IngestParams, SourceParams
from tasks.answers import check_answer, split_thought, type_gold
from tasks.duplicates import Seen
from tasks.ingest import ingest_rows
from tasks.sources import open_source, plan_sources, shard_rows
from tasks.world import KINDS, SEEDS, WorldProblem, list_problems, make_problem, write_source
from tasks.world.evaluation import VALID_FORMS

NUM = 300
QUESTION_TYPES = {
    "scene": {"count", "look-up", "existence", "difference", "compare"},
    "bars": {"look-up", "extreme", "sum", "difference", "mean", "compare", "total", "count"},
    "table": {"look-up", "extreme", "sum", "difference", "mean", "compare", "total", "count"},
    "geometry": {"look-up", "extreme", "sum", "difference", "mean", "compare", "total", "count"},
}


@pytest.fixture(scope="module", params=KINDS)
def problems(request: pytest.FixtureRequest) -> list[WorldProblem]:
    return list_problems(NUM, "benchmark", (request.param,))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_pixels_and_question(kind: str):
    first, second = make_problem(kind, 7), make_problem(kind, 7)
    assert first.image.tobytes() == second.image.tobytes()
    assert (first.formal_text, first.question) == (second.formal_text, second.question)


def test_other_seeds_give_other_images(problems: list[WorldProblem]):
    assert len({problem.image.tobytes() for problem in problems}) == NUM


def test_an_unknown_kind_is_named_with_those_that_exist():
    with pytest.raises(ValueError, match="no kind 'circuit'; known kinds"):
        make_problem("circuit", 1)


def test_splits_share_no_seed():
    for first, second in combinations(SEEDS.values(), 2):
        assert first.stop <= second.start or second.stop <= first.start


def test_images_are_small_and_made_of_whole_patches(problems: list[WorldProblem]):
    for side in {side for problem in problems for side in problem.image.size}:
        assert 112 <= side <= 168
        assert side % 28 == 0


def test_formal_texts_are_valid(problems: list[WorldProblem]):
    for problem in problems:
        assert re.fullmatch(VALID_FORMS[problem.kind], problem.formal_text)
        if problem.kind == "scene":
            assert json.loads(problem.formal_text)


def test_reasoning_ends_in_the_gold_answer(problems: list[WorldProblem]):
    for problem in problems:
        question = problem.question
        thought, rest = split_thought(question.reasoning)
        assert thought
        assert rest == f"\\boxed{{{question.answer}}}"
        gold = type_gold(question.answer, question.options or None)
        assert check_answer(gold, rest).is_correct is True


def test_every_step_of_arithmetic_is_true(problems: list[WorldProblem]):
    pattern = re.compile(r"(?<![\d=])(\d+)([+/-])(\d+)=(\d+)")
    for problem in problems:
        for left, sign, right, result in pattern.findall(problem.question.steps):
            compute = {"+": add, "-": sub, "/": floordiv}[sign]
            assert compute(int(left), int(right)) == int(result)


def test_all_question_types_and_difficulties_occur(problems: list[WorldProblem]):
    assert {problem.question.name for problem in problems} == QUESTION_TYPES[problems[0].kind]
    assert {problem.question.difficulty for problem in problems} == {1, 2, 3}


def test_answers_are_numbers_words_letters_and_yes_or_no():
    sorts = Counter(_sort_of(problem) for problem in list_problems(400, "benchmark"))
    assert set(sorts) == {"number", "letter", "yes or no", "word"}


def _sort_of(problem: WorldProblem) -> str:
    answer = problem.question.answer
    if problem.question.options:
        return "letter"
    if answer in ("yes", "no"):
        return "yes or no"
    return "number" if answer.isdigit() else "word"


def test_options_hold_the_gold_answer_once(problems: list[WorldProblem]):
    for problem in problems:
        options = problem.question.options
        assert len(set(options)) == len(options)
        if options:
            assert "ABCD".index(problem.question.answer) < len(options)


@pytest.mark.parametrize(
    ("layout", "path"), [("folder", ""), ("jsonl", "problems.jsonl"), ("parquet", "")]
)
def test_every_layout_is_read_as_the_same_problems(tmp_path: Path, layout: str, path: str):
    problems = list_problems(8, "sample")
    write_source(tmp_path, problems, layout)
    params = SourceParams(path=str(tmp_path / path), domain="kind", choices="choices", id="id")
    source = open_source(params)
    [planned] = plan_sources([(params, source)], None)
    made = ingest_rows(shard_rows([planned], 0, 1), IngestParams(), Seen())
    read = [problem for problem, reject in made if problem and not reject]
    assert [row["source_id"] for row in read] == [problem.source_id for problem in problems]
    for row, problem in zip(read, problems, strict=True):
        assert row["question"] == problem.question.text
        with Image.open(io.BytesIO(row["images"][0]["bytes"])) as image:
            assert image.tobytes() == problem.image.tobytes()


def test_a_source_folder_has_a_row_for_each_image(tmp_path: Path):
    write_source(tmp_path, list_problems(8, "sample"))
    rows = [json.loads(line) for line in (tmp_path / "metadata.jsonl").read_text().splitlines()]
    assert [row["kind"] for row in rows] == [*KINDS, *KINDS]
    for row in rows:
        assert set(row) == {
            *("file_name", "id", "question", "choices", "answer", "kind", "difficulty")
        }
        with Image.open(tmp_path / row["file_name"]) as image:
            assert image.mode == "RGB"
