import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.curation.layout import (
    Layout,
    LayoutFault,
    Parts,
    check_layout,
    read_layout,
    write_layout,
)
from tests.tasks.curation.hostile import HOSTILE_TEXTS, assert_linear

PARTS = Parts(reasoning="Okay, let's see. 2 and 3.", summary="We add.", answer="5")
VISION_R1_ANSWER = re.compile("<answer> Final Answer:(.*?) </answer>", re.DOTALL)
"""Vision-R1's own extraction, to a blank (its evaluation, vlmeval/inference.py)."""
R1_ONEVISION_FORMAT = re.compile(r"<think>.*?</think>\s*<answer>.*?</answer>", re.DOTALL)


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        (Layout.THINK_ANSWER, "<think>\nOkay, let's see. 2 and 3.\n</think>\n\n<answer>5</answer>"),
        (
            Layout.THINK_SUMMARY_ANSWER,
            "<think>\nOkay, let's see. 2 and 3.\n</think>\n\nWe add.\n\n<answer>5</answer>",
        ),
        (
            Layout.VISION_R1,
            "<think> Okay, let's see. 2 and 3. </think><answer> Final Answer:5 </answer>",
        ),
    ],
)
def test_each_layout_is_written_to_the_blank_and_passes(layout, expected):
    assert write_layout(layout, PARTS) == expected
    assert check_layout(layout, expected) is None


def test_vision_r1s_own_regex_finds_the_answer():
    text = write_layout(Layout.VISION_R1, Parts(reasoning="a\nb", summary="", answer="x {y} = 5"))
    assert VISION_R1_ANSWER.search(text)[1] == "x {y} = 5"


def test_r1_onevisions_format_reward_is_paid():
    assert R1_ONEVISION_FORMAT.fullmatch(write_layout(Layout.THINK_ANSWER, PARTS))


def test_an_absent_summary_leaves_no_gap_and_is_a_fault():
    text = write_layout(
        Layout.THINK_SUMMARY_ANSWER, Parts(reasoning="So.", summary=" ", answer="5")
    )
    assert text == "<think>\nSo.\n</think>\n\n<answer>5</answer>"
    assert check_layout(Layout.THINK_SUMMARY_ANSWER, text) == LayoutFault.NO_SUMMARY


THOUGHT, ANSWER = "<think>\nSo.\n</think>", "<answer>5</answer>"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("So it is 5.", "no_thought"),
        (f"So. </think>\n\n{ANSWER}", "no_thought"),
        (f"{THOUGHT}\n\n{THOUGHT}\n\n{ANSWER}", "several_thoughts"),
        (f"{THOUGHT}\n\n{ANSWER}</think>", "several_thoughts"),
        (f"<think>\n \n</think>\n\n{ANSWER}", "empty_thought"),
        (THOUGHT, "no_answer"),
        (f"{THOUGHT}\n\n<answer>5", "no_answer"),
        (f"{THOUGHT}\n\n{ANSWER}\n{ANSWER}", "several_answers"),
        (f"{THOUGHT}\n\n<answer> </answer>", "empty_answer"),
        (f"{THOUGHT}\n\n<answer>{'So on. ' * 100}5</answer>", "long_answer"),
        (f"{THOUGHT}\n\nIt is 5.\n\n{ANSWER}", "text_outside"),
        (f"{THOUGHT}\n\n{ANSWER}\nThat is all.", "text_outside"),
        (f"Hm. {THOUGHT}\n\n{ANSWER}", "text_outside"),
        (f"{ANSWER}\n\n{THOUGHT}", "tag_order"),
        ("<think>\nSo <answer>5</answer>.\n</think>", "tag_order"),
        ("<think>\nSo.\n</think>\n\n<Answer>5</Answer>", "tag_order"),
        ("< think >\nSo.\n</think>\n\n<answer>5</answer>", "tag_order"),
        (f"{THOUGHT}\n{ANSWER}", "spacing"),
        (f"{THOUGHT}\n\n{ANSWER}\n", "spacing"),
    ],
)
def test_what_users_found_in_released_rows_is_a_fault(text, fault):
    assert check_layout(Layout.THINK_ANSWER, text) == fault


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("part", ["reasoning", "summary", "answer"])
@pytest.mark.parametrize("mark", ["<image>", "<Image>"])
def test_a_mark_of_an_image_is_a_fault_wherever_it_stands(layout, part, mark):
    text = write_layout(layout, replace(PARTS, **{part: f"As {mark} shows, 5"}))
    is_written = part != "summary" or layout == Layout.THINK_SUMMARY_ANSWER
    assert check_layout(layout, text) == ("image_marks" if is_written else None)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("<think> So. </think><answer>Final Answer:5</answer>", "spacing"),
        ("<think> So. </think><answer> Final Answer: 5 </answer>", "spacing"),
        ("<think> So. </think> <answer> Final Answer:5 </answer>", "spacing"),
        ("<think> So. </think><answer> 5 </answer>", "spacing"),
        ("<think> So. </think><answer> Final Answer: </answer>", "empty_answer"),
        ("<think> So. </think>5<answer> Final Answer:5 </answer>", "text_outside"),
    ],
)
def test_vision_r1_counts_every_blank(text, fault):
    assert check_layout(Layout.VISION_R1, text) == fault


@given(st.sampled_from(Layout), *[st.text(alphabet="ab{}%s 5\n.<>/", max_size=40)] * 3)
def test_what_is_written_from_plain_parts_is_read_back(layout, reasoning, summary, answer):
    parts = Parts(reasoning=f"r{reasoning}r", summary=f"s{summary}s", answer=f"5{answer}5")
    text = write_layout(layout, parts)
    assert check_layout(layout, text) is None
    read = read_layout(text)
    assert (read.reasoning, read.answer) == (parts.reasoning, parts.answer)
    assert read.summary == (parts.summary if layout == Layout.THINK_SUMMARY_ANSWER else "")


TAGS = st.sampled_from(["<think>", "</think>", "<answer>", "</answer>", "5", "\n", " "])


@given(st.sampled_from(Layout), st.lists(TAGS, max_size=10).map("".join) | st.text(max_size=50))
def test_any_text_has_a_fault_or_one_thought_and_one_answer(layout, text):
    if check_layout(layout, text) is None:
        tags = ("<think>", "</think>", "<answer>", "</answer>")
        assert [text.count(tag) for tag in tags] == [1] * 4
        assert write_layout(layout, read_layout(text)) == text


@pytest.mark.parametrize("name", HOSTILE_TEXTS)
def test_hostile_texts_take_linear_time(name):
    assert_linear(lambda text: check_layout(Layout.THINK_ANSWER, text), HOSTILE_TEXTS[name])
    wrapped = "<think>{}</think><answer>{}</answer>"
    assert_linear(
        lambda text: check_layout(Layout.VISION_R1, wrapped.format(text, text)), HOSTILE_TEXTS[name]
    )
