import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.curation.lengths import (
    PatchGrid,
    count_image_tokens,
    estimate_tokens,
    measure_row,
    name_length_fault,
)
from tests.tasks.curation.hostile import HOSTILE_TEXTS, assert_linear


@pytest.mark.parametrize(
    ("width", "height", "tokens"),
    [
        (224, 224, 8 * 8),
        (1024, 1024, 37 * 37),
        (640, 480, 23 * 17),
        (28, 28, 2 * 2),
        (10, 10, 2 * 2),
        (1, 199, 1 * 29),
        (3584, 3584, 128 * 128),
        (8000, 6000, 147 * 110),
    ],
)
def test_image_tokens_are_those_of_qwen(width, height, tokens):
    assert count_image_tokens(width, height) == tokens + 2


def test_openvlthinkers_images_are_bounded():
    grid = PatchGrid(max_pixels=262_144)
    assert count_image_tokens(4000, 4000, grid) == 18 * 18 + 2


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_image_tokens_are_within_the_grids_bounds(width, height):
    tokens = count_image_tokens(width, height) - 2
    if max(width, height) <= 200 * min(width, height):
        assert 4 <= tokens <= 12_845_056 // 28**2


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("cat", 1), ("a b", 2), ("parallelogram", 2), ("12.5", 4), ("三角形", 2)],
)
def test_tokens_are_estimated_by_words_digits_and_signs(text, tokens):
    assert estimate_tokens(text) == tokens


def test_a_row_is_counted_by_the_targets_tokenizer():
    length = measure_row("abc", "defgh", [(224, 224), (28, 28)], count_tokens=len)
    assert (length.prompt_tokens, length.completion_tokens) == (3, 5)
    assert length.image_tokens == 66 + 6
    assert length.total_tokens == 80


@pytest.mark.parametrize(
    ("completion", "size", "reason"),
    [
        ("x" * 40, (224, 224), None),
        ("x" * 41, (224, 224), "too_long"),
        ("x" * 3, (224, 224), "too_short"),
        ("x" * 10, (1000, 4), "image_aspect"),
        ("x" * 10, (4, 0), "image_aspect"),
    ],
)
def test_a_row_out_of_bounds_has_a_reason(completion, size, reason):
    length = measure_row("", completion, [size], count_tokens=len)
    assert name_length_fault(
        length, [size], min_completion_tokens=4, max_total_tokens=106
    ) == reason  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_TEXTS)
def test_hostile_texts_take_linear_time(name):
    assert_linear(estimate_tokens, HOSTILE_TEXTS[name])
