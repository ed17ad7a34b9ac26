import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.curation.conversations import (
    CONVERSATION_TAGS,
    check_conversation,
    count_image_marks,
    place_image_marks,
    remove_image_marks,
    write_conversation,
)
from tests.tasks.curation.hostile import HOSTILE_TEXTS, assert_linear

ONEVISION = CONVERSATION_TAGS["r1_onevision"]


def test_r1_onevisions_row_is_written():
    assert write_conversation("What is it?", "A cat.", 1, ONEVISION) == [
        {"from": "human", "value": "<image>\nWhat is it?"},
        {"from": "assistant", "value": "A cat."},
    ]


@pytest.mark.parametrize(
    ("question", "num_images", "expected"),
    [
        ("Why?", 1, "<image>\nWhy?"),
        ("<image>\nWhy?", 1, "<image>\nWhy?"),
        ("<image><image>Why?", 1, "<image>\nWhy?"),
        ("Why <image> so?", 1, "<image>\nWhy so?"),
        ("Why?\n<image>", 2, "<image>\n<image>\nWhy?"),
        ("Why? <Image>", 0, "Why?"),
        ("Line one\n<image>\nline two", 1, "<image>\nLine one\nline two"),
    ],
)
def test_marks_are_as_many_as_images_and_stand_first(question, num_images, expected):
    assert place_image_marks(question, num_images) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<image>How many apples?", "How many apples?"),
        ("In <image 1>, how many?", "In [image 1], how many?"),
        ("Is <image 2> or <IMAGE10> larger? <image>", "Is [image 2] or [image 10] larger?"),
        ("What does <img> or <image_url> do?", "What does <img> or <image_url> do?"),
        (" <image>\n ", ""),
    ],
)
def test_plain_marks_go_and_numbered_ones_become_words(text, expected):
    assert remove_image_marks(text) == expected
    assert remove_image_marks(expected) == expected


@pytest.mark.parametrize("tags", CONVERSATION_TAGS.values(), ids=list(CONVERSATION_TAGS))
def test_what_is_written_passes(tags):
    assert check_conversation(write_conversation("<image> a", "b", 2, tags), 2, tags) is None


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ([], "turn_order"),
        ([("assistant", "a"), ("human", "b")], "turn_order"),
        ([("human", "a")], "turn_order"),
        ([("human", "<image>a"), ("gpt", "b")], "turn_order"),
        ([("human", "<image>\n"), ("assistant", "b")], "empty_turn"),
        ([("human", "<image>a"), ("assistant", "")], "empty_turn"),
        ([("human", "a"), ("assistant", "b")], "image_marks"),
        ([("human", "<image><image>a"), ("assistant", "b")], "image_marks"),
        ([("human", "<image>a"), ("assistant", "see <image>")], "image_marks"),
    ],
)
def test_what_a_trainer_would_refuse_has_a_reason(turns, reason):
    rows = [{"from": role, "value": text} for role, text in turns]
    assert check_conversation(rows, 1, ONEVISION) == reason


@given(st.text(alphabet="<image>Ig \n", max_size=60), st.integers(0, 3))
def test_any_question_gets_its_marks(question, num_images):
    placed = place_image_marks(question, num_images)
    assert placed.startswith("<image>\n" * num_images)
    assert count_image_marks(placed) == num_images
    assert place_image_marks(placed, num_images) == placed


@pytest.mark.parametrize(
    "nested", ["<ima<image>ge>Why?", "Why<ima<image>\nge>", "<im\n<image>age>"]
)
def test_taking_out_marks_never_makes_one(nested):
    assert count_image_marks(place_image_marks(nested, 1)) == 1


@pytest.mark.parametrize("name", [*HOSTILE_TEXTS])
def test_hostile_texts_take_linear_time(name):
    assert_linear(lambda text: place_image_marks(text, 1), HOSTILE_TEXTS[name])
