"""Find the final answer in what a model wrote.

A completion comes in; its thought, what follows the thought, and the answers stated there with a
status go out. Nothing is judged here and no gold answer is known. All searches are linear in the
text; prose markers are looked for in the last `MAX_PROSE_CHARS` only.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tasks.answers.boxes import find_boxed
from tasks.answers.listings import list_labelled
from tasks.answers.normalization import fold_characters, join_hour_marks

MAX_PROSE_CHARS = 20_000
MAX_SENTENCE_CHARS = 4_000
MAX_ANSWERS = 8


class ExtractionStatus(StrEnum):
    """How the search for an answer ended."""

    OK = "ok"
    MISSING = "missing"
    """There is no text, or nothing in it that could be an answer."""
    MULTIPLE = "multiple"
    """Several answers that differ; the last one is kept."""
    UNCLOSED = "unclosed"
    """The text stops inside a thought, an `<answer>` or a box."""
    EMPTY = "empty"
    """The place for the answer is there and holds nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """The final answer as written but for Unicode twins and white space, or why there is none."""

    status: ExtractionStatus
    answer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedAnswers:
    """Every distinct final answer that a text states, in order."""

    status: ExtractionStatus
    answers: tuple[str, ...] = ()


_THINK_TAG = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)
_ANSWER_TAG = re.compile(r"<(/?)answer>", re.IGNORECASE)
_FINAL = re.compile(
    r"(?:^[ \t>#*_\-]{0,20}|\bfinal[ \t]{1,5})answer[ \t*_]{0,9}(?::|$)[ \t*_]{0,9}"
    r"|^#### ?|(?<!错误)(?<!错的)答案应?(?:是|为|选|:):?"
    r"|(?:故|因此|所以|应)选(?:择|项)?:? ?(?=[(\[]?[A-Z])",
    re.IGNORECASE | re.MULTILINE,
)
_PROSE = re.compile(
    r"\b(?:the|my|our|final|correct|right|best) (?:answer|option|choice)"
    r"(?: (?:to|for|here)\b[^.\n:=]{0,60}?)?"
    r"(?: (?:is|are|would be|should be|must be)\b| ?[:=]) {0,3}:? {0,3}"
    r"(?:therefore |thus |simply )?",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?][\"')\]*]{0,4} +(?=\S)")
_ABBREVIATION = re.compile(
    r"(?:mrs?|ms|[djs]r|st|prof|mt|vs|fig|eq|approx|e\.g|i\.e|u\.[sk]"
    r"|jan|feb|mar|apr|aug|sept?|oct|nov|dec)",
    re.I,
)
_TWO_INITIALS = re.compile(r"(?<!\w)[A-Za-z]\. [A-Za-z]\. ")
_BLANKS = re.compile(r"[^\S\n]+")
_ODD_BLANK = re.compile(r"[^\S\n ]|  ")
_HAS_WORD = re.compile(r"[^\W_]")
_HAS_CONTENT = re.compile(
    r"[^\W_]|[<>=+%~]|[^\x00-\x7f\s]"
    r"|^[\s$\\()\[\]{}]*[-*#/&^@|][\s$\\()\[\]{}.]*$|^\s*\\?[\[({]\s*\\?[\])}]\s*\.?$"
)
"""Words, signs, one sign alone or an empty bracket; but no mere punctuation."""
_RETRACTION = re.compile(
    r"(?:(?:wait|oh|hmm|but|sorry)[,.]? )*(?:no[,:]|nope|oops|correction|scratch that"
    r"|actually,? (?:it(?:'s| is) )?[-$\\(]{0,3}(?:[0-9]|[A-Z]\b))",
    re.IGNORECASE,
)


def split_thought(text: str) -> tuple[str | None, str]:
    """Split a completion into its reasoning and what stands outside of it.

    A closing tag without its opening one ends a thought that began where the last one ended (the
    opening tag was in the prompt). After a thought that never ends there is no answer: rest is "".

    Returns:
        The thoughts joined by newlines (None without any tag) and the rest, both stripped.
    """
    thoughts: list[str] = []
    outside: list[str] = []
    start, is_open = 0, False
    for tag in _THINK_TAG.finditer(text):
        piece = text[start : tag.start()]
        is_closing = bool(tag[1])
        (thoughts if is_open or is_closing else outside).append(piece.strip())
        start, is_open = tag.end(), not is_closing
    if start == 0:
        return None, text.strip()
    if is_open:
        return "\n".join(filter(None, [*thoughts, text[start:].strip()])), ""
    outside.append(text[start:].strip())
    return "\n".join(filter(None, thoughts)), "\n".join(filter(None, outside))


def extract_answer(text: str) -> Extraction:
    r"""Find the final answer in what follows the thought.

    In this order: `<answer>`, `\boxed{}`, `Final Answer:`, "the answer is", the last sentence.
    Only the first kind of marker that occurs counts.
    """
    stated = find_answers(text)
    return Extraction(status=stated.status, answer=stated.answers[-1] if stated.answers else None)


def find_answers(text: str) -> StatedAnswers:
    """Find every final answer that the text states, as `extract_answer` does."""
    if "<" in text and _THINK_TAG.search(text):
        text = split_thought(text)[1]
    text = _squeeze(fold_characters(text))
    if not _HAS_CONTENT.search(text):
        return StatedAnswers(status=ExtractionStatus.MISSING)
    for find in (_find_tagged, find_boxed):
        found, is_unclosed = find(text)
        if found:
            return _state(found)
        if is_unclosed:
            return StatedAnswers(status=ExtractionStatus.UNCLOSED)
    tail = text[-MAX_PROSE_CHARS:]
    for pattern in (_FINAL, _PROSE):
        found = list(_find_marked(pattern, tail))
        if found:
            return _state(found)
    listed = list_labelled(tail) if "\n" in tail else []
    return _state(listed or [_last_sentence(tail)])


def has_content(text: str) -> bool:
    """Tell a text that may be an answer from blanks and punctuation."""
    return _HAS_CONTENT.search(text) is not None


def _squeeze(text: str) -> str:
    """Make each run of blanks one space and `P. M.` one word; lines stay lines."""
    text = _BLANKS.sub(" ", text) if _ODD_BLANK.search(text) else text
    return join_hour_marks(text)


def _state(found: list[str]) -> StatedAnswers:
    """Judge what was found: nothing in it, one answer, or several."""
    found = [text for text in (inner.strip() for inner in found) if _HAS_CONTENT.search(text)]
    distinct = tuple(dict.fromkeys(" ".join(text.split()) for text in found))
    if not distinct:
        return StatedAnswers(status=ExtractionStatus.EMPTY)
    status = ExtractionStatus.OK if len(distinct) == 1 else ExtractionStatus.MULTIPLE
    return StatedAnswers(status=status, answers=distinct[-MAX_ANSWERS:])


def _find_tagged(text: str) -> tuple[list[str], bool]:
    found: list[str] = []
    start: int | None = None
    if "<" in text:
        for tag in _ANSWER_TAG.finditer(text):
            if not tag[1]:
                start = tag.end()
            elif start is not None:
                found += _unwrap(text[start : tag.start()])
                start = None
    return found, start is not None


def _unwrap(content: str) -> list[str]:
    """Go from the content of `<answer>` to the answers in it: boxes, or what follows a marker."""
    boxed, _ = find_boxed(content)
    if boxed:
        return boxed
    for pattern in (_FINAL, _PROSE):
        marker = pattern.match(content.strip()[:MAX_PROSE_CHARS])
        if marker:
            return [content.strip()[marker.end() :]]
    return [content]


def _find_marked(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    """Yield what follows each marker: the rest of its sentence, or the next line that has text."""
    for marker in list(pattern.finditer(text))[-MAX_ANSWERS:]:
        end = text.find("\n", marker.end())
        line = text[marker.end() : end if end >= 0 else len(text)]
        if not _HAS_CONTENT.search(line) and end >= 0:
            line = next(filter(_HAS_WORD.search, text[end : end + 400].split("\n")), "")
        sentence, *others = _split_sentences(line)
        yield sentence
        if others and _RETRACTION.match(others[0]):
            yield others[0]


def _last_sentence(text: str) -> str:
    lines = filter(_HAS_WORD.search, reversed(text.split("\n")))
    return _split_sentences(next(lines, text.strip()))[-1]


def _split_sentences(line: str) -> list[str]:
    """Split one line; `B. 3 cm`, `Mr. Watson` and `U.S. Steel` are not split."""
    line = line.strip()[-MAX_SENTENCE_CHARS:]
    sentences: list[str] = []
    start = 0
    for end in _SENTENCE_END.finditer(line):
        word = line[line.rfind(" ", start, end.start()) + 1 : end.start()].strip("(*_")
        is_label = len(word) == 1 and word.isalpha() and end.start() - start < 4
        is_initial = len(word) == 1 and any(
            _TWO_INITIALS.match(line, end.start() - back) for back in (1, 4)
        )
        if not (is_label or is_initial or _ABBREVIATION.fullmatch(word)):
            sentences.append(line[start : end.end()].strip())
            start = end.end()
    return [*sentences, line[start:]]
