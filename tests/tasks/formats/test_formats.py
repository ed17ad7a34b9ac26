"""What counts as valid formal text: the case tables, and the laws of all validators."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.formats import FORMATS, MAX_CHARS, MAX_PROBLEMS, describe_problems, validate
from tasks.formats.latex_formula import MAX_LATEX_CHARS
from tests.tasks.formats.cases import CASE_DIR, load_cases

ROOT = Path(__file__).parents[3]
NAMES = sorted(FORMATS)
VALID = {name: [case.text for case in load_cases(name) if case.is_valid] for name in NAMES}
SLOWEST_SECONDS = 15.0
"""For 100,000 characters, which take less than one; a quadratic validator takes minutes."""
ALPHABET = "aAB01 \n\t\"'`()[]{}<>=:;,.|&/\\-+*_%$#@!?~^\u00e9\u4e2d\u2028\U0001f642"


@pytest.mark.parametrize("name", NAMES)
def test_every_case_of_the_table_comes_out_as_it_says(name):
    wrong = []
    for case in load_cases(name):
        problems = validate(name, case.text)
        if case.is_valid is not (not problems) or (problems and problems[0].line != case.line):
            wrong.append((case.text[:200], case.why, [str(problem) for problem in problems]))
    assert wrong == []


@pytest.mark.parametrize("name", NAMES)
def test_the_table_has_forty_valid_and_forty_invalid_cases_and_says_why(name):
    cases = load_cases(name)
    assert sum(case.is_valid for case in cases) >= 40
    assert sum(not case.is_valid for case in cases) >= 40
    assert all(case.why for case in cases)
    assert len({case.text for case in cases}) == len(cases)


def test_every_table_has_a_validator():
    assert sorted(file.stem for file in CASE_DIR.glob("*.jsonl")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_messages_are_plain_sentences_that_stay_short(name):
    for case in load_cases(name):
        for problem in validate(name, case.text):
            assert problem.message[-1] in ".?", problem
            assert problem.message[0].isupper() or not problem.message[0].isalpha(), problem
            assert len(problem.message) <= 1200 and "\n" not in problem.message, problem


@pytest.mark.parametrize("name", NAMES)
def test_line_ends_do_not_matter(name):
    for text in VALID[name]:
        plain = text.replace("\r\n", "\n")
        assert validate(name, plain.replace("\n", "\r\n")) == []
        assert validate(name, plain.replace("\n", "\r")) == []


@settings(max_examples=150)
@given(data=st.data())
@pytest.mark.parametrize("name", NAMES)
def test_no_mutation_of_a_valid_text_raises(name, data):
    text = data.draw(st.sampled_from(VALID[name]))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        put = data.draw(
            st.one_of(
                st.text(ALPHABET, max_size=6),
                st.just(text[start:end] * 2),
                st.sampled_from(VALID[name]).map(lambda other: other[: len(other) // 2]),
            )
        )
        text = text[:start] + put + text[end:]
    problems = validate(name, text)
    assert len(problems) <= MAX_PROBLEMS
    num_lines = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    assert all(1 <= problem.line <= num_lines for problem in problems)


@settings(max_examples=100)
@given(text=st.text(max_size=200))
@pytest.mark.parametrize("name", NAMES)
def test_no_text_at_all_raises(name, text):
    validate(name, text)


PIECES = (
    *ALPHABET, '"\\', "[{", "((", '{"a":', "<a ", "<b>", "<!--", "\\left(", "{{", "}}", "$x", "-->",
    " - ", "A & ", "R1 a b 1k ", '",', "\\begin{x}", "\\frac", "| a ", ":::a", "a.b", "x--", "(a)",
)  # fmt: skip


def make_hostile_texts(name: str, num_chars: int) -> Iterator[str]:
    """Texts that make careless parsers slow, each `num_chars` long.

    One piece again and again; the same below the first line of a valid text, in lines of 1,900
    characters; and, for many valid texts, a line of the middle again and again.
    """
    head, _, _ = VALID[name][0].partition("\n")
    for piece in PIECES:
        yield piece * (num_chars // len(piece))
        line = piece * (1900 // len(piece))
        yield "\n".join([head, *[line] * (num_chars // 1900)])
    for text in VALID[name][:16]:
        first, *others = text.split("\n")
        middle = others[len(others) // 2] if others else first
        yield "\n".join([first, *[middle] * (num_chars // (len(middle) + 1)), *others[-1:]])


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_time_is_bounded_on_hostile_texts(name):
    slow = []
    # Formulas are read up to a tenth of the length of other texts, by a slower library.
    num_chars = MAX_LATEX_CHARS // 4 if name == "latex" else MAX_CHARS // 2
    for text in make_hostile_texts(name, num_chars):
        start = time.process_time()
        validate(name, text)
        seconds = time.process_time() - start
        if seconds > SLOWEST_SECONDS:
            slow.append((text[:60], round(seconds, 2)))
    assert slow == []


def test_the_formal_texts_of_the_bundled_sample_are_valid():
    lines = (ROOT / "data/sample/ground_truth.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert {row["format"] for row in rows} == {"csv", "json", "geometry"}
    assert [row["id"] for row in rows if validate(row["format"], row["formal_text"])] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_text_that_is_too_long_is_not_read(name):
    (problem,) = validate(name, "a" * (MAX_CHARS + 1))
    assert f"at most {MAX_CHARS}" in problem.message


def test_an_unknown_format_names_the_known_ones():
    with pytest.raises(ValueError, match=r"no format 'cvs'; known formats: \['boxes'"):
        validate("cvs", "a")


def test_problems_are_described_one_a_line():
    assert describe_problems(validate("csv", "a,b\n1\n2")) == (
        "- Line 1: The header has 2 cells, but every row has 1 cell; begin with the header row "
        "alone, and leave a cell empty where it has no text."
    )
    assert describe_problems(validate("csv", "a,b\n1\n2,3")).startswith("- Line 2: This row has 1 ")
