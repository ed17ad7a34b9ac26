"""Grade many answers: each equal pair once, cheap rules first, algebra last and together.

(Gold, text) pairs come in; one verdict each goes out, in order, the same as `check_answer` gives.
What the rules leave open is asked of the algebra workers in one go.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tasks.algebra import AlgebraPool, Pair
from tasks.answers import DEFAULT_POLICY, Gold, Policy, Verdict, check_answer

Item = tuple[Gold, str]


class Checked(NamedTuple):
    """A verdict by the rules alone, and what they would have asked an algebra system."""

    verdict: Verdict
    asked: list[Pair]


def grade_answers(
    items: Sequence[Item], policy: Policy = DEFAULT_POLICY, algebra: AlgebraPool | None = None
) -> list[Verdict]:
    """Grade answers; one verdict an item, in order.

    Args:
        items: Gold answers with what was written after the thought.
        policy: What counts as equal.
        algebra: Settles what the rules cannot; None: that stays open.
    """
    return settle_checked(items, check_items(items, policy), policy, algebra)


def check_items(items: Sequence[Item], policy: Policy) -> list[Checked]:
    """Check each different item once by the rules, noting what they would ask."""
    checked: dict[Item, Checked] = {}
    for item in items:
        if item not in checked:
            asked: list[Pair] = []
            checked[item] = Checked(check_answer(*item, policy, _Recorder(asked)), asked)
    return [checked[item] for item in items]


def settle_checked(
    items: Sequence[Item], checked: Sequence[Checked], policy: Policy, algebra: AlgebraPool | None
) -> list[Verdict]:
    """Ask the algebra workers what the rules left open, all at once, and check that again."""
    asked = list(dict.fromkeys(pair for one in checked for pair in one.asked))
    if not asked or algebra is None:
        return [one.verdict for one in checked]
    known = dict(zip(asked, algebra.compare(asked), strict=True))
    return [
        check_answer(*item, policy, lambda gold, answer: known.get((gold, answer)))
        if one.asked
        else one.verdict
        for item, one in zip(items, checked, strict=True)
    ]


class _Recorder:
    """Stands in for an algebra system: notes what is asked, and cannot tell."""

    def __init__(self, asked: list[Pair]) -> None:
        self._asked = asked

    def __call__(self, gold: str, answer: str) -> None:
        self._asked.append((gold, answer))
