"""Language consistency: the share of a thought that is in another script than its question.

DeepSeek-R1 and its distillates mix languages, most often Chinese into English. Counted are words:
a Han or kana character, or a run of letters of another script. What the question or the formal
text itself says is not foreign, nor are short Latin runs (`AB`, `sin`, `cm`) or Greek letters,
which every language borrows. Nor do labels and units make Latin the question's own, unless it has
no other words. Linear in the texts.
"""

import re
from collections import Counter
from dataclasses import dataclass

from tasks.curation.words import HAN, KANA

SCRIPTS = {
    "han": rf"[{HAN}]",
    "kana": rf"[{KANA}]",
    "hangul": "[\uac00-\ud7af\u1100-\u11ff]+",
    "cyrillic": "[\u0400-\u052f]+",
    "arabic": "[\u0600-\u06ff\u0750-\u077f]+",
    "hebrew": "[\u0590-\u05ff]+",
    "devanagari": "[\u0900-\u097f]+",
    "thai": "[\u0e00-\u0e7f]+",
    "greek": "[\u0370-\u03ff]+",
    "latin": "[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]+",
}
"""Script to the pattern of one of its words."""
BORROWED_LATIN_CHARS = 3
"""Latin runs up to this length are variables, functions and units in other scripts."""
MAX_FOREIGN_FRACTION = 0.02
MIN_FOREIGN_WORDS = 4
"""Fewer foreign words are a name or a slip."""
_WORD = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in SCRIPTS.items()))
_EAST_ASIAN = frozenset({"han", "kana", "hangul"})
_FUNCTIONS = frozenset({
    "sin", "cos", "tan", "cot", "sec", "csc", "log", "lim", "max", "min", "mod", "gcd", "lcm",
    "mol", "deg", "rad",
})  # fmt: skip
_VOWEL = re.compile("[aeiouy]", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptShares:
    """In which scripts a thought is written, compared with its question."""

    expected: str
    """Main script of the question; `latin` where it has no letters."""
    main: str
    """Main script of the thought; the expected one where it has no letters."""
    num_words: int
    """Words of the thought in any script."""
    num_foreign: int
    """Words in a script that the question does not use."""

    @property
    def foreign_fraction(self) -> float:
        """Foreign words / words; 0 without words."""
        return self.num_foreign / max(1, self.num_words)


def compare_scripts(thought: str, question: str, formal_text: str = "") -> ScriptShares:
    """Compare the scripts of a thought with its question's.

    Args:
        thought: The reasoning.
        question: The question with its options; its scripts are not foreign.
        formal_text: Labels of the image may be in any script; thoughts may repeat them.
    """
    asked, told = _count_scripts(question), _find_words(thought)
    expected = _find_main(asked, "latin")
    own = _expect_scripts(asked, expected)
    given = set(_WORD.findall(formal_text)) if formal_text and not formal_text.isascii() else set()
    shared = {"".join(groups) for groups in given}
    foreign = sum(
        count
        for (script, word), count in told.items()
        if script not in own and word not in shared and not _is_borrowed(script, word)
    )
    scripts: Counter[str] = Counter()
    for (script, word), count in told.items():
        scripts[script] += 0 if _is_borrowed(script, word) and script != expected else count
    return ScriptShares(
        expected=expected,
        main=_find_main(scripts, expected),
        num_words=told.total(),
        num_foreign=foreign,
    )


def is_foreign(
    shares: ScriptShares,
    max_fraction: float = MAX_FOREIGN_FRACTION,
    *,
    min_words: int = MIN_FOREIGN_WORDS,
) -> bool:
    """Tell whether a thought leaves its question's language (drop_reason `foreign_script`)."""
    return shares.num_foreign >= min_words and shares.foreign_fraction > max_fraction


def _find_words(text: str) -> Counter[tuple[str, str]]:
    return Counter((match.lastgroup or "", match[0]) for match in _WORD.finditer(text))


def _count_scripts(text: str) -> Counter[str]:
    """Count the words of a question by script, without its labels where it has other words."""
    words = _find_words(text)
    counts = Counter[str]()
    for (script, word), count in words.items():
        counts[script] += 0 if _is_label(script, word) else count
    return +counts or Counter(script for script, _ in words.elements())


def _find_main(counts: Counter[str], default: str) -> str:
    return max(counts, key=lambda script: (counts[script], script), default=default)


def _expect_scripts(asked: Counter[str], expected: str) -> set[str]:
    """Return the scripts that the question uses by more than a name or two."""
    own = {script for script in asked if asked[script] > 0.2 * asked.total()} | {expected}
    # Japanese and Korean are written with Han characters too.
    return own | ({"han"} if own & _EAST_ASIAN else set())


def _is_borrowed(script: str, word: str) -> bool:
    return script == "greek" or (script == "latin" and len(word) <= BORROWED_LATIN_CHARS)


def _is_label(script: str, word: str) -> bool:
    """Tell whether a word names a point, a function or a unit: `ABC`, `sin`, `cm`, Greek letters.

    Short words of English, such as "how", are none.
    """
    if script != "latin":
        return script == "greek"
    if word.isupper():
        return len(word) <= BORROWED_LATIN_CHARS or list(word) == sorted(word)
    is_short = len(word) <= BORROWED_LATIN_CHARS
    return len(word) == 1 or word in _FUNCTIONS or (is_short and not _VOWEL.search(word))
