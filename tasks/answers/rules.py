"""One rule for each type of gold answer.

A gold and one extracted answer come in; (is_correct, rule) goes out. Only `expression` may say
that it cannot tell, and any rule whose gold is not of the type that it says.
"""

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple, TypeVar

from tasks.answers.choices import pick_letter, pick_option, pick_yes_no
from tasks.answers.dates import dates_match, parse_date, parse_time, times_match
from tasks.answers.formulas import judge_formula
from tasks.answers.kinds import (
    NUMERIC_TYPES,
    YES_NO,
    AnswerType,
    Gold,
    find_option,
    parse_range,
    parse_ratio,
)
from tasks.answers.normalization import normalize, to_key, unwrap
from tasks.answers.policy import Policy, is_within_tolerance
from tasks.answers.quantities import Quantity, parse_quantity, quantities_match
from tasks.answers.sentences import HEDGE, Absence, find_quantities, write_digits

MAX_ANSWER_CHARS = 4_000
"""Of a normalized answer that is not the gold's own text; longer ones are no answers."""
MAX_PARTS = 200
MAX_TAILS = 4

Judgement = tuple[bool | None, str]
Pair = tuple[Quantity, Quantity]
Compare = Callable[[str, str], bool | None]
"""Asks an algebra system whether (gold, answer) are equal; None: it cannot tell."""
Parsed = TypeVar("Parsed")

_COPULA = re.compile(r"\b(?:is|are|was|were|be|begins at|ends at|at) |= ?|: ", re.IGNORECASE)
_PART = re.compile(r" ?[,;] ?| and ")
_ASSIGNED = re.compile(r"[A-Za-z][A-Za-z0-9_']{0,11}(?:\([a-z]\))? ?= ?")


class Check(NamedTuple):
    """One gold answer and how to compare with it."""

    gold: Gold
    wanted: str
    """The gold's text, normalized."""
    stated: str
    """The answer as extracted."""
    policy: Policy
    compare: Compare | None


def judge_answer(
    gold: Gold, answer: str, policy: Policy, compare: Compare | None = None
) -> Judgement:
    """Judge one extracted answer; `compare` is asked where only algebra can tell."""
    text = normalize(answer)
    wanted = _normalize_gold(gold.answer)
    if gold.options is None and (text == wanted or _keys_match(gold, wanted, text)):
        return True, "exact"
    if len(text) > MAX_ANSWER_CHARS:
        return False, "too_long"
    return _RULES[gold.answer_type](Check(gold, wanted, answer, policy, compare), text)


def _keys_match(gold: Gold, wanted: str, text: str) -> bool:
    """Compare without case, where case carries nothing (it does in `x` and `X`, `mW` and `MW`)."""
    return gold.answer_type not in _CASED_TYPES and to_key(text) == to_key(wanted)


_normalize_gold = lru_cache(maxsize=2048)(normalize)
_find_gold = lru_cache(maxsize=2048)(find_option)


def _judge_choice(check: Check, text: str) -> Judgement:
    options = check.gold.options
    if options is None:
        return pick_letter(text) == check.wanted.upper(), "choice"
    picked = pick_option(text, options)
    return picked is not None and picked == _find_gold(check.wanted, options), "choice"


def _judge_yes_no(check: Check, text: str) -> Judgement:
    said = pick_yes_no(text)
    return said is not None and said is YES_NO.get(to_key(check.wanted)), "yes_no"


def _judge_numeric(check: Check, text: str) -> Judgement:
    """Compare numbers: with the unit that the gold gives apart, or without any."""
    forms = _parse_gold(check.wanted, check.gold.unit)
    if not forms:
        return None, "unreadable_gold"
    found = find_quantities(text, forms[0].unit)
    if isinstance(found, Absence):
        return False, found.value if found is not Absence.NO_NUMBER else "numeric"
    return all(_matches_any(forms, answer, check.policy) for answer in found), "numeric"


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
    is_bare = not answer.unit and not answer.is_percent
    return is_bare and quantities_match(forms[-1], answer, policy)


def _judge_date(check: Check, text: str) -> Judgement:
    return _judge_parsed(parse_date, dates_match, check.wanted, text), "date"


def _judge_time(check: Check, text: str) -> Judgement:
    return _judge_parsed(parse_time, times_match, check.wanted, text), "time"


def _judge_range(check: Check, text: str) -> Judgement:
    return _judge_parsed(
        parse_range, partial(_pairs_match, check.policy), check.wanted, text
    ), "range"


def _judge_ratio(check: Check, text: str) -> Judgement:
    return _judge_parsed(
        parse_ratio, partial(_ratios_match, check.policy), check.wanted, text
    ), "ratio"


def _judge_parsed(
    parse: Callable[[str], Parsed | None],
    match: Callable[[Parsed, Parsed], bool],
    wanted: str,
    text: str,
) -> bool:
    """Parse the answer, or what follows one of its verbs, and compare it with the gold."""
    gold = parse(wanted)
    parsed = (parse(part) for part in (text, *_list_tails(text)))
    answer = next((part for part in parsed if part is not None), None)
    return gold is not None and answer is not None and match(gold, answer)


def _pairs_match(policy: Policy, gold: Pair, answer: Pair) -> bool:
    return all(quantities_match(*ends, policy) for ends in zip(gold, answer, strict=True))


def _ratios_match(policy: Policy, gold: Pair, answer: Pair) -> bool:
    cross = gold[0].value * answer[1].value, gold[1].value * answer[0].value
    return is_within_tolerance(*cross, policy)


def _judge_sequence(check: Check, text: str) -> Judgement:
    """Compare parts: in order, or in any order between braces."""
    gold, wanted, policy = check.gold, check.wanted, check.policy
    rule = gold.answer_type.value
    text = _ASSIGNED.sub("", text, count=1)
    if (
        text[:1] in "([{"
        and wanted[:1] in "([{"
        and (text[:1], text[-1:]) != (wanted[:1], wanted[-1:])
    ):
        return False, rule
    left, right = _split_parts(wanted), _split_parts(text)
    if len(left) != len(right) or len(left) > MAX_PARTS:
        return False, rule
    if gold.answer_type is not AnswerType.SET:
        return len(left) == len(right) and all(
            _parts_match(*pair, policy) for pair in zip(left, right, strict=True)
        ), rule
    for part in left:
        same = next((other for other in right if _parts_match(part, other, policy)), None)
        if same is None:
            return False, rule
        right.remove(same)
    return True, rule


def _split_parts(text: str) -> list[str]:
    inner = text[1:-1] if text[:1] in "([{" and text[-1:] in ")]}" else text
    return [part for part in _PART.split(inner.strip()) if part]


def _parts_match(gold: str, answer: str, policy: Policy) -> bool:
    left, right = parse_quantity(write_digits(gold)), parse_quantity(write_digits(answer))
    if left is not None and right is not None:
        return quantities_match(left, right, policy)
    return _compact(gold) == _compact(answer)


def _judge_expression(check: Check, text: str) -> Judgement:
    """Equal where the texts are, or else the values; what these leave open goes to algebra."""
    if _compact(check.wanted) in map(_compact, (text, *_list_tails(text))):
        return True, "expression"
    stated = unwrap(check.stated)
    verdict, formula = judge_formula(
        check.gold.answer, (stated, *_list_tails(stated)), check.policy
    )
    if verdict is not None or formula is None or check.compare is None:
        return verdict, "expression"
    return check.compare(check.gold.answer, formula), "algebra"


def _judge_text(check: Check, text: str) -> Judgement:
    key = to_key(check.wanted)
    return key in (to_key(normalize(part)) for part in (text, *_list_tails(text))), "text"


def _list_tails(text: str) -> list[str]:
    """List what follows each of the last verbs, `=` and colons of a sentence, shortest first.

    A sentence that hedges or denies has none.
    """
    if HEDGE.search(text):
        return []
    ends = [found.end() for found in _COPULA.finditer(text)]
    return [text[end:] for end in reversed(ends[-MAX_TAILS:])]


def _compact(text: str) -> str:
    """Write an expression without what carries no meaning: spaces, `*`, braces of one character."""
    text = _ASSIGNED.sub("", text.replace("$", ""), count=1) if text.count("=") == 1 else text
    return re.sub(r"[\s*]|\{(?=.\})|(?<=\{.)\}", "", text)


_CASED_TYPES = NUMERIC_TYPES | {AnswerType.EXPRESSION}
_RULES: dict[AnswerType, Callable[[Check, str], Judgement]] = {
    AnswerType.CHOICE: _judge_choice,
    AnswerType.YES_NO: _judge_yes_no,
    AnswerType.INTEGER: _judge_numeric,
    AnswerType.DECIMAL: _judge_numeric,
    AnswerType.FRACTION: _judge_numeric,
    AnswerType.PERCENT: _judge_numeric,
    AnswerType.EXPRESSION: _judge_expression,
    AnswerType.TUPLE: _judge_sequence,
    AnswerType.LIST: _judge_sequence,
    AnswerType.SET: _judge_sequence,
    AnswerType.RANGE: _judge_range,
    AnswerType.RATIO: _judge_ratio,
    AnswerType.DATE: _judge_date,
    AnswerType.TIME: _judge_time,
    AnswerType.TEXT: _judge_text,
}
