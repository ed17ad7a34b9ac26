"""Rules for golds that are mathematics: an expression, an equation, an assignment.

A check comes in; (is_correct, rule) goes out. Texts that are the same need no mathematics; the
rest is settled by value, and an answer of another kind (several parts, a bound) is wrong.
"""

import re
from dataclasses import replace
from decimal import Decimal

from tasks.answers.dates import parse_date, parse_time
from tasks.answers.equations import is_constant, is_unsolved, list_names
from tasks.answers.golds import infer_type
from tasks.answers.judgement import Check, Judgement, list_tails
from tasks.answers.kinds import AnswerType, Gold
from tasks.answers.mathematics import (
    NEEDS_ALGEBRA,
    Mathematics,
    has_bound,
    has_relation,
    list_mathematics,
    mentions_formula,
    settle_statement,
    split_unit,
)
from tasks.answers.normalization import normalize, unwrap
from tasks.answers.pairs import parse_ratio
from tasks.answers.quantities import parse_quantity
from tasks.answers.sentences import HEDGE_WORD
from tasks.answers.sequences import split_name, split_parts, strip_brackets
from tasks.answers.units import is_angle, parse_unit

_LETTER = re.compile(r"[A-Za-z]")
_HAS_VALUE = re.compile(r"[^\W_]|\u221e")
_STATEMENT_TYPES = {AnswerType.EXPRESSION, AnswerType.EQUATION, AnswerType.TEXT, AnswerType.CHOICE}


def judge_expression(check: Check) -> Judgement:
    """Equal where the texts are, white space and `*` apart; else by value."""
    tails = list_tails(check.text, HEDGE_WORD)
    if _compact(check.wanted) in map(_compact, (check.text, *tails)):
        return True, "expression"
    if not _HAS_VALUE.search(check.wanted) or _is_of_another_kind(check):
        return False, "expression"
    gold = split_unit(unwrap(check.gold.answer))
    if check.gold.unit:
        gold = Mathematics(gold.text, parse_unit(normalize(check.gold.unit)))
    is_side = is_unsolved(check.text) and _is_solved(check.wanted)
    compare = None if is_side else check.compare
    settled = settle_statement(gold, _list_candidates(check), check.policy, compare)
    if settled is not None:
        return (False, "expression") if is_side and settled[0] is None else settled
    if HEDGE_WORD.search(check.text) or not mentions_formula(check.text):
        return False, "expression"
    return None, NEEDS_ALGEBRA


def _is_solved(wanted: str) -> bool:
    """Tell a value, named or not, from an equation in unknowns."""
    name, value = split_name(wanted)
    return not has_relation(wanted) or (name is not None and is_constant(value))


def _is_of_another_kind(check: Check) -> bool:
    """Tell an answer of several parts, and a bound or a lone side where the gold is none."""
    _, inside = strip_brackets(check.text)
    if len(split_parts(inside)) > len(split_parts(strip_brackets(check.wanted)[1])):
        return True
    if parse_date(check.text) or parse_time(check.text) or parse_ratio(check.text):
        return True
    return has_relation(check.text) < has_relation(check.wanted) or (
        has_bound(check.text) and not has_bound(check.wanted)
    )


def _list_candidates(check: Check) -> list[Mathematics]:
    """List the mathematics of an answer; a number in any form (`9 million`) as its digits."""
    number = parse_quantity(check.text)
    if number is None or number.is_percent or is_angle(number.unit):
        return list(list_mathematics(check.answer))
    value = number.value
    text = str(Decimal(value.numerator) / value.denominator) if number.has_point else str(value)
    return [Mathematics(text, number.unit)]


def narrow_equation(check: Check) -> Check | None:
    """Narrow a check of `x = 5` to its value, and say of which type that is; None: another name.

    An equation that names nothing stays one, as an expression of two sides.
    """
    name, value = split_name(check.wanted)
    other, _ = split_name(check.text)
    if name is None or is_unsolved(check.text):
        return _retype(check, AnswerType.EXPRESSION)
    if other is not None and not _are_twins(name, other):
        is_solved_for = {name, other} <= set(_LETTER.findall(value + check.text))
        return _retype(check, AnswerType.EXPRESSION) if is_solved_for else None
    names = list_names(check.text)
    if other is None and len(name) == 1 and names and name not in names:
        return None
    answer_type = infer_type(value, check.gold.unit)
    if answer_type not in _STATEMENT_TYPES:
        gold = Gold(answer=value, answer_type=answer_type, unit=check.gold.unit)
        return check._replace(gold=gold, wanted=value)
    if other is not None and name != other:
        answer = unwrap(check.answer).partition("=")[2]
        check = check._replace(answer=answer, text=normalize(answer))
    if not has_relation(check.text):
        gold = replace(check.gold, answer=unwrap(check.gold.answer).partition("=")[2])
        check = check._replace(gold=gold, wanted=value)
    return _retype(check, AnswerType.EXPRESSION)


def _retype(check: Check, answer_type: AnswerType) -> Check:
    return check._replace(gold=replace(check.gold, answer_type=answer_type))


def _are_twins(name: str, other: str) -> bool:
    """Tell whether two names are one: `y` and `f(x)` both name a function."""
    return name == other or ("y" in (name, other) and "(" in name + other)


def _compact(text: str) -> str:
    """Write an expression without what carries no meaning: spaces, `*`, braces of one character."""
    return re.sub(r"[\s*$]|\{(?=.\})|(?<=\{.)\}", "", text)
