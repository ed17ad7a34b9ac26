"""JSON with the lines of its parts, for the formats that are written in JSON.

The text is read by orjson; then its tokens are walked once, for the lines, for keys that stand
twice (of which a reader keeps the last and loses the others) and for the depth.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from tasks.formats.problems import Problem, line_at, quote

MAX_DEPTH = 32
_TOKEN = re.compile(r'"(?:[^"\\]|(?s:\\.))*+"?|[\[\]{}:,]|\n|[^\s\[\]{}:,"]+')
_HINTS = (
    (re.compile(r"\s*//|\s*/\*|\s*#"), "JSON has no comments; remove this one"),
    (re.compile(r"\s*'"), "put double quotes around strings, not single quotes"),
    (re.compile(r"\s*(NaN|-?Infinity|None|undefined)"), "write null where there is no value"),
    (re.compile(r"\s*(True|False)"), "write true and false in small letters"),
    (re.compile(r"\s*,?\s*\.\.\."), "write all entries instead of '...'"),
    (re.compile(r"\s*[\]}]"), "remove the comma before this bracket, or add what is missing"),
    (re.compile(r"\s*[A-Za-z_]\w*\s*:"), "put double quotes around keys"),
    (re.compile(r'\s*["{\[\w-]'), "a comma or a colon is missing before this, or a quote"),
)
Place = tuple[int, str | int]
"""(id of a list or an object, its key or position)."""


@dataclass(slots=True)
class Document:
    """A JSON value and where its parts stand."""

    value: Any
    lines: dict[Place, int] = field(default_factory=dict[Place, int])

    def line(self, container: Any, key: str | int | None = None) -> int:
        """Return the line of a container, or of its entry `key`."""
        start = self.lines.get((id(container), ""), 1)
        return start if key is None else self.lines.get((id(container), key), start)


def read_document(text: str) -> tuple[Document | None, list[Problem]]:
    """Read a JSON text.

    Returns:
        The document, or None with the one problem that kept it from being read; with a document
        the problems are its doubled keys.
    """
    if problem := _find_depth_problem(text):
        return None, [problem]
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return None, [_explain(text, error)]
    document = Document(value)
    return document, list(_locate(text, document))


def _find_depth_problem(text: str) -> Problem | None:
    depth = 0
    for found in _TOKEN.finditer(text):
        mark = found.group()
        depth += (mark in ("[", "{")) - (mark in ("]", "}"))
        if depth > MAX_DEPTH:
            line = line_at(text, found.start())
            return Problem(line, f"Brackets are nested more than {MAX_DEPTH} deep; write it flat.")
    return None


def _explain(text: str, error: orjson.JSONDecodeError) -> Problem:
    """Make a problem of a syntax error, with the remedy that its place suggests."""
    at = min(error.pos, len(text))
    line = line_at(text, at)
    rest = text[at : at + 200]
    if not rest.strip():
        return Problem(line, "The JSON ends too early; close all brackets and quotes.")
    before = text[max(0, at - 200) : at].rstrip()
    if before.endswith(",") and rest.lstrip()[:1] in ("]", "}"):
        return Problem(line, "Remove the comma before the closing bracket.")
    if rest[:1] in ("\n", "\t"):
        return Problem(line, "A string runs over the end of the line; close it, or write \\n.")
    hint = next((hint for pattern, hint in _HINTS if pattern.match(rest)), None)
    shown = rest.strip().split("\n", 1)[0]
    return Problem(line, f"This is not JSON at {quote(shown)}: {hint or error.msg}.")


@dataclass(slots=True)
class _Level:
    """A container that is being walked."""

    value: Any
    key: str | int = 0
    keys: set[str] = field(default_factory=set[str])


def _locate(text: str, document: Document) -> Iterator[Problem]:
    """Note the line of each entry; yield keys that an object holds twice."""
    line = 1
    levels = [_Level([document.value])]
    awaits_key = False
    for found in _TOKEN.finditer(text):
        token = found.group()
        level = levels[-1]
        if token == "\n":
            line += 1
        elif token in ("]", "}"):
            levels.pop()
            awaits_key = False
        elif token == ",":
            awaits_key = isinstance(level.value, dict)
            level.key = "" if awaits_key else int(level.key) + 1
        elif token == ":":
            awaits_key = False
        elif awaits_key:
            level.key = orjson.loads(token)
            if level.key in level.keys:
                yield Problem(line, f"The key {quote(level.key)} stands twice in one object.")
            level.keys.add(str(level.key))
            document.lines[id(level.value), level.key] = line
        else:
            document.lines.setdefault((id(level.value), level.key), line)
            if token in ("[", "{"):
                child = _pick(level, token)
                document.lines.setdefault((id(child), ""), line)
                levels.append(_Level(child))
                awaits_key = token == "{"


def _pick(level: _Level, bracket: str) -> Any:
    """Return the container that opens here; a doubled key's lost one is replaced by an empty."""
    try:
        child = level.value[level.key]
    except (KeyError, IndexError):
        child = None
    wanted = dict if bracket == "{" else list
    return child if isinstance(child, wanted) else wanted()
