r"""Tell whether a piece of reasoning ends by concluding with the answer, or only mentions it.

"I see 5 bars", "is it 12?", "not B" and the article of "a diagram" hold the answers 5, 12, B and
A, and conclude nothing. Here the last sentence must lead to the answer by a word of conclusion,
without denial or doubt. A conclusion that is missed costs a longer thought, one that is none costs
the whole reasoning: what is doubtful is none. English and Chinese. Reads the last part only.
"""

import re
import unicodedata

from tasks.curation.conclusion_table import (
    CLOSED_ANSWERS,
    DENIAL,
    DOUBT,
    FILLERS,
    FINAL,
    INFERRING,
    OBSERVING,
    SCENE,
    STATING,
)
from tasks.curation.words import split_words

CONCLUSION_CHARS = 240
"""How far before its end a segment may state the answer and still count as concluding with it."""
MAX_GAP_WORDS = 12
"""Between a word of inference and the answer."""
MAX_PLACES = 8
"""Places of the answer that are looked at, from the last back."""
_QUOTES = str.maketrans({0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0x2212: "-"})
_SENTENCE_END = re.compile(r"[.!?][)\]}\"'*$]*(?=\s|$)|[\u3002!?](?=[^\x00-\x7f])|\u3002|(?<!:)\n")
_CLAUSE_START = re.compile(r"[,;]\s|\b(?:so|thus|hence|therefore|then|because|since|but)\b", re.I)
_OPTION_MARK = re.compile(r"\(?\b[A-Ja-j][):.]")
_LETTER_MARK = re.compile(r"(?:[({]|\*\*|\b(?:option|choice|answer)\s)$", re.IGNORECASE)
_JOINED_BEFORE = re.compile(r"(?:\b(?:and|or|nor)|[\u3001\u548c\u6216\u53ca])\s*$", re.IGNORECASE)
_JOINED_AFTER = re.compile(
    r"\s*,?\s*or\b|\s*(?:and|to|of)\b|.*\b(?:but|however)\b|\s*[\u3001\u548c\u6216\u53ca]",
    re.IGNORECASE,
)
_LETTER_AFTER = re.compile(r"\W*[A-Z]\b")
_APART = re.compile(r"[\s$*)}\]\"']*(?:$|[.,;:!?(\u3002])|[)}*]")
_NUMBER = re.compile(r"(?<![\w^])\d")
_NOT_AFTER = re.compile(r"\s*[,;(]\s*(?:and )?not\b")


def concludes_with(segment: str, answer: str) -> bool:
    """Tell whether a segment of reasoning ends by concluding with the answer.

    Args:
        segment: Any text; its last `CONCLUSION_CHARS` are read.
        answer: As extracted. A single letter is compared with its case, others without.
    """
    wanted = " ".join(_tidy(answer[: CONCLUSION_CHARS + 1]).split()).strip(" .")
    if not wanted or len(wanted) > CONCLUSION_CHARS:
        return False
    ending = _tidy(segment[-CONCLUSION_CHARS:])
    places = list(_write_pattern(wanted).finditer(ending))[-MAX_PLACES:]
    return any(
        _stands_alone(ending, place) and _is_concluded(ending, place) for place in places[::-1]
    )


def _tidy(text: str) -> str:
    """Fold compatibility characters, quotes and blanks, but neither case nor line ends."""
    folded = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"[^\S\n]+", " ", folded))


def _write_pattern(wanted: str) -> re.Pattern[str]:
    """Match the answer as written, but for case and the commas of thousands."""
    bare = re.escape(re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", wanted))
    flags = re.NOFLAG if _is_letter(wanted) else re.IGNORECASE
    return re.compile(re.sub(r"(?<=\d)(?=\d)", ",?", bare), flags)


def _is_letter(answer: str) -> bool:
    return len(answer) == 1 and answer.isascii() and answer.isalpha()


def _stands_alone(text: str, place: re.Match[str]) -> bool:
    before, after = text[max(0, place.start() - 1) : place.start()], text[place.end() :][:2]
    first, last = place[0][0], place[0][-1]
    is_decimal = last.isdigit() and after[:1] in (".", ",") and after[1:].isdigit()
    is_signed = first.isdigit() and before in ("-", ".", "/", "^")
    is_power = last.isdigit() and after[:1] in ("/", "^")
    is_joined = _is_joined(before, first) or _is_joined(after[:1], last)
    return not (is_joined or is_decimal or is_signed or is_power)


def _is_joined(neighbor: str, edge: str) -> bool:
    """Tell whether two characters stand in one word; Han characters never do."""
    return neighbor.isalnum() and edge.isalnum() and max(ord(neighbor), ord(edge)) < 0x3000


def _is_concluded(text: str, place: re.Match[str]) -> bool:
    """Tell whether the sentence of this place leads to it, and all ends there."""
    starts = [end.end() for end in _SENTENCE_END.finditer(text, 0, place.start())]
    before = text[starts[-1] if starts else 0 : place.start()]
    end = _SENTENCE_END.search(text, place.end())
    after = text[place.end() : end.end() if end else len(text)]
    later = text[end.end() :] if end else ""
    if DOUBT.search(before + " " + after + later) or "?" in after + later:
        return False
    if any(char.isalnum() for char in later) and (
        not FINAL.search(before) or DENIAL.search(later) or _JOINED_AFTER.match(later)
    ):
        return False
    return _fits_after(place[0], after) and _is_led_to(place[0], before, after)


def _fits_after(answer: str, after: str) -> bool:
    """Tell whether the rest of the sentence leaves the answer as it is."""
    if _NOT_AFTER.match(after):
        return True
    if _JOINED_AFTER.match(after) or (answer[-1].isdigit() and _NUMBER.search(after)):
        return False
    is_closed = _is_letter(answer) or answer.casefold() in CLOSED_ANSWERS
    if is_closed and (not _APART.match(after) or _LETTER_AFTER.match(after)):
        return False
    return not DENIAL.search(after) or answer.casefold() in CLOSED_ANSWERS


def _is_led_to(answer: str, before: str, after: str) -> bool:
    """Tell whether a word of conclusion before the answer leads to it."""
    if _JOINED_BEFORE.search(before):
        return False
    observes = OBSERVING.search(before + after) and not INFERRING.search(before)
    if not observes and any(_is_stated(before, cue) for cue in STATING.finditer(before)):
        return True
    if _is_letter(answer) and not _LETTER_MARK.search(before):
        return False
    if SCENE.search(before + after) or answer.casefold() in CLOSED_ANSWERS:
        return False
    return any(_is_inferred(before, cue) for cue in INFERRING.finditer(before))


def _is_stated(before: str, cue: re.Match[str]) -> bool:
    """Tell whether nothing but fillers stands between a cue and the answer."""
    gap = _OPTION_MARK.sub("", before[cue.end() :])
    words = split_words(gap.lower())
    is_bare = len(words) <= MAX_GAP_WORDS and all(word in FILLERS for word in words)
    return is_bare and not _is_denied(before, cue)


def _is_inferred(before: str, cue: re.Match[str]) -> bool:
    """Tell whether a few words of one clause stand between a cue and the answer."""
    gap = before[cue.end() :].lstrip(" ,:")
    is_clause = not re.search(r"[,;:\d]", gap) and not OBSERVING.search(gap)
    return is_clause and len(split_words(gap)) <= MAX_GAP_WORDS and not _is_denied(before, cue)


def _is_denied(before: str, cue: re.Match[str]) -> bool:
    starts = [start.start() for start in _CLAUSE_START.finditer(before, 0, cue.end())]
    return bool(DENIAL.search(before, starts[-1] if starts else 0))
