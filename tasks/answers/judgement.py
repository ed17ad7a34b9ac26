"""What every rule takes and gives: one check, its judgement, and where in a sentence to look."""

import re
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from tasks.answers.kinds import Gold
from tasks.answers.policy import Policy
from tasks.answers.sentences import HEDGE

MAX_TAILS = 4

Parsed = TypeVar("Parsed")

Judgement = tuple[bool | None, str]
"""(is_correct, the rule that decided); None: cannot tell."""
Compare = Callable[[str, str], bool | None]
"""Asks an algebra system whether (gold, answer) are equal; None: it cannot tell."""

_COPULA = re.compile(
    r"\b(?:is|are|was|were|be|begins at|ends at|at) |(?<![<>!])= ?|: |[是为]:?", re.IGNORECASE
)


class Check(NamedTuple):
    """One gold and one answer, both as written and normalized, and how to compare them."""

    gold: Gold
    wanted: str
    """The gold's text, normalized."""
    answer: str
    text: str
    """The answer's text, normalized."""
    policy: Policy
    compare: Compare | None


def list_tails(text: str, hedge: re.Pattern[str] = HEDGE) -> list[str]:
    """List what follows each of the last verbs, `=` and colons of a sentence, shortest first.

    A sentence that hedges or denies has none.
    """
    if hedge.search(text):
        return []
    ends = [found.end() for found in _COPULA.finditer(text)]
    return [text[end:] for end in reversed(ends[-MAX_TAILS:])]


def judge_parsed(
    check: Check, parse: Callable[[str], Parsed | None], match: Callable[[Parsed, Parsed], bool]
) -> bool:
    """Parse the answer, or what follows one of its verbs, and compare it with the gold."""
    gold = parse(check.wanted)
    parsed = (parse(part) for part in (check.text, *list_tails(check.text)))
    answer = next((part for part in parsed if part is not None), None)
    return gold is not None and answer is not None and match(gold, answer)
