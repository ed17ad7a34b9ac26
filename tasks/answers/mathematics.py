"""Settle mathematics by value: what the rules for numbers and texts leave open.

A gold and an answer in LaTeX or plain mathematics come in; (is_correct, rule) goes out. The cheap
evaluator is asked first, then the tolerance where both are constants, last the caller's algebra
system; without one nobody can tell, and the rule says so.
"""

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

from tasks.answers.expressions import expressions_match, is_mathematical
from tasks.answers.judgement import Compare, Judgement, is_copula
from tasks.answers.math_parser import parse_expression
from tasks.answers.math_tokens import Unreadable
from tasks.answers.math_values import Undefined, find_value
from tasks.answers.normalization import strip_outer, unwrap
from tasks.answers.policy import DEFAULT_POLICY, Policy, UnitPolicy, is_within_tolerance
from tasks.answers.sentences import HEDGE_WORD
from tasks.answers.units import Unit, compare_units, find_unit, parse_unit

EVALUATED = "evaluated"
ALGEBRA = "algebra"
NEEDS_ALGEBRA = "needs_algebra"
MAX_CHARS = 1_000
MAX_TAILS = 3

_WORD = re.compile(
    r"(?<![\\A-Za-z])(?:(?!(?:(?:arc)?(?:sin|cos|tan|cot|sec|csc)h?|sqrt|log|exp|infty|mod|gcd|lcm"
    r"|max|min|lim|det|deg)[a-z]?(?![A-Za-z])|(?:[a-z]pi|pi[a-z]|(?<=[0-9])[a-z]{3})(?![A-Za-z]))"
    r"[A-Za-z]{3,}"
    r"|(?:up|to|vs|at|by|of|or|on|as|so|no|if|we|it|an|he|us)(?![A-Za-z]))",
    re.IGNORECASE,
)
_FORMULA = re.compile(
    r"\b(?:root|squared|cubed|power|over|plus|minus|times|divided|infinity|percent|pi)\b"
    r"|[\\^=+*/|]|(?<![A-Za-z])(?:sqrt|sin|cos|tan|log|ln)\b",
    re.I,
)
_COMMAND = re.compile(r"\\[A-Za-z]+")
_HAN = re.compile("[\u4e00-\u9fff]")
_MATH = re.compile(r"\$([^$]{1,300})\$|\\\(((?:[^\\]|\\[^)]){1,300})\\\)")
_TAIL = re.compile(
    r"\b(?:is|are|was|were|equals?|gives?|makes?) |(?<![<>!])= ?|\u2248 ?|(?<=[A-Za-z)*]): "
)
_UNIT_COMMAND = re.compile(
    r"(?:\\[,;: ]|[ ~])*\\(?:text|mathrm|rm|mbox|operatorname) ?\{(?P<unit>[^{}]{1,40})\}"
    r"(?P<power>(?:\^\{?-?[0-9]\}?)?)$"
)
_UNIT_WORDS = re.compile(
    r" (?P<unit>(?:(?:square|cubic|sq|cu)\.? )?[A-Za-z]{1,12}(?:\^\{?[23]\}?)?"
    r"(?:(?: per |/)[A-Za-z]{1,12}(?:\^\{?[23]\}?)?)?)$"
)
_JUXTAPOSED = re.compile(
    r"(?<![\^_.0-9])[0-9.]+ +[0-9.]|[0-9],(?![0-9]{3}(?![0-9]))|[;?]|[-+*/^=] ?$"
)
_NAME_AFTER = re.compile(r"(?P<value>[^=<>A-Za-z\\]{1,80}) ?= ?[A-Za-z]")
_SUBSCRIPT = re.compile(r"_ ?\{[^{}]*\}")
_BOUND = re.compile(r"[<>\u2208\u222a]|!=|infty|\\[lg]eq?(?![a-z])")
_DATE_LIKE = re.compile(r"[0-9]+/[0-9]+/[0-9]+|[0-9]+(?:-[0-9]+){2,}|[0-9] ?: ?[0-9]")


class Mathematics(NamedTuple):
    """Mathematical text, and the unit of measure that stood after it."""

    text: str
    unit: Unit


def settle(gold: str, answer: str, policy: Policy, compare: Compare | None) -> Judgement:
    """Settle whether two mathematical texts are equal."""
    verdict = expressions_match(gold, answer)
    if verdict:
        return True, EVALUATED
    if policy.relative_tolerance != DEFAULT_POLICY.relative_tolerance or policy.absolute_tolerance:
        wanted, given = find_constant(gold), find_constant(answer)
        if wanted is not None and given is not None:
            return is_within_tolerance(Fraction(wanted), Fraction(given), policy), EVALUATED
    if verdict is None and compare is not None:
        return compare(gold, answer), ALGEBRA
    return verdict, EVALUATED if verdict is False else NEEDS_ALGEBRA


def settle_statement(
    gold: Mathematics, candidates: Iterable[Mathematics], policy: Policy, compare: Compare | None
) -> Judgement | None:
    """Settle what an answer states against a gold; None where it states no mathematics."""
    last: Judgement | None = None
    for found in candidates:
        factor = _find_factor(gold.unit, found.unit, policy)
        if factor is None:
            last = False, "unit"
            continue
        text = found.text if factor == 1 else f"({found.text})*({factor})"
        last = settle(gold.text, text, policy, compare)
        if last[0] is not None:
            return last
    return last


def find_constant(text: str) -> float | None:
    """Compute a text without symbols; None for anything else."""
    try:
        parsed = parse_expression(text, frozenset())
        value, _ = find_value(parsed.node, 0)
    except (Unreadable, Undefined):
        return None
    if isinstance(value, complex) or parsed.symbols or parsed.ambiguous:
        return None
    return value


def list_mathematics(answer: str) -> Iterator[Mathematics]:
    """List the places of an answer that are mathematics without prose, the whole text first.

    An answer that hedges or denies gives none.
    """
    text = unwrap(answer)
    if len(text) > MAX_CHARS or HEDGE_WORD.search(text):
        return
    reversed_name = _NAME_AFTER.fullmatch(text)
    if reversed_name:
        yield split_unit(reversed_name["value"].rstrip())
        return
    ends = [found.end() for found in _TAIL.finditer(text) if is_copula(found, text)]
    for start in (0, *reversed(ends[-MAX_TAILS:])):
        found = split_unit(strip_outer(text[start:]))
        if is_plain_mathematics(found.text):
            yield found
        elif len(inline := [a or b for a, b in _MATH.findall(text[start:])]) == 1:
            rest = text[start:].rpartition("$")[2]
            unit = parse_unit(rest.strip(" .")) if rest.strip(" .").count(" ") < 3 else Unit()
            yield Mathematics(inline[0], unit if unit.known else Unit())


def is_plain_mathematics(text: str) -> bool:
    """Tell mathematics without prose, several values, dates and ranges from everything else."""
    if has_prose(text) or not is_mathematical(text):
        return False
    return not _JUXTAPOSED.search(text) and not _DATE_LIKE.search(text)


def mentions_formula(text: str) -> bool:
    """Tell a text that may hold a formula, in signs or in words, from one of mere numbers."""
    return _FORMULA.search(text) is not None


def has_relation(text: str) -> bool:
    """Tell an equation or bound from an expression, a sum from 1 on among them."""
    text = _SUBSCRIPT.sub("", text) if "_" in text else text
    return "=" in text or has_bound(text)


def has_bound(text: str) -> bool:
    """Tell a bound, or that two sides differ."""
    return _BOUND.search(text) is not None


def is_comparable(gold: str, answer: str) -> bool:
    """Tell two texts of which algebra may make one value: not words, lists or relations."""
    both = f"{gold} ; {answer}"
    is_one = not any(map(_JUXTAPOSED.search, (gold, answer))) and "infty" not in both
    has_sign = is_mathematical(gold) or is_mathematical(answer)
    return has_sign and is_one and not has_prose(both) and not has_bound(both)


def has_prose(text: str) -> bool:
    """Tell a text with words from one of numbers, letters and functions."""
    plain = _COMMAND.sub(" ", text)
    return _WORD.search(plain) is not None or _HAN.search(plain) is not None


def split_unit(text: str) -> Mathematics:
    """Split off the unit of measure at the end; a single letter is none unless LaTeX says so."""
    found = _UNIT_COMMAND.search(text[-80:])
    is_command = found is not None
    found = found or _UNIT_WORDS.search(text[-60:])
    if found is None:
        return Mathematics(text, Unit())
    word = found["unit"].strip() + (found["power"] if is_command else "")
    body = text[: len(text) - len(found[0])].rstrip()
    if word in ("units", "square units", "cubic units", "unit", "sq units", "sq. units"):
        return Mathematics(body, Unit())
    unit = parse_unit(word)
    is_known = bool(unit.known) and not unit.words
    if not is_known or not body or (not is_command and not _is_clear(word)):
        return Mathematics(text, Unit())
    return Mathematics(body, unit)


def _is_clear(word: str) -> bool:
    """Tell a unit that cannot be a variable: more than one letter, or a power or a quotient."""
    letters = re.findall(r"[A-Za-z]+", word)
    return all(find_unit(letter) or letter in ("per", "square", "sq") for letter in letters) and (
        len(letters) > 1 or len(letters[0]) > 1
    )


def _find_factor(gold: Unit, answer: Unit, policy: Policy) -> Fraction | None:
    if policy.units is UnitPolicy.STRICT and bool(gold.known) != bool(answer.known):
        return None
    return compare_units(gold, answer)
