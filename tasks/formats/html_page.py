"""HTML: a screen or a document, as the HTML Standard says it.

Every tag known, closed and nested, but for the end tags that the standard lets one leave out
(https://html.spec.whatwg.org/multipage/syntax.html#optional-tags). One pass over the text with a
stack, since the error correction of browsers takes quadratic time on hostile text and says nothing
about an unclosed `<div>`. What a page may hold is checked in `html_content`, on lxml's tree.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tasks.formats.html_content import check_content
from tasks.formats.html_elements import CLOSED_BY, ELEMENTS, OPTIONAL_END, PARENTS, RAW_TEXT, VOID
from tasks.formats.problems import Problem, list_names, quote

MAX_DEPTH = 100
FOREIGN = ("svg", "math")
"""Elements that hold elements of other languages."""
_REST_OF_TAG = re.compile(r"""(?:[^>"']|"[^"]*"|'[^']*')*+>""")
_MARK = re.compile(r"<(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]{0,40})|<!--|<!doctype|<", re.IGNORECASE)
_RAW_END = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in RAW_TEXT}


@dataclass(frozen=True, slots=True)
class Tag:
    """A start or end tag."""

    name: str
    line: int
    is_end: bool = False
    is_self_closed: bool = False


@dataclass(slots=True)
class _Reader:
    """Reads tags from a text and remembers how far it is."""

    text: str
    at: int = 0
    line: int = 1
    counted: int = 0
    problems: list[Problem] = field(default_factory=list[Problem])

    def note(self, message: str) -> None:
        self.problems.append(Problem(self.line, message))

    def move(self, at: int) -> None:
        self.line += self.text.count("\n", self.counted, at)
        self.at = self.counted = at

    def stop(self, message: str) -> None:
        """Note a problem after which the rest of the text cannot be read."""
        self.note(message)
        self.at = len(self.text)


def check_html(text: str) -> Iterator[Problem]:
    """Yield the problems of a page."""
    reader = _Reader(text)
    problems = list(_check_nesting(_read_tags(reader)))
    yield from reader.problems
    yield from problems
    if not problems and not reader.problems:
        yield from check_content(text)


def _read_tags(reader: _Reader) -> Iterator[Tag]:
    """Yield the tags of a text; comments, the doctype and raw text are passed over."""
    while found := _MARK.search(reader.text, reader.at):
        reader.move(found.start())
        if found["name"]:
            yield from _read_tag(reader, found)
        elif found.group() == "<!--":
            _pass_comment(reader)
        elif len(found.group()) > 1:
            _pass_over(reader, ">", "This doctype is never closed; write >.")
        else:
            reader.note("Write &lt; for a < that begins no tag.")
            reader.at += 1


def _pass_comment(reader: _Reader) -> None:
    """Pass over a comment; one that browsers end elsewhere could hide what they would show."""
    start, line = reader.at, reader.line
    _pass_over(reader, "-->", "This comment is never closed; write --> after it.")
    body = reader.text[start + 4 : reader.at]
    if body.startswith((">", "->")) or "--!>" in body or "<!--" in body:
        reader.problems.append(Problem(line, "Remove <!--, --!> and a leading > from the comment."))


def _pass_over(reader: _Reader, end: str, message: str) -> None:
    at = reader.text.find(end, reader.at)
    if at < 0:
        reader.stop(message)
    else:
        reader.move(at + len(end))


def _read_tag(reader: _Reader, found: re.Match[str]) -> Iterator[Tag]:
    name, line = found["name"].lower(), reader.line
    rest = _REST_OF_TAG.match(reader.text, found.end())
    if not rest:
        reader.stop(f"The tag {quote(found.group())} is never closed; write > or close its quotes.")
        return
    is_self_closed = rest.group().endswith("/>")
    yield Tag(name, line, bool(found["end"]), is_self_closed)
    reader.move(rest.end())
    if name in RAW_TEXT and not found["end"]:
        end = _RAW_END[name].search(reader.text, reader.at)
        if end:
            reader.move(end.start())
        else:
            reader.stop(f"<{name}> is never closed; write </{name}>.")


def _check_nesting(tags: Iterator[Tag]) -> Iterator[Problem]:
    """Yield tags that are unknown, misplaced or do not match."""
    opened: list[Tag] = []
    has_tags = False
    for tag in tags:
        has_tags = True
        yield from _close(opened, tag) if tag.is_end else _open(opened, tag)
        if len(opened) > MAX_DEPTH:
            yield Problem(tag.line, f"Elements are nested more than {MAX_DEPTH} deep.")
            return
    if not has_tags:
        yield Problem(1, "There is no tag; write the page as HTML elements.")
    for tag in opened:
        if tag.name not in OPTIONAL_END:
            yield Problem(tag.line, f"<{tag.name}> is never closed; write </{tag.name}>.")


def _open(opened: list[Tag], tag: Tag) -> Iterator[Problem]:
    """Note a start tag; inside drawings and formulas every name is taken."""
    is_foreign = any(outer.name in FOREIGN for outer in opened)
    if not is_foreign:
        _close_implied(opened, tag.name)
        if problem := _find_place_problem(opened, tag):
            yield Problem(tag.line, problem)
    if tag.name not in VOID and not (tag.is_self_closed and (is_foreign or tag.name in FOREIGN)):
        opened.append(tag)


def _close_implied(opened: list[Tag], name: str) -> None:
    """Close what a start tag ends without an end tag, as <li> ends the <li> before it."""
    while opened and name in CLOSED_BY.get(opened[-1].name, ()):
        opened.pop()


def _find_place_problem(opened: list[Tag], tag: Tag) -> str | None:
    if tag.name not in ELEMENTS and "-" not in tag.name:
        return f"There is no element {quote('<' + tag.name + '>')} in HTML."
    if tag.is_self_closed and tag.name not in VOID and tag.name not in FOREIGN:
        return f"<{tag.name}/> does not close the element; write </{tag.name}>."
    parents = PARENTS.get(tag.name)
    if parents and (not opened or opened[-1].name not in parents):
        inside = f"<{opened[-1].name}>" if opened else "nothing"
        wanted = list_names(f"<{parent}>" for parent in parents)
        return f"<{tag.name}> stands in {quote(inside)}, but belongs in {wanted}."
    return None


def _close(opened: list[Tag], tag: Tag) -> Iterator[Problem]:
    """Match an end tag with what is open."""
    end = quote(f"</{tag.name}>")
    if tag.name in VOID:
        yield Problem(tag.line, f"Remove {end}: this element has no end tag.")
        return
    between: list[Tag] = []
    for index in reversed(range(len(opened))):
        candidate = opened[index]
        if candidate.name == tag.name:
            if between:
                inner = between[0]
                message = f"{end} comes before </{inner.name}>, which <{inner.name}> of line "
                yield Problem(tag.line, message + f"{inner.line} needs; close the inner one first.")
            del opened[index:]
            return
        if candidate.name not in OPTIONAL_END:
            between.append(candidate)
    yield Problem(tag.line, f"{end} closes nothing; remove it, or open the element before.")
