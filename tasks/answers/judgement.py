"""What every rule takes and gives: one check, its judgement, and where in a sentence to look."""

import re
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from tasks.answers.denials import blank, find_conclusion
from tasks.answers.equations import gives_value
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


def list_tails(text: str, hedge: re.Pattern[str] = HEDGE, own: str = "") -> list[str]:
    """List what follows each of the last verbs, `=` and colons of a sentence, shortest first.

    A sentence that hedges or denies, but for the gold's `own` words, has none, nor has an equation
    that is still to be solved.
    """
    if " " not in text and "=" not in text and text.isascii():
        return []
    if hedge.search(blank(own, text)):
        text = f": {find_conclusion(text) or ''}"
        if hedge.search(text):
            return []
    found = list(_COPULA.finditer(text))[-MAX_TAILS:]
    return [text[one.end() :] for one in reversed(found) if is_copula(one, text)]


def is_copula(found: re.Match[str], text: str) -> bool:
    """Tell whether what follows a verb or sign is said of something; in `2x = 5`, 5 is not."""
    if "=" not in found[0]:
        return True
    return gives_value(text[: found.start()], text[found.end() :])


def judge_parsed(
    check: Check, parse: Callable[[str], Parsed | None], match: Callable[[Parsed, Parsed], bool]
) -> bool:
    """Parse the answer, or what follows one of its verbs, and compare it with the gold."""
    gold = parse(check.wanted)
    parsed = (parse(part) for part in (check.text, *list_tails(check.text)))
    answer = next((part for part in parsed if part is not None), None)
    return gold is not None and answer is not None and match(gold, answer)
