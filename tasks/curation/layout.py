r"""Layouts of a completion: written from reasoning, summary and answer, and checked.

| layout | text | source |
|---|---|---|
| `think_answer` | `<think>\n..\n</think>\n\n<answer>..</answer>` | R1-Onevision's intended one |
| `think_summary_answer` | the same with the summary between | OpenVLThinker's SFT data |
| `vision_r1` | `<think> .. </think><answer> Final Answer:X </answer>` | Vision-R1-cold |

R1-Onevision's released rows have four layouts, missing answers, whole thoughts inside the answer
and stray closing tags (Fancy-MLLM/R1-Onevision, issue 5). The writer writes what it is given; the
checker says what is wrong with it. Linear in the text.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from tasks.curation.conversations import count_image_marks


class Layout(StrEnum):
    """How a completion is laid out."""

    THINK_ANSWER = "think_answer"
    THINK_SUMMARY_ANSWER = "think_summary_answer"
    VISION_R1 = "vision_r1"


class LayoutFault(StrEnum):
    """What is wrong with a completion: its drop_reason."""

    NO_THOUGHT = "no_thought"
    SEVERAL_THOUGHTS = "several_thoughts"
    EMPTY_THOUGHT = "empty_thought"
    NO_ANSWER = "no_answer"
    SEVERAL_ANSWERS = "several_answers"
    EMPTY_ANSWER = "empty_answer"
    LONG_ANSWER = "long_answer"
    """The answer is so long that it holds the thought."""
    NO_SUMMARY = "no_summary"
    TEXT_OUTSIDE = "text_outside"
    """Text stands where the layout has none."""
    TAG_ORDER = "tag_order"
    """Tags are crossed, nested, or the answer stands first."""
    IMAGE_MARKS = "image_marks"
    """Thought, summary or answer has an `<image>` mark, which a trainer takes for an image."""
    SPACING = "spacing"
    """Blanks and line ends are not those of the layout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a completion says, apart from its layout."""

    reasoning: str
    summary: str
    """Text between thought and answer; empty where there is none."""
    answer: str


MAX_ANSWER_CHARS = 400
_TAG = re.compile(r"<\s?(/?)\s?(think(?:ing)?|answer)\s?>", re.IGNORECASE)
_EXACT_TAG = re.compile(r"</?(?:think|answer)>")
_TEMPLATES = {
    Layout.THINK_ANSWER: "<think>\n{reasoning}\n</think>\n\n<answer>{answer}</answer>",
    Layout.THINK_SUMMARY_ANSWER: (
        "<think>\n{reasoning}\n</think>\n\n{summary}\n\n<answer>{answer}</answer>"
    ),
    Layout.VISION_R1: "<think> {reasoning} </think><answer> Final Answer:{answer} </answer>",
}


def write_layout(layout: Layout, parts: Parts) -> str:
    """Write a completion; a layout without a summary leaves it out, an absent one leaves no gap."""
    has_summary = layout == Layout.THINK_SUMMARY_ANSWER and parts.summary.strip()
    template = _TEMPLATES[layout if layout == Layout.VISION_R1 else Layout.THINK_ANSWER]
    return (_TEMPLATES[layout] if has_summary else template).format(
        reasoning=parts.reasoning.strip(),
        summary=parts.summary.strip(),
        answer=parts.answer.strip(),
    )


def check_layout(
    layout: Layout, text: str, *, max_answer_chars: int = MAX_ANSWER_CHARS
) -> LayoutFault | None:
    """Return the first fault of a completion, None if it is exactly one thought and one answer."""
    if fault := _count_tags(text):
        return fault
    if count_image_marks(text):
        return LayoutFault.IMAGE_MARKS
    parts = _split(text)
    if parts is None:
        return LayoutFault.TAG_ORDER
    if fault := _check_parts(layout, parts, max_answer_chars):
        return fault
    return None if text == write_layout(layout, read_layout(text)) else LayoutFault.SPACING


def read_layout(text: str) -> Parts:
    """Read the parts of a completion that `check_layout` passes, in any of the layouts."""
    _, reasoning, summary, answer, _ = _split(text) or ("", "", "", "", "")
    answer = answer.strip().removeprefix("Final Answer:")
    return Parts(reasoning=reasoning.strip(), summary=summary.strip(), answer=answer.strip())


def _count_tags(text: str) -> LayoutFault | None:
    tags = [(bool(tag[1]), tag[2].lower()[:5]) for tag in _TAG.finditer(text)]
    for name, none, several in (
        ("think", LayoutFault.NO_THOUGHT, LayoutFault.SEVERAL_THOUGHTS),
        ("answe", LayoutFault.NO_ANSWER, LayoutFault.SEVERAL_ANSWERS),
    ):
        opening, closing = tags.count((False, name)), tags.count((True, name))
        if not opening or not closing:
            return none
        if opening > 1 or closing > 1:
            return several
    return None


def _split(text: str) -> tuple[str, str, str, str, str] | None:
    """Split at the four tags, if they are spelled exactly and in order."""
    tags = list(_EXACT_TAG.finditer(text))
    if [tag[0] for tag in tags] != ["<think>", "</think>", "<answer>", "</answer>"]:
        return None
    places = [0, *(place for tag in tags for place in tag.span()), len(text)]
    before, reasoning, summary, answer, after = (
        text[start:end] for start, end in zip(places[::2], places[1::2], strict=True)
    )
    return before, reasoning, summary, answer, after


def _check_parts(
    layout: Layout, pieces: tuple[str, str, str, str, str], max_answer_chars: int
) -> LayoutFault | None:
    before, reasoning, summary, answer, after = (piece.strip() for piece in pieces)
    if layout == Layout.VISION_R1:
        answer = answer.removeprefix("Final Answer:")
    has_summary = layout == Layout.THINK_SUMMARY_ANSWER
    checks = {
        LayoutFault.TEXT_OUTSIDE: before or after or (summary and not has_summary),
        LayoutFault.EMPTY_THOUGHT: not reasoning,
        LayoutFault.EMPTY_ANSWER: not answer.strip(),
        LayoutFault.LONG_ANSWER: len(answer) > max_answer_chars,
        LayoutFault.NO_SUMMARY: has_summary and not summary,
    }
    return next((fault for fault, is_wrong in checks.items() if is_wrong), None)
