"""Mermaid's flow charts: nodes with their shapes, links, subgraphs.

Source: https://mermaid.js.org/syntax/flowchart.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tasks.formats.diagram_rules import MAX_LINE_CHARS, Line
from tasks.formats.problems import Problem, quote

MAX_SUBGRAPHS_DEEP = 20
MAX_LABEL_LINES = 30
SHAPES = (
    ("(((", ")))"), ("((", "))"), ("([", "])"), ("[[", "]]"), ("[(", ")]"), ("[/", "/]", "\\]"),
    ("[\\", "\\]", "/]"), ("{{", "}}"), ("(", ")"), ("[", "]"), ("{", "}"), (">", "]"),
)  # fmt: skip
"""(opening, its closings), longer openings first."""
_ID = re.compile(r"[^\W_](?:\w|[.](?=\w)|-(?=[^\W_]))*|_\w*")
_LINK = re.compile(
    r"(?:[\w]{1,40}@)?(?:[<ox]?(?:-{2,}[->ox]|={2,}[=>ox]|-\.+-[>ox]?)|~{3,})(?=[\s|\w\"&]|$)"
)
_TEXT_LINK = re.compile(
    r"[<ox]?(?:--\s?(?P<solid>[^\s>-].{0,300}?)\s?-{2,}[->ox]"
    r"|==\s?(?P<thick>[^\s>=].{0,300}?)\s?={2,}[=>ox]"
    r"|-\.\s?(?P<dotted>[^\s>.].{0,300}?)\s?\.+-[>ox]?)(?=[\s|\w]|$)"
)
_LINK_LABEL = re.compile(r'\s*\|\s*(?:"[^"]*"|[^|"]*)\s*\|')
_LINK_LIKE = re.compile(r"[-=.<>~]+")
_LABEL = re.compile(r'\s*"(?P<quoted>[^"]*)"\s*|(?P<plain>[^"]*)')
_CLASS = re.compile(r":::\w[\w-]*")
_OBJECT = re.compile(r"@\{[^{}]*\}")
_SUBGRAPH = re.compile(r"subgraph(?:\s+.{1,400})?")
_STYLE = re.compile(
    r"direction\s+(?:TB|TD|BT|RL|LR);?|style\s+\S+\s+\S.*|classDef\s+\S+\s+\S.*"
    r"|class\s+\S+(?:\s*,\s*\S+)*\s+\S+|linkStyle\s+(?:default|\d[\d,\s]*)\s+\S.*"
)
_REFUSED = re.compile(r"(?:click|href|call|callback)\s.*")
_BRACKETS = re.compile(r"[\[\](){}]")


@dataclass(slots=True)
class _Chart:
    """What has been read so far."""

    subgraphs: list[int] = field(default_factory=list[int])
    """Lines of those that are open."""
    num_nodes: int = 0


class _WrongLineError(Exception):
    """A line cannot be read; the message says why."""


def check_flowchart(lines: list[Line], first: int) -> Iterator[Problem]:
    """Yield the problems of the lines below `flowchart`."""
    chart = _Chart()
    for number, line in _join_labels(lines):
        if len(line) > MAX_LINE_CHARS:
            chart.num_nodes += 1
            yield Problem(number, f"The line is longer than {MAX_LINE_CHARS} characters; part it.")
            continue
        try:
            _read_line(line, number, chart)
        except _WrongLineError as error:
            chart.num_nodes += 1
            yield Problem(number, str(error))
    for number in chart.subgraphs:
        yield Problem(number, "The subgraph is never ended; write end below its nodes.")
    if not chart.num_nodes:
        yield Problem(first, "The chart has no node; write lines such as A[Start] --> B[End].")


def _join_labels(lines: list[Line]) -> Iterator[Line]:
    """Join lines while a quoted label is open, since it may hold line breaks."""
    waiting: list[Line] = []
    num_quotes = 0
    for number, line in lines:
        waiting.append((number, line))
        num_quotes += line.count('"')
        if num_quotes % 2 == 0 or len(waiting) >= MAX_LABEL_LINES:
            yield waiting[0][0], " ".join(text for _, text in waiting)
            waiting, num_quotes = [], 0
    yield from waiting


def _read_line(line: str, number: int, chart: _Chart) -> None:
    """Read one line: a subgraph, a style, or chains of nodes and links."""
    if _REFUSED.fullmatch(line):
        raise _WrongLineError("Remove this line; a chart must not hold links or programs.")
    if line.rstrip("; ") == "end":
        if not chart.subgraphs:
            raise _WrongLineError("This end ends no subgraph; remove it, or call the node End.")
        chart.subgraphs.pop()
    elif _SUBGRAPH.fullmatch(line):
        if line.count('"') % 2 or line.count("[") != line.count("]"):
            raise _WrongLineError("The title of the subgraph is never closed.")
        chart.subgraphs.append(number)
        if len(chart.subgraphs) > MAX_SUBGRAPHS_DEEP:
            raise _WrongLineError(f"Subgraphs are nested more than {MAX_SUBGRAPHS_DEEP} deep.")
    elif not _STYLE.fullmatch(line):
        _read_chains(line, chart)


def _read_chains(line: str, chart: _Chart) -> None:
    at = 0
    while at < len(line):
        at = _skip(line, _read_nodes(line, at, chart))
        while at < len(line) and line[at] != ";":
            at = _skip(line, _read_link(line, at))
            if at >= len(line):
                raise _WrongLineError("A link leads to nothing; write the node that it leads to.")
            at = _skip(line, _read_nodes(line, at, chart))
        while at < len(line) and line[at] in "; ":
            at += 1


def _skip(line: str, at: int) -> int:
    while at < len(line) and line[at].isspace():
        at += 1
    return at


def _read_nodes(line: str, at: int, chart: _Chart) -> int:
    """Read a node, or several joined by &; return where the rest begins."""
    at = _read_node(line, at)
    chart.num_nodes += 1
    while (after := _skip(line, at)) < len(line) and line[after] == "&":
        at = _read_node(line, _skip(line, after + 1))
    return at


def _read_node(line: str, at: int) -> int:
    found = _ID.match(line, at)
    if not found:
        rest = quote(line[at:]) if line[at:].strip() else "the end"
        raise _WrongLineError(f"A node is expected at {rest}; write a name, then [label].")
    if found.group() == "end":
        raise _WrongLineError("'end' is no name of a node; write End.")
    at = found.end()
    if data := _OBJECT.match(line, at):
        at = data.end()
    for opening, *closings in SHAPES:
        if line.startswith(opening, at):
            at = _read_label(line, at, opening, closings)
            break
    if name := _CLASS.match(line, at):
        at = name.end()
    return at


def _read_label(line: str, at: int, opening: str, closings: list[str]) -> int:
    """Read a label up to its closing; return where the rest begins."""
    start = at + len(opening)
    quoted = _LABEL.match(line, start)
    if quoted and quoted["quoted"] is not None:
        if not quoted["quoted"].strip():
            raise _WrongLineError(f"The label after {quote(line[:start])} is empty.")
        for closing in closings:
            if line.startswith(closing, quoted.end()):
                return quoted.end() + len(closing)
        raise _WrongLineError(f"{quote(line[at:])} needs {closings[0]} after its quote.")
    ends = [(line.find(closing, start), closing) for closing in closings]
    ends = [(end, closing) for end, closing in ends if end >= 0]
    if not ends:
        raise _WrongLineError(f"The label {quote(line[at:])} is never closed by {closings[0]}.")
    end, closing = min(ends)
    label = line[start:end]
    if not label.strip():
        raise _WrongLineError("A label is empty; write its text, or the name of the node alone.")
    if _BRACKETS.search(label) or '"' in label:
        raise _WrongLineError(f"Put double quotes around the label {quote(label.strip())}.")
    return end + len(closing)


def _read_link(line: str, at: int) -> int:
    """Read a link with its label; return where the rest begins."""
    found = _LINK.match(line, at)
    if not found:
        found = _TEXT_LINK.match(line, at)
        if not found:
            raise _WrongLineError(_explain_link(line[at:]))
        return found.end()
    label = _LINK_LABEL.match(line, found.end())
    if not label and line[found.end() :].lstrip().startswith("|"):
        raise _WrongLineError("The label of a link is never closed; write |label| after the arrow.")
    return label.end() if label else found.end()


def _explain_link(rest: str) -> str:
    if _LINK_LIKE.match(rest):
        return f"{quote(rest)} is no link; use -->, ---, -.->, ==>, with |label| after it."
    if _BRACKETS.match(rest):
        return f"{quote(rest)} is a bracket too many; put double quotes around the label."
    return f"A link such as --> is expected at {quote(rest)}; names of nodes have no spaces."
