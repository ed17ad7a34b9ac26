"""PlantUML's mind maps, work breakdowns and Gantt charts.

Source: https://plantuml.com/mindmap-diagram, /wbs-diagram and /gantt-diagram.
"""

import re
from collections.abc import Iterator

from tasks.formats.diagram_rules import Language, Line, make_rule
from tasks.formats.problems import Problem, quote

_NODE = re.compile(r"(?P<mark>\*+|\++|-+|#+)(?:\[[^\[\]]*\])?[_<>]?(?::?\(\w+\))?\s*(?P<text>.*)")
_SIDE = re.compile(r"(?:left|right|top|bottom)\s+side", re.IGNORECASE)

_TASK = r"\[[^\[\]]+\](?:\s+as\s+\[[^\[\]]+\])?(?:\s+on\s+(?:\{[^{}]*\}\s*)+)?"
_VERBS = "lasts|requires|starts?|ends?|happens|occurs|is|are|works|on|displays|pauses|links|deletes"
GANTT = Language(
    rules=(
        make_rule(rf"(?:then\s+)?{_TASK}\s+(?:{_VERBS})\s+\S.*"),
        make_rule(rf"{_TASK}\s*-+(?:\[[^\[\]]*\])?-*>\s*{_TASK}"),
        make_rule(r"\[[^\[\]]+\]", problem="Say how long the task is: [Task] lasts 5 days."),
        make_rule(r"--.*--|-- .*"),
        make_rule(r"(?:the\s+)?project\s+starts\s+.*", is_content=False),
        make_rule(
            r"(?:projectscale|printscale|ganttscale|language|today|weeks?|print)\s+.*",
            is_content=False,
        ),
        make_rule(
            r"(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|\d{4}[-/]\d\d?[-/]\d\d?)"
            r"\s*(?:to\s+\S+\s+)?(?:is|are)\s+.*",
            is_content=False,
        ),
        make_rule(r"separator\s+just\s+.*", is_content=False),
    ),
    bodies={},
    ends={},
    hint="write tasks such as [Task] lasts 5 days, or [B] starts at [A]'s end",
)


def check_tree(lines: list[Line], first: int) -> Iterator[Problem]:
    """Yield what is wrong with a mind map: one root, each level one mark deeper, texts."""
    depth = 0
    open_since: int | None = None
    for number, line in lines:
        if open_since is not None:
            open_since = None if line.endswith(";") else open_since
            continue
        if _SIDE.fullmatch(line):
            continue
        found = _NODE.fullmatch(line[:2000])
        if not found or not found["text"].strip(": "):
            yield Problem(number, f"{quote(line)} is no node; write one as in ** Part.")
            continue
        level = len(found["mark"])
        if problem := _find_level_problem(level, depth):
            yield Problem(number, f"{quote(line)} {problem}")
        depth = level
        if found["text"].startswith(":") and not line.endswith(";"):
            open_since = number
    if open_since is not None:
        yield Problem(open_since, "The text that begins with a colon must end with a semicolon.")
    if not lines:
        yield Problem(first, "The diagram is empty; write its root as * Topic.")


def _find_level_problem(level: int, depth: int) -> str | None:
    """Say what is wrong with a node of `level` marks below one of `depth` marks, 0 being none."""
    if not depth:
        return None if level == 1 else "is the root and must have one mark, as in * Topic."
    if level == 1:
        return "is a second root; give it one mark more."
    return f"skips a level; the line above has {depth} marks." if level > depth + 1 else None
