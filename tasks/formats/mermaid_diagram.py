"""Mermaid: flow charts and other diagrams, by their first word.

    flowchart TD
        A[Start] --> B{"Ready (or not)?"}
        B -->|yes| C([End])

Known are flowchart (graph), sequenceDiagram, classDiagram, stateDiagram, erDiagram, pie, gantt and
mindmap. Comments begin with %%; front matter between --- may stand first. Links and programs
(`click`, `link`, `callback`) are refused.

Source: https://mermaid.js.org/syntax/
"""

import re
from collections.abc import Iterator

from tasks.formats.diagram_rules import Line, check_lines
from tasks.formats.mermaid_charts import check_gantt_order, check_mindmap
from tasks.formats.mermaid_flowchart import check_flowchart
from tasks.formats.mermaid_languages import LANGUAGES
from tasks.formats.problems import Problem, list_names, quote

HEADS = {
    "flowchart": r"(?:flowchart|graph)(?:-elk)?(?:\s+(?:TB|TD|BT|RL|LR))?\s*;?",
    "sequenceDiagram": r"sequenceDiagram",
    "classDiagram": r"classDiagram(?:-v2)?",
    "stateDiagram": r"stateDiagram(?:-v2)?",
    "erDiagram": r"erDiagram",
    "pie": r"pie(?:\s+showData)?(?:\s+title\s+\S.*)?",
    "gantt": r"gantt",
    "mindmap": r"mindmap",
}
"""Kind of diagram to its first line."""
_FLOWCHART_START = re.compile(r"(?:flowchart|graph)\s+(?:TB|TD|BT|RL|LR)\s*;\s*(?P<rest>\S.*)")
_ACCESSIBLE = re.compile(r"acc(?:Title|Descr)\s*(?::.*|\{.*\})")


def check_mermaid(text: str) -> Iterator[Problem]:
    """Yield the problems of a diagram."""
    lines = text.split("\n")
    start = _skip_front_matter(lines)
    if start is None:
        yield Problem(1, "The front matter is never ended; write --- below it.")
        return
    numbered = [(number, lines[number - 1]) for number in range(start, len(lines) + 1)]
    kept = [(number, line) for number, line in numbered if not _is_silent(line)]
    if not kept:
        yield Problem(1, f"There is no diagram; begin with {list_names(HEADS)}.")
        return
    (first, head), *rest = kept
    if found := _FLOWCHART_START.fullmatch(head.strip()):
        head, rest = head.partition(";")[0], [(first, found["rest"]), *rest]
    kind = next((kind for kind, form in HEADS.items() if re.fullmatch(form, head.strip())), None)
    if kind:
        yield from _check_kind(kind, rest, first)
    else:
        yield Problem(first, _explain_head(head.strip()))


def _check_kind(kind: str, lines: list[Line], first: int) -> Iterator[Problem]:
    """Check the lines of one kind of diagram."""
    if kind == "mindmap":
        yield from check_mindmap(lines, first)
        return
    stripped = [(number, line.strip()) for number, line in lines]
    if kind == "flowchart":
        yield from check_flowchart(stripped, first)
        return
    if kind == "gantt":
        yield from check_gantt_order(stripped)
    yield from check_lines(stripped, LANGUAGES[kind], first)


def _skip_front_matter(lines: list[str]) -> int | None:
    """Return the number of the first line of the diagram; None if the front matter has no end."""
    first = next((index for index, line in enumerate(lines) if line.strip()), 0)
    if lines[first].strip() != "---":
        return first + 1
    ends = (index for index in range(first + 1, len(lines)) if lines[index].strip() == "---")
    end = next(ends, None)
    return None if end is None else end + 2


def _is_silent(line: str) -> bool:
    """Say whether a line shows nothing: empty, a comment, words for screen readers."""
    plain = line.strip()
    return not plain or plain.startswith("%%") or bool(_ACCESSIBLE.fullmatch(plain[:2000]))


def _explain_head(head: str) -> str:
    word = head.split()[0]
    folded = {kind.lower(): kind for kind in HEADS}
    if word in ("flowchart", "graph"):
        return f"{quote(head)} has no such direction; use TD, TB, BT, LR or RL."
    if word.lower() in folded:
        return f"Write {folded[word.lower()]} alone on the first line, in these letters."
    return f"{quote(head)} names no diagram; begin with {list_names(HEADS)}."
