"""Rules for golds that are numbers: one with its unit, the two ends of a range, a ratio.

A check comes in; (is_correct, rule) goes out. A sentence gives its number where it states but one;
what is no number but has a value (`2+3`) is computed.
"""

import re
from functools import lru_cache, partial

from tasks.answers.dates import parse_date, parse_time
from tasks.answers.equations import is_unsolved, split_unsolved
from tasks.answers.judgement import Check, Judgement, judge_parsed
from tasks.answers.mathematics import Mathematics, list_mathematics, settle_statement
from tasks.answers.normalization import normalize
from tasks.answers.number_words import write_digits
from tasks.answers.pairs import Numbers, parse_range, parse_ratio, ranges_match, ratios_match
from tasks.answers.policy import Policy, is_within_tolerance
from tasks.answers.quantities import Quantity, parse_quantity, quantities_match
from tasks.answers.sentences import Absence, find_quantities
from tasks.answers.units import Unit, count_different_things, is_angle

_NO_ONE_NUMBER = re.compile(
    r"[<>\u00b1\u2208\u222a;?]|!=|,(?![0-9]{3})| (?:and|or) |/ ?0(?![0-9.])|\[\[|infty"
    r"|^[0-9]+ ?= ?[0-9]+$"
)


def judge_numeric(check: Check) -> Judgement:
    """Compare numbers: with the unit that the gold gives apart, or without any."""
    forms = _parse_gold(check.wanted, check.gold.unit)
    if not forms:
        return None, "unreadable_gold"
    side = split_unsolved(check.text)
    if side is not None:
        is_false = not any(map(str.isalpha, check.text))
        return not is_false and _judge_side(forms, side, check.policy), "unsolved_equation"
    found = find_quantities(check.text, forms[0].unit, check.wanted)
    if isinstance(found, Absence):
        rule = found.value if found is not Absence.NO_NUMBER else "numeric"
        return _settle_number(check, forms) or (False, rule)
    is_equal = all(_matches_any(forms, answer, check.policy) for answer in found)
    if is_equal and (parse_date(check.text) or parse_time(check.text)):
        return False, "date_or_time"
    if is_equal and any(count_different_things(forms[0].unit, answer.unit) for answer in found):
        return None, "other_things"
    return is_equal, "numeric"


@lru_cache(maxsize=2048)
def _parse_gold(wanted: str, unit: str | None) -> tuple[Quantity, ...]:
    """Read a numeric gold; where its unit holds a magnitude (`million`), both readings."""
    plain = parse_quantity(write_digits(wanted))
    whole = parse_quantity(write_digits(f"{wanted} {normalize(unit)}")) if unit else None
    return tuple(form for form in (whole, plain) if form is not None)


def _matches_any(forms: tuple[Quantity, ...], answer: Quantity, policy: Policy) -> bool:
    """Compare with the full gold; with its bare number only where the answer is bare, too."""
    if quantities_match(forms[0], answer, policy):
        return True
    is_bare = not answer.unit and not answer.is_percent and not forms[-1].unit.known
    has_magnitude = forms[0].value != forms[-1].value
    return is_bare and has_magnitude and quantities_match(forms[-1], answer, policy)


def _judge_side(forms: tuple[Quantity, ...], side: str, policy: Policy) -> bool | None:
    """Judge `x + y = 5`: right where the sum was asked for, which only the question can tell."""
    found = find_quantities(side, forms[0].unit)
    is_side = not isinstance(found, Absence) and all(_matches_any(forms, n, policy) for n in found)
    return None if is_side else False


def _settle_number(check: Check, forms: tuple[Quantity, ...]) -> Judgement | None:
    """Settle an answer that is no number but has a value: `2+3`, `3!`; None for others."""
    ratio = parse_ratio(check.text) if check.policy.ratio_equals_fraction else None
    if ratio and len(ratio) == 2:
        value = ratio[0].value / ratio[1].value
        return is_within_tolerance(forms[0].value, value, check.policy), "ratio"
    if is_unsolved(check.text) or _NO_ONE_NUMBER.search(check.text):
        return None
    if _is_rising(parse_range(check.text)):
        return None
    values = [forms[0].value] + ([forms[0].value / 100] if forms[0].is_percent else [])
    golds = [Mathematics(str(value), forms[0].unit) for value in values]
    if is_angle(forms[0].unit):
        golds = [Mathematics(f"{values[0]}\u00b0", Unit())]
    stated = list(list_mathematics(check.answer))
    found = [settle_statement(gold, stated, check.policy, check.compare) for gold in golds]
    return next((judged for judged in found if judged and judged[0]), found[0])


def _is_rising(ends: Numbers | None) -> bool:
    """Tell a range (`1990-2000`) from a subtraction (`8-3`)."""
    return ends is not None and ends[0].value <= ends[1].value


def judge_range(check: Check) -> Judgement:
    """Compare the two ends, in order."""
    return judge_parsed(check, parse_range, partial(ranges_match, policy=check.policy)), "range"


def judge_ratio(check: Check) -> Judgement:
    """Compare ratios up to a factor; with a fraction only where the policy says so."""
    gold, value = parse_ratio(check.wanted), parse_quantity(check.text)
    if check.policy.ratio_equals_fraction and gold and len(gold) == 2 and value:
        return is_within_tolerance(
            gold[0].value / gold[1].value, value.value, check.policy
        ), "ratio"
    return judge_parsed(check, parse_ratio, partial(ratios_match, policy=check.policy)), "ratio"
