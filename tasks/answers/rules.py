"""One rule for each type of gold answer.

A gold and one extracted answer come in; (is_correct, rule) goes out. Only mathematics that no
cheap rule settles may stay open (`needs_algebra`), and a gold that is not of the type that it says.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from rapidfuzz import fuzz

from tasks.answers.choices import pick_option
from tasks.answers.composites import judge_interval, judge_matrix, judge_sequence, judge_words
from tasks.answers.dates import dates_match, parse_date, parse_time, times_match
from tasks.answers.judgement import Check, Compare, Judgement, judge_parsed, list_tails
from tasks.answers.kinds import NUMERIC_TYPES, YES_NO, AnswerType, Gold
from tasks.answers.letters import pick_letter
from tasks.answers.normalization import normalize, to_key
from tasks.answers.numeric import judge_numeric, judge_range, judge_ratio
from tasks.answers.options import find_option
from tasks.answers.policy import Policy, UnitPolicy
from tasks.answers.sentences import HEDGE
from tasks.answers.statements import judge_expression, narrow_equation
from tasks.answers.yes_no import pick_yes_no

MAX_ANSWER_CHARS = 4_000
"""Of a normalized answer that is not the gold's own text; longer ones are no answers."""

MAX_STATED_CHARS = 20_000
"""Of an answer before it is normalized, which may shorten it."""

Rule = Callable[[Check], Judgement]

_DIGIT = re.compile(r"[0-9]+")


def judge_answer(
    gold: Gold, answer: str, policy: Policy, compare: Compare | None = None
) -> Judgement:
    """Judge one extracted answer; `compare` is asked where only algebra can tell."""
    if len(answer) > MAX_STATED_CHARS:
        return (True, "exact") if answer == gold.answer else (False, "too_long")
    text = normalize(answer)
    wanted = _normalize_gold(gold.answer)
    if _can_be_exact(gold, policy) and (text == wanted or _keys_match(gold, wanted, text)):
        return True, "exact"
    if len(text) > MAX_ANSWER_CHARS:
        return False, "too_long"
    return _RULES[gold.answer_type](Check(gold, wanted, answer, text, policy, compare))


def _can_be_exact(gold: Gold, policy: Policy) -> bool:
    """Tell whether equal texts are enough: no option may be meant, and no unit be missing."""
    return gold.options is None and (gold.unit is None or policy.units is not UnitPolicy.STRICT)


def _keys_match(gold: Gold, wanted: str, text: str) -> bool:
    """Compare without case, where case carries nothing (it does in `x` and `X`, `mW` and `MW`)."""
    return gold.answer_type in _CASELESS_TYPES and to_key(text) == to_key(wanted)


_normalize_gold = lru_cache(maxsize=2048)(normalize)
_find_gold = lru_cache(maxsize=2048)(find_option)


def _judge_choice(check: Check) -> Judgement:
    options = check.gold.options
    if options is None:
        return pick_letter(check.text) == check.wanted.strip("()").upper(), "choice"
    picked = pick_option(check.text, options)
    return picked is not None and picked == _find_gold(check.wanted, options), "choice"


def _judge_yes_no(check: Check) -> Judgement:
    said = pick_yes_no(check.text)
    return said is not None and said is YES_NO.get(to_key(check.wanted)), "yes_no"


def _judge_date(check: Check) -> Judgement:
    return judge_parsed(check, parse_date, dates_match), "date"


def _judge_time(check: Check) -> Judgement:
    return judge_parsed(check, parse_time, times_match), "time"


def _judge_equation(check: Check) -> Judgement:
    """Compare equations; of `x = 5` the value, by the rule of its own type."""
    narrowed = narrow_equation(check)
    return _RULES[narrowed.gold.answer_type](narrowed) if narrowed else (False, "equation")


def _judge_words(check: Check) -> Judgement:
    judged = _judge_text(check)
    return judged if judged[0] else judge_words(check)


def _judge_text(check: Check) -> Judgement:
    key = to_key(check.wanted)
    tails = list_tails(check.text, own=check.wanted)
    keys = [to_key(normalize(part)) for part in (check.text, *tails)]
    if key in keys:
        return True, "text"
    ratio = check.policy.fuzzy_text_ratio
    if ratio is not None and not HEDGE.search(check.text):
        return any(_is_alike(key, other, ratio) for other in keys), "fuzzy_text"
    return False, "text"


def _is_alike(left: str, right: str, ratio: float) -> bool:
    """Compare the letters of two texts; their numbers must be the same."""
    same_numbers = _DIGIT.findall(left) == _DIGIT.findall(right)
    return same_numbers and fuzz.ratio(left, right, score_cutoff=ratio) >= ratio


_CASELESS_TYPES = {
    AnswerType.CHOICE, AnswerType.YES_NO, AnswerType.DATE, AnswerType.TIME, AnswerType.WORDS,
    AnswerType.TEXT, AnswerType.NUMBER_WORD,
}  # fmt: skip
_RULES: dict[AnswerType, Rule] = {
    **dict.fromkeys(NUMERIC_TYPES, judge_numeric),
    AnswerType.CHOICE: _judge_choice,
    AnswerType.YES_NO: _judge_yes_no,
    AnswerType.EXPRESSION: judge_expression,
    AnswerType.EQUATION: _judge_equation,
    AnswerType.TUPLE: judge_sequence,
    AnswerType.LIST: judge_sequence,
    AnswerType.SET: judge_sequence,
    AnswerType.INTERVAL: judge_interval,
    AnswerType.RANGE: judge_range,
    AnswerType.RATIO: judge_ratio,
    AnswerType.MATRIX: judge_matrix,
    AnswerType.DATE: _judge_date,
    AnswerType.TIME: _judge_time,
    AnswerType.WORDS: _judge_words,
    AnswerType.TEXT: _judge_text,
}
