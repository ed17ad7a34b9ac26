"""What a line alone does not tell: the tree of a mindmap, the order of a Gantt chart.

Source: https://mermaid.js.org/syntax/mindmap.html and gantt.html.
"""

import re
from collections.abc import Iterator

from tasks.formats.diagram_rules import Line
from tasks.formats.problems import Problem, quote

MAX_CHARS_READ = 2_000
MAX_LEVELS = 50
_SHAPES = (("))", "(("), ("((", "))"), ("{{", "}}"), (")", "("), ("[", "]"), ("(", ")"))
_NAME = re.compile(r"[^\[\](){}\"]*")
_AFTER = re.compile(r"\b(?:after|until)\s+([\w-]+(?:\s+[\w-]+)*)")
_TASK_ID = re.compile(r":\s*(?:(?:active|done|crit|milestone|vert)\s*,\s*)*([A-Za-z_][\w-]*)\s*,")


def check_mindmap(lines: list[Line], first: int) -> Iterator[Problem]:
    """Yield what is wrong with a mindmap: one root, children further in, shapes closed."""
    levels: list[int] = []
    for number, line in lines:
        plain = line.strip()[:MAX_CHARS_READ]
        if plain.startswith(("::icon(", ":::")):
            if not levels:
                yield Problem(number, "An icon or a class stands below the node that it is of.")
            continue
        indent = len(line) - len(line.lstrip())
        while levels and levels[-1] >= indent:
            levels.pop()
        if not levels and number != lines[0][0]:
            yield Problem(number, f"{quote(plain)} is a second root; indent it below the first.")
        levels.append(indent)
        if len(levels) > MAX_LEVELS:
            yield Problem(number, f"The mindmap has more than {MAX_LEVELS} levels.")
            return
        if problem := _find_shape_problem(plain):
            yield Problem(number, problem)
    if not lines:
        yield Problem(first, "The mindmap is empty; write its root, then branches further in.")


def _find_shape_problem(text: str) -> str | None:
    """Return what is wrong with the brackets of a node, or None."""
    name = _NAME.match(text)
    rest = text[name.end() :] if name else text
    if not rest:
        return None
    for opening, closing in _SHAPES:
        if rest.startswith(opening):
            label = rest[len(opening) : -len(closing)].strip()
            if rest.endswith(closing) and label:
                return None
            return f"The shape of {quote(text)} must be closed by {closing} around a text."
    return f"{quote(rest)} opens no shape; use [..], (..), ((..)) or {{{{..}}}}."


def check_gantt_order(lines: list[Line]) -> Iterator[Problem]:
    """Yield tasks that follow one that does not exist."""
    ids = {found[1] for _, line in lines if (found := _TASK_ID.search(line[:MAX_CHARS_READ]))}
    for number, line in lines:
        for found in _AFTER.finditer(line[:MAX_CHARS_READ].partition(":")[2]):
            for name in found[1].split():
                if name not in ids:
                    yield Problem(number, f"There is no task {quote(name)}; give one that id.")
