"""Words of a text, in every script: one fold and one split for all kernels of curation.

Han and kana characters are words of their own, since nothing separates them; elsewhere a word is a
run of letters and digits, with its apostrophes. Linear in the text.
"""

import re
import unicodedata
from collections.abc import Iterator

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
KANA = "\u3040-\u30ff"
_WORD = re.compile(rf"[{HAN}{KANA}]|[^\W_{HAN}{KANA}]+(?:['\u2019][^\W_{HAN}{KANA}]+)*")
_SPACED = re.compile(rf"[{HAN}{KANA}]|[^\s{HAN}{KANA}\u3000-\u303f\uff00-\uff0f\uff1a-\uff20]+")
_QUOTES = str.maketrans({0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"'})


def find_words(text: str) -> Iterator[re.Match[str]]:
    """Yield each word of the text as written, with its place."""
    return _WORD.finditer(text)


def split_words(text: str) -> list[str]:
    """Split folded or plain text into its words."""
    return _WORD.findall(text)


def count_words(text: str) -> int:
    """Count what stands between blanks; Han and kana characters, which nothing separates, each."""
    return sum(1 for _ in _SPACED.finditer(text))


def fold_word(word: str) -> str:
    """Fold case and apostrophes of one word."""
    return word.lower() if word.isascii() else word.casefold().translate(_QUOTES)


def fold_text(text: str) -> str:
    """Fold compatibility characters, case, quotes and white space, so that twins are equal."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_QUOTES)
    return " ".join(folded.split())
