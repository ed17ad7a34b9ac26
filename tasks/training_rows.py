"""Training rows: what a curated problem becomes in the tables sft, grpo and test."""

from collections.abc import Mapping
from typing import Any

from prompts import render_options
from schemas.recipe import CurateParams
from schemas.tables import GRPO, SFT
from tasks.curation.conversations import CONVERSATION_TAGS, write_conversation
from tasks.curation.editing import Edited
from tasks.curation.layout import Layout, write_layout

CONVERSATION_COLUMNS = {"from": "conversations", "role": "chat_messages"}
"""Key of a turn's role to the column of SFT whose turns have that key."""


def write_question(question: str, options: list[str] | None) -> str:
    """Write the user turn of a training row."""
    return f"{question}\n\n{render_options(options)}" if options else question


def make_sft_row(
    row: Mapping[str, Any], edited: Edited, params: CurateParams, judge_text: str | None
) -> dict[str, Any]:
    """Make a row of SFT from a problem, its rates, its edited rollout, and a judge's opinion."""
    question = write_question(row["question"], row["options"])
    completion = write_layout(Layout(params.layout), edited.parts)
    made = (
        {name: row[name] for name in SFT.names if name in row}
        | {
            "prompt": _message("user", question),
            "completion": _message("assistant", completion),
            "edits": list(edited.edits),
            "consistency_text": judge_text,
        }
        | dict.fromkeys(CONVERSATION_COLUMNS.values())
    )
    if params.conversations is not None:
        tags = CONVERSATION_TAGS[params.conversations]
        num_images = len(row["image_sha256"])
        turns = write_conversation(question, completion, num_images, tags)
        made[CONVERSATION_COLUMNS[tags.role]] = turns
    return made


def make_grpo_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Make a row of GRPO (or of the held-out test, which is alike) from a problem."""
    return {name: row[name] for name in GRPO.names if name in row} | {
        "prompt": _message("user", write_question(row["question"], row["options"])),
        "solution": row["gold_answer"],
    }


def _message(role: str, content: str) -> list[dict[str, str]]:
    return [{"role": role, "content": content}]
