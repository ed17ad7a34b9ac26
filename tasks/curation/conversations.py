"""Conversations: a question with its images and a completion, as trainers read them.

Trainers demand as many `<image>` marks as a row has images (LLaMA-Factory, data/README.md;
OpenVLThinker's README says the same); R1-Onevision's rows have too few or too many (issue 5). So
ingest takes the marks of a source out of its texts, and only a conversation has them, before the
question.

R1-Onevision row: `[{"from": "human", "value": "<image>..."}, {"from": "assistant", ...}]`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

IMAGE_MARK = "<image>"
_MARK = re.compile(r"[ \t]{0,4}<image>[ \t]{0,4}\n?", re.IGNORECASE)
_ANY_MARK = re.compile(r"<image>", re.IGNORECASE)
_NUMBERED = re.compile(r"<image ?(\d{1,2})>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """The names of a conversation's keys and roles."""

    role: str
    content: str
    user: str
    assistant: str


CONVERSATION_TAGS = {
    "r1_onevision": Tags(role="from", content="value", user="human", assistant="assistant"),
    "vision_r1_llava_cot": Tags(role="from", content="value", user="human", assistant="gpt"),
    "vision_r1_mulberry": Tags(role="from", content="value", user="user", assistant="assistant"),
    "openvlthinker": Tags(role="role", content="content", user="user", assistant="assistant"),
}
"""The released layouts of the three systems."""


def count_image_marks(text: str) -> int:
    """Count the `<image>` marks of a text, in any case."""
    return len(_ANY_MARK.findall(text))


def remove_image_marks(text: str) -> str:
    """Take the marks of images out of a text of a source.

    `<image>` says only where an image stands, and goes. `<image 2>`, as MMMU writes it, names one
    of several, so it stays as the words `[image 2]`, which no trainer counts.
    """
    named = _NUMBERED.sub(lambda mark: f"[image {int(mark[1])}]", text)
    return _MARK.sub(_join_around, named).strip()


def place_image_marks(question: str, num_images: int) -> str:
    """Take all marks out of a question and put one for each image before it, a line each."""
    return f"{IMAGE_MARK}\n" * num_images + remove_image_marks(question)


def write_conversation(
    question: str, completion: str, num_images: int, tags: Tags
) -> list[dict[str, str]]:
    """Write one user and one assistant turn."""
    asked = place_image_marks(question, num_images)
    return [
        {tags.role: tags.user, tags.content: asked},
        {tags.role: tags.assistant, tags.content: completion},
    ]


def check_conversation(
    turns: Sequence[Mapping[str, str]], num_images: int, tags: Tags
) -> str | None:
    """Return the drop_reason of a conversation that a trainer would refuse or skip, else None.

    `turn_order`: not user and assistant in turn; `empty_turn`; `image_marks`: not one mark for
    each image in the user's turns, or one in the assistant's.
    """
    roles = [turn.get(tags.role) for turn in turns]
    if not roles or roles != [tags.user, tags.assistant] * (len(roles) // 2):
        return "turn_order"
    texts = [turn.get(tags.content) or "" for turn in turns]
    if not all(_MARK.sub("", text).strip() for text in texts):
        return "empty_turn"
    asked = sum(map(count_image_marks, texts[::2]))
    return (
        "image_marks" if asked != num_images or any(map(count_image_marks, texts[1::2])) else None
    )


def _join_around(mark: re.Match[str]) -> str:
    """Leave nothing at the start of a line, else the blank or line end that stood there."""
    if mark.start() == 0 or mark.string[mark.start() - 1] == "\n":
        return ""
    return "\n" if mark[0].endswith("\n") else " "
