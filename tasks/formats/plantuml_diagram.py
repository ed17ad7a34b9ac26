"""PlantUML: a diagram between @startuml and @enduml.

    @startuml
    start
    if (ready?) then (yes)
      :go;
    else (no)
      :wait;
    endif
    stop
    @enduml

Between @startuml and @enduml stands one of: sequence, activity, class (also objects and entities),
state, use case or component; as PlantUML itself does, each is tried, and the first that fits
counts. @startmindmap, @startwbs and @startgantt have their own lines. The preprocessor (`!include`
and the like), sprites and pictures are refused.

Source: PlantUML Language Reference Guide, https://plantuml.com/guide
"""

import re
from collections.abc import Iterator

from tasks.formats.diagram_rules import Language, Line, check_lines
from tasks.formats.plantuml_behavior import ACTIVITY, OLD_ACTIVITY, SEQUENCE, STATES
from tasks.formats.plantuml_structure import CLASSES, COMPONENTS
from tasks.formats.plantuml_trees import GANTT, check_tree
from tasks.formats.problems import Problem, collect, quote

KINDS = ("uml", "mindmap", "wbs", "gantt")
UML: tuple[Language, ...] = (SEQUENCE, ACTIVITY, STATES, CLASSES, COMPONENTS, OLD_ACTIVITY)
MAX_JOINED = 40
"""Most lines of one activity."""
_START = re.compile(r"@start(\w+)(?:\s.*)?")
_PREPROCESSOR = re.compile(r"!(?!pragma\s|theme\s+[\w-]+$).*|sprite\s.*", re.IGNORECASE)
_PICTURE = re.compile(r"<img|<\$|%load|%getenv|%call_user|\[\[", re.IGNORECASE)
_ACTIVITY = re.compile(r"(?:#[\w/|\\-]+)?:[^:]*[^:;|<>/\\\]}\s]\s*")
_SILENT = re.compile(
    r"(?:skinparam\s+\S+\s+\S.*|!pragma\s.*|!theme\s.*|scale\s.*|hide\s.*|show\s.*|remove\s.*"
    r"|(?:left to right|top to bottom) direction|allowmixing|mainframe\s.*|autonumber.*"
    r"|(?:title|caption|header|footer|(?:left|center|right)\s+(?:header|footer))\s+\S.*)",
    re.IGNORECASE,
)


def check_plantuml(text: str) -> Iterator[Problem]:
    """Yield the problems of a diagram."""
    lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), start=1)]
    lines, unclosed = _drop_comments(lines)
    if unclosed:
        yield Problem(unclosed, "The comment is never closed; write '/ after it.")
        return
    problem, kind, body = _find_body(lines)
    if problem:
        yield problem
        return
    refused = list(_check_refused(body))
    if refused:
        yield from refused
    elif kind in ("mindmap", "wbs"):
        yield from check_tree(_drop_silent(body), lines[0][0])
    elif kind == "gantt":
        yield from check_lines(_drop_silent(body), GANTT, lines[0][0])
    else:
        yield from check_uml(_join_activities(_drop_silent(body)), lines[0][0])


def check_uml(lines: list[Line], first: int) -> Iterator[Problem]:
    """Try each kind; report that which is understood best."""
    best: list[Problem] = []
    for language in UML:
        problems = collect(check_lines(lines, language, first))
        if not problems:
            return
        if not best or _rate(problems) < _rate(best):
            best = problems
    yield from best


def _rate(problems: list[Problem]) -> tuple[int, int]:
    """Few problems, and these far down, are best; no language is read past the most."""
    return len(problems), -problems[0].line


def _drop_comments(lines: list[Line]) -> tuple[list[Line], int | None]:
    """Drop empty lines and comments; return the line of a comment that has no end."""
    kept: list[Line] = []
    open_since: int | None = None
    for number, line in lines:
        if open_since:
            open_since = None if line.endswith("'/") else open_since
        elif line.startswith("/'"):
            open_since = None if line.endswith("'/") and len(line) > 3 else number
        elif line and not line.startswith("'"):
            kept.append((number, line))
    return kept, open_since


def _find_body(lines: list[Line]) -> tuple[Problem | None, str, list[Line]]:
    """Return the kind of the diagram and the lines between its start and end."""
    if not lines:
        return Problem(1, "There is no diagram; write it between @startuml and @enduml."), "", []
    first, start = lines[0]
    found = _START.fullmatch(start[:200])
    kind = found[1].lower() if found else ""
    if not found:
        return Problem(first, f"Begin with @startuml, not with {quote(start)}."), "", []
    if kind not in KINDS:
        known = ", ".join(f"@start{each}" for each in KINDS)
        return Problem(first, f"{quote(start)} is not known here; use {known}."), "", []
    end = f"@end{kind}"
    last = next((index for index, (_, line) in enumerate(lines) if line.lower() == end), None)
    if last is None:
        return Problem(lines[-1][0], f"The last line must be {end}."), "", []
    if last + 1 < len(lines):
        number, line = lines[last + 1]
        return Problem(number, f"Remove {quote(line)}, which stands after {end}."), "", []
    return None, kind, lines[1:last]


def _check_refused(lines: list[Line]) -> Iterator[Problem]:
    for number, line in lines:
        if _PREPROCESSOR.fullmatch(line):
            yield Problem(number, f"Remove {quote(line)}: a diagram must hold no program or file.")
        elif found := _PICTURE.search(line):
            yield Problem(number, f"Remove {quote(found.group())}: a diagram must load nothing.")


def _drop_silent(lines: list[Line]) -> list[Line]:
    """Drop lines that no diagram shows as content: titles, looks, legends."""
    kept: list[Line] = []
    until = ""
    for number, line in lines:
        low = line.lower()
        if until:
            until = "" if low.replace(" ", "") in until.split() else until
        elif re.fullmatch(r"skinparam\s+\w+\s*\{|<style>|skinparam\s*\{", low):
            until = "</style>" if low == "<style>" else "}"
        elif re.fullmatch(r"legend(?:\s+\w+){0,2}|title|header|footer", low):
            word = low.split()[0]
            until = f"end{word}"
        elif not _SILENT.fullmatch(line[:2000]):
            kept.append((number, line))
    return kept


def _join_activities(lines: list[Line]) -> list[Line]:
    """Join the lines of an activity, which runs from a colon to a semicolon."""
    joined: list[Line] = []
    index = 0
    while index < len(lines):
        number, line = lines[index]
        end = index
        if _ACTIVITY.fullmatch(line[:2000]):
            ahead = range(index, min(len(lines), index + MAX_JOINED))
            end = next((at for at in ahead if lines[at][1].endswith(";")), index)
        joined.append((number, " ".join(text for _, text in lines[index : end + 1])))
        index = end + 1
    return joined
