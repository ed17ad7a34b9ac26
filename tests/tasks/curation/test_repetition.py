import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.curation.repetition import (
    RepetitionBounds,
    find_loop,
    measure_repetition,
    name_repetition,
)
from tests.tasks.curation.hostile import HOSTILE_TEXTS, assert_linear

WORDS = ("angle", "side", "line", "seven", "twice", "gives", "which", "also", "circle", "chord")


def make_prose(num_words: int, seed: int = 0) -> str:
    rng = random.Random(seed)
    words = [rng.choice(WORDS) + str(rng.randrange(90)) for _ in range(num_words)]
    return " ".join(words)


def reason_of(text: str) -> str | None:
    return name_repetition(measure_repetition(text))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (make_prose(800), None),
        (make_prose(300) + " So the answer is five." * 9, "loop"),
        (make_prose(300) + " wait" * 40, "loop"),
        (make_prose(50) + ", and then I go on with it" * 5 + ", and then", "loop"),
        ("".join(f"{make_prose(9, seed % 4)}\n" for seed in range(12)), "repeated_lines"),
        (", ".join(make_prose(12, seed % 5) for seed in (0, 1, 2, 3, 4, 2, 0, 4, 1, 3, 2, 1)),
         "repeated_phrases"),
        (f"{make_prose(200)} and so it is 7 as I said" * 2 + " wait" * 30, "loop"),
        ("Ha ha ha ha ha!", None),
        ("", None),
        ("5, 5, 5, 5, 5, 5", None),
        ("The sum is 12.\nThe sum is 12.", None),
        ("12 + 30 = 42\n12 + 30 = 42\n42", None),
        ("| 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 |\n" * 8 + "| 1 | 0 |", None),
        (make_prose(60) + "\n| 0 | 0 | 0 | 0 | 0 |" * 12 + "\nSo 5.", None),
        ("Adding ones: " + " + ".join(["1"] * 30), None),
        ("- 0\n" * 25, None),
        (make_prose(300) + " = 0." + "3" * 50, None),
        ("So " + ", ".join(map(str, range(300))), None),
        ("The sum is 12. " * 20, "loop"),
        ("The sum is 12.\n" * 20 + make_prose(20), "repeated_lines"),
        ("12 + 30 = 42\n" * 40, "loop"),
        ("12 + 30 = 42\n" * 40 + make_prose(20), "repeated_lines"),
        ("12 + 30 = 42, " * 40 + make_prose(20), "repeated_phrases"),
        ("1 " * 200, "loop"),
        (make_prose(300) + " 0." + "0" * 200, "loop"),
        (make_prose(300) + " 0." + "142857" * 40, "loop"),
        ("a" * 400, "loop"),
    ],
)  # fmt: skip
def test_repetition_has_a_reason(text, reason):
    assert reason_of(text) == reason


def test_loops_without_words_compress():
    assert reason_of(make_prose(60) + "\n" + "-=" * 3000) == "compressible"


def test_chinese_loops_are_loops():
    assert reason_of("我们看图。" + "所以答案是五," * 10) == "loop"


def test_checking_once_more_is_no_loop():
    thought = make_prose(120)
    assert reason_of(thought + " Wait, let me check. " + thought[:200]) is None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["a", "b", "c"], (1, 0)),
        (["x", "a", "b", "a", "b", "a", "b"], (3, 6)),
        (["x", "b", "a", "b", "a", "b"], (2, 5)),
        (["a", "a", "a", "a"], (4, 4)),
        ([], (1, 0)),
    ],
)
def test_the_loop_at_the_end_is_found(words, expected):
    assert find_loop(words, min_words=2) == expected


@given(
    st.lists(st.sampled_from("pq"), max_size=20),
    st.lists(st.sampled_from("abc"), min_size=1, max_size=6),
    st.integers(2, 9),
)
def test_a_planted_loop_is_found_whatever_stands_before(before, block, repeats):
    assert find_loop(before + block * repeats, len(block) * repeats)[0] >= repeats


def test_bounds_are_parameters():
    text = make_prose(100) + " so it is five" * 8
    assert reason_of(text) == "loop"
    wide = RepetitionBounds(max_loop_repeats=20)
    assert name_repetition(measure_repetition(text), wide) is None


@given(st.text(max_size=400))
def test_shares_are_shares(text):
    measured = measure_repetition(text)
    assert 0 <= measured.line_fraction <= 1
    assert 0 <= measured.ngram_fraction <= 1
    assert measured.loop_words <= len(text)


@pytest.mark.parametrize("name", HOSTILE_TEXTS)
def test_hostile_texts_take_linear_time(name):
    assert_linear(measure_repetition, HOSTILE_TEXTS[name])
