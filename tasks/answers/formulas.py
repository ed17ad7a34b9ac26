"""Compare an answer with a gold expression: find its formula in it, its unit, and judge both.

The texts as written come in, not the normalized ones: without LaTeX's braces `1/2x` would say
less than it did. A verdict or None (cannot tell) goes out, with the formula that was judged.
"""

import re
from typing import NamedTuple

from tasks.answers.expressions import expressions_match
from tasks.answers.normalization import unwrap
from tasks.answers.policy import Policy, UnitPolicy
from tasks.answers.units import Unit, compare_units, parse_unit

MAX_FORMULA_CHARS = 400

_MEASURED = re.compile(
    r"(?P<formula>.*?[^ ]) ?(?P<unit>(?:\\(?:text|mathrm|mbox) ?\{ ?[A-Za-z. ]{1,40}\}"
    r"|(?<![A-Za-z\\])(?:(?:square|sq\.?|cubic|cu\.?) )?[A-Za-z]{2,20})(?: ?\^ ?\{?[23]\}?)?"
    r"(?: ?(?:/|\bper\b) ?[A-Za-z]{1,20})?)"
)
_WORD = re.compile(r"(?<![\\A-Za-z])(?!sqrt|infinity)[A-Za-z]{4,}")
_PLAIN_UNITS = frozenset({"unit", "units", "square units", "sq units", "cubic units"})


class Formula(NamedTuple):
    """An expression and the unit after it."""

    text: str
    unit: Unit


def judge_formula(
    gold: str, answers: tuple[str, ...], policy: Policy
) -> tuple[bool | None, str | None]:
    """Judge an answer against a gold expression.

    Args:
        gold: As the source gives it.
        answers: What may be the formula: the whole answer, then what follows its verbs.
        policy: Its tolerance and its unit policy apply.

    Returns:
        The verdict, None where it cannot be told; and the formula to ask an algebra system about,
        None where there is none.
    """
    wanted, *candidates = (split_unit(unwrap(text)) for text in (gold, *answers))
    for formula in candidates:
        verdict = _formulas_match(wanted, formula, policy)
        if verdict is not None:
            return verdict, None
    askable = (formula.text for formula in candidates if not _WORD.search(formula.text))
    return None, next(askable, None)


def split_unit(text: str) -> Formula:
    r"""Split a known unit of two letters or more off: `36\pi cm^2`, `x+1 \text{ m}`."""
    found = _MEASURED.fullmatch(text) if len(text) <= MAX_FORMULA_CHARS else None
    if found is None:
        return Formula(text, Unit())
    words = re.sub(r"\\(?:text|mathrm|mbox)|[{}]", " ", found["unit"])
    unit = parse_unit(words.strip())
    if unit.known or words.strip().lower() in _PLAIN_UNITS:
        return Formula(found["formula"], Unit(known=unit.known))
    return Formula(text, Unit())


def _formulas_match(gold: Formula, answer: Formula, policy: Policy) -> bool | None:
    if policy.units is UnitPolicy.STRICT and bool(gold.unit.known) != bool(answer.unit.known):
        return False if expressions_match(gold.text, answer.text) is not None else None
    factor = compare_units(gold.unit, answer.unit)
    if factor is None:
        return False
    stated = answer.text if factor == 1 else f"({answer.text})*({factor})"
    return expressions_match(gold.text, stated, policy.relative_tolerance)
