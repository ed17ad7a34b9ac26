"""The case tables of `tests/cases/formats`: one formal text a line, with why it is so."""

import json
from dataclasses import dataclass
from pathlib import Path

CASE_DIR = Path(__file__).parents[2] / "cases" / "formats"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    text: str
    is_valid: bool
    why: str
    line: int | None = None
    """Of the first problem, where there is one."""


def load_cases(format: str) -> list[Case]:
    lines = (CASE_DIR / f"{format}.jsonl").read_text("utf-8").split("\n")
    return [Case(**json.loads(line)) for line in lines if line]
