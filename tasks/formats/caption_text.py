"""Caption: plain text that describes an image.

Any language. It must be there (a few words at least), be no refusal, and must not fall into a
loop: the same run of words, or of letters, again and again.
"""

import re
from collections.abc import Iterator, Sequence

from tasks.formats.problems import Problem, line_at, quote
from tasks.formats.refusals import find_refusal

MIN_WORDS = 3
MAX_PERIOD_WORDS = 60
"""Longest run of words whose repetition is looked for."""
MIN_LOOP_WORDS = 40
MIN_LOOP_TURNS = 4
_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(f"[{_CJK}]|[^\\s{_CJK}]+")
_LETTER_LOOP = re.compile(r"([^\W\d_]{1,8}?)\1{24,}")


def check_caption(text: str) -> Iterator[Problem]:
    """Yield the problems of a caption."""
    words = [(found.group(), found.start()) for found in _WORD.finditer(text)]
    if sum(any(map(str.isalnum, word)) for word, _ in words) < MIN_WORDS:
        yield Problem(1, f"{quote(text.strip())} is too short; describe all that the image shows.")
        return
    if found := find_refusal(text):
        line = line_at(text, found.start())
        yield Problem(line, f"{quote(found.group())} is a refusal; describe what is visible.")
    if (start := find_word_loop([word for word, _ in words])) is not None:
        line = line_at(text, words[start][1])
        yield Problem(line, "The same words repeat from here on; write each thing once, then stop.")
    elif found := _LETTER_LOOP.search(text):
        line = line_at(text, found.start())
        yield Problem(line, f"{quote(found.group())} repeats the same letters; write them once.")


def find_word_loop(words: Sequence[str]) -> int | None:
    """Return the index of the first word of a loop, or None.

    A loop is a run of at most `MAX_PERIOD_WORDS` words that stands `MIN_LOOP_TURNS` times in a
    row and takes `MIN_LOOP_WORDS` words or more. Words without a letter or digit, such as the
    rules of a table, make no loop. Takes time in proportion to the words.
    """
    has_letters = [any(map(str.isalpha, word)) for word in words]
    for period in range(1, MAX_PERIOD_WORDS + 1):
        needed = max(MIN_LOOP_WORDS, period * MIN_LOOP_TURNS) - period
        same = 0
        for index in range(period, len(words)):
            same = same + 1 if words[index] == words[index - period] else 0
            start = index + 1 - same - period
            if same == needed and any(has_letters[start : start + period]):
                return start
    return None
