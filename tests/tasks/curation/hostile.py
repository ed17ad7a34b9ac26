"""Texts made to hurt: unclosed marks, long words, deep nesting, and what only looks like text."""

import time
from collections.abc import Callable
from typing import Any

HOSTILE_TEXTS = {
    "one_word": "a",
    "blanks": " ",
    "newlines": "\n",
    "cues": "Wait, ",
    "answers_and_cues": "So it is 10. Wait, ",
    "quotes": '"',
    "spaced_quotes": ' "x',
    "single_quotes": " 'x",
    "dollars": "$x ",
    "brackets": "\\[",
    "begins": "\\begin{",
    "fences": "``` ",
    "backticks": "`x",
    "digits": "7",
    "sums": "1+",
    "equals": "1+1=",
    "commas": "1,",
    "slashes": "1/",
    "parentheses": "(",
    "phrases": "the ",
    "half_phrases": "the image description ",
    "tags": "<think>",
    "closings": "</answer>",
    "han": "描述",
    "surrogates": "\ud800\udfff",
    "combining": "a\u0301\u0301",
    "ligatures": "\ufdfa",
    "labels": "AB ",
    "capitals": "A",
}
"""Name to the unit that is repeated."""


def assert_linear(function: Callable[[str], Any], unit: str, num_chars: int = 20_000) -> None:
    """Assert that eight times the text takes far less than the 64 times of a quadratic function."""
    short, long = (unit * (chars // len(unit)) for chars in (num_chars, 8 * num_chars))
    small, large = _best_seconds(function, short), _best_seconds(function, long)
    # Under 50 ms the clock decides.
    assert large < 0.05 or large < 28 * small, (small, large)


def _best_seconds(function: Callable[[str], Any], text: str) -> float:
    seconds: list[float] = []
    for _ in range(3):
        start = time.thread_time()
        function(text)
        seconds.append(time.thread_time() - start)
        if seconds[-1] < 0.05:
            break
    return min(seconds)
