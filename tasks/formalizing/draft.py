"""A row of `formal_texts` in the making, and the row that it ends as."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.recipe import FormalizeParams
from schemas.records import ImagePart, Reply, Status
from tasks.formalizing.repairing import Writing
from tasks.formalizing.routing import Route
from tasks.grounding import Finding, measure_coverage

NO_FORMAT = "none"
"""Format and producer where there is no formal text."""
WRITING = "formalize"
"""The step that writes the text; a row's error does not name it."""


@dataclass(slots=True)
class Draft:
    """A row of `formal_texts` in the making."""

    problem: Mapping[str, Any]
    images: tuple[ImagePart, ...]
    route: Route
    lines: list[list[Finding]] = field(default_factory=list[list[Finding]])
    """Of each image; empty: no tool looked."""
    objects: list[list[Finding]] = field(default_factory=list[list[Finding]])
    pseudo_cot: str | None = None
    writing: Writing | None = None
    """The formal text, of all that were written the best."""
    rounds: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Texts that another one was kept instead of, with what is wrong with them."""
    replies: list[Reply] = field(default_factory=list[Reply])
    """Of all steps, in their order."""

    def add_round(self, lost: Writing, fault: str | None) -> None:
        """Note a text that is not kept; `fault` is why a repair was not taken."""
        told = [f"- This repair was not taken: {fault}."] if fault else []
        self.rounds.append({"text": lost.text or "", "problems": [*told, *lost.problems]})

    def get_deciding_reply(self) -> Reply:
        """Return the reply that the formal text is from, else the last."""
        return self.writing.reply if self.writing else self.replies[-1]


class StepFailed(Exception):
    """A step without which there is no formal text had no usable reply."""

    def __init__(self, step: str, reply: Reply) -> None:
        """Keep the step's name for the row's reason."""
        super().__init__(step)
        self.step, self.reply = step, reply


def make_row(
    draft: Draft, failed: StepFailed | None, params: FormalizeParams, model: str
) -> dict[str, Any]:
    """Make a row of FORMAL_TEXTS; `failed` is the step that ended it early."""
    text = draft.writing.text if draft.writing else None
    problems = list(draft.writing.problems) if draft.writing else []
    lines = [line for each in draft.lines for line in each]
    return {
        "problem_id": draft.problem["problem_id"],
        "format": draft.route.format,
        "text": text,
        "producer": model,
        "image_kind": draft.route.kind,
        "routed_by": draft.route.reason,
        "is_valid": None if text is None else not problems,
        "problems": problems,
        "rounds": draft.rounds,
        "pseudo_cot": draft.pseudo_cot,
        "gold_shown": params.bridge is not None and params.bridge.show_gold,
        "ocr_coverage": measure_coverage(lines, text or ""),
        **describe_end(draft, failed, require_valid=params.require_valid),
        "prompt_tokens": sum_tokens([reply.prompt_tokens for reply in draft.replies]),
        "completion_tokens": sum_tokens([reply.completion_tokens for reply in draft.replies]),
    }


def make_blank_row(problem_id: str) -> dict[str, Any]:
    """Make the row of a problem that is reasoned about from its image alone."""
    return {
        "problem_id": problem_id,
        "format": NO_FORMAT,
        "text": "",
        "producer": NO_FORMAT,
        "image_kind": None,
        "routed_by": "recipe",
        "is_valid": None,
        "problems": [],
        "rounds": [],
        "pseudo_cot": None,
        "gold_shown": False,
        "ocr_coverage": None,
        "status": Status.OK.value,
        "error": None,
        "prompt_tokens": None,
        "completion_tokens": None,
    }


def describe_end(
    draft: Draft, failed: StepFailed | None, *, require_valid: bool
) -> dict[str, str | None]:
    """Return `status` and `error` of a row."""
    if failed is not None:
        words = failed.reply.error or "the model wrote nothing"
        step = "" if failed.step == WRITING else f"{failed.step}: "
        status = "empty" if failed.reply.status.has_text else failed.reply.status.value
        return {"status": status, "error": step + words}
    writing = draft.writing
    if writing is None or writing.text is None:
        return {"status": "empty", "error": "the model wrote nothing"}
    if require_valid and writing.problems:
        return {"status": "invalid", "error": writing.problems[0]}
    return {"status": writing.reply.status.value, "error": writing.reply.error}


def sum_tokens(counts: list[int | None]) -> int | None:
    """Add up the tokens of all requests of a row; None where no server counted any."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
