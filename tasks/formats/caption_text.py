"""Caption: plain text that describes an image.

Any language. It must be there (a few words at least), be no refusal, and must not fall into a
loop: the same run of words, or of letters, again and again.
"""

import re
from collections.abc import Iterator, Sequence

from tasks.formats.problems import Problem, line_at, quote

MIN_WORDS = 3
MAX_PERIOD_WORDS = 60
"""Longest run of words whose repetition is looked for."""
MIN_LOOP_WORDS = 40
MIN_LOOP_TURNS = 4
REFUSAL_CHARS = 300
"""A refusal stands in the beginning."""
_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(f"[{_CJK}]|[^\\s{_CJK}]+")
_LETTER_LOOP = re.compile(r"([^\W\d_]{1,8}?)\1{24,}")
_CANNOT = "(?:can(?:'|\u2019)t|cannot|can not|could not|couldn(?:'|\u2019)t|am unable to)"
_HELP = "(?:see|view|assist|help|describe|provide|access|process|open|identify|analy[sz]e)"
_REFUSAL = re.compile(
    "(?<![\"'\u201c\u2018])\\b(?:"
    "(?:i(?:'|\u2019)?m|i am) (?:\\w+ )?(?:sorry|unable|not able)"
    f"|(?:i|we) {_CANNOT} (?:\\w+ )?{_HELP}"
    "|as an? (?:ai|language model|text-based)"
    "|(?:no|without an?) image (?:was |is |has been )?(?:provided|attached|given|uploaded)"
    "|please (?:provide|upload|attach|share) (?:an?|the|your) image)\\b"
    # Chinese: sorry; excuse me; (I) cannot (look at, see, provide, describe, process)
    "|\\A\\W*(?:\u5f88?\u62b1\u6b49|\u5bf9\u4e0d\u8d77"
    "|\u6211?(?:\u65e0\u6cd5|\u4e0d\u80fd)(?:\u67e5\u770b|\u770b|\u63d0\u4f9b|\u63cf\u8ff0|\u5904\u7406))",
    re.IGNORECASE,
)


def check_caption(text: str) -> Iterator[Problem]:
    """Yield the problems of a caption."""
    words = [(found.group(), found.start()) for found in _WORD.finditer(text)]
    if sum(any(map(str.isalnum, word)) for word, _ in words) < MIN_WORDS:
        yield Problem(1, f"{quote(text.strip())} is too short; describe all that the image shows.")
        return
    if found := _REFUSAL.search(text, 0, REFUSAL_CHARS):
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
