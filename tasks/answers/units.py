"""Units of measure: which words name them, and how two of them compare.

The words that follow a number come in; a `Unit` goes out. Known units have a size, so that 5 cm and
5 m differ and 500 cm and 5 m do not; other words (`apples`) say what is counted.
"""

import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from tasks.answers.unit_table import NEUTRAL, ONLY_SINGULAR, SHOUTED, TWINS, read_table

MAX_POWER = 9

_SPELLINGS, _SIZES = read_table()
_PAIRS = "|".join(re.escape(name) for name in _SPELLINGS if " " in name)
_TOKEN = re.compile(
    rf"\u00b0 ?[CF](?![A-Za-z])|(?i:{_PAIRS})s?(?![A-Za-z])|[A-Za-z]{{0,2}}\$"
    r"|[\u20ac\u00a3\u00a5\u20b9\u20a9\u00a2\u00b0]"
    r"|(?:[cdkm]?m|in|ft)[23](?![0-9])|[A-Za-z\u03a9\u03bc][A-Za-z\u03a9\u03bc']*|''|['\"]"
    r"|\^ ?\{? ?[-+]?[0-9]\}?|/|[,;.()]"
)
_STOP = re.compile(
    "to|for|in|on|at|from|because|since|so|than|as|when|that|which|who|left|more|less|fewer|with"
    "|by|each|if|after|before|and|or|but|is|are|was|were",
    re.IGNORECASE,
)
_SQUARES = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_GLUED = re.compile(r"(k?m)s")
"""In `ms^{-1}`, metres to seconds: nobody writes one over a millisecond so."""
_RATED = ("money_", "s", "month")
"""Beginnings of the dimensions whose rates lose nothing with their `per year`."""

Known = tuple[tuple[str, int], ...]
"""Units of measure with their powers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """The words that stand by a number."""

    known: Known = ()
    """Units of measure with their powers; negative after `per` or `/`."""
    words: frozenset[str] = frozenset()
    """The other words, in the singular."""

    def __bool__(self) -> bool:
        """Whether any word is there."""
        return bool(self.known or self.words)


def find_unit(word: str) -> str | None:
    """Find the unit that a word or symbol names; symbols keep their case (`mW` is not `MW`)."""
    name = _SPELLINGS.get(word)
    if name is None and len(word) > 1 and (len(word) > 2 or word in SHOUTED or not word.isupper()):
        lower = word.lower()
        name = _SPELLINGS.get(lower) or _SPELLINGS.get(lower.removesuffix("s"))
        if name in ONLY_SINGULAR and lower != name:
            return None
    return name


def is_clause(word: str, before: str, following: str) -> bool:
    """Tell a word that opens another clause; `in` is inches where no word but a unit's is by it."""
    if word == "in" and (before in ("", "per", "/") or before in _SQUARES):
        return following != "per" and following[:1].isalpha()
    return _STOP.fullmatch(word) is not None


@lru_cache(maxsize=4096)
def parse_unit(text: str) -> Unit:
    """Read the words after a number, up to the first that opens another clause."""
    known: list[tuple[str, int]] = []
    words: set[str] = set()
    sign, power = 1, 1
    tokens = _TOKEN.findall(text)
    for index, token in enumerate(tokens):
        if token in ("per", "/"):
            sign = -1
        elif token in _SQUARES:
            power = _SQUARES[token]
        elif token[0] == "^":
            known[-1:] = _raise(known[-1:], int(token.strip("^ {}")))
        elif is_clause(token, tokens[index - 1] if index else "", "".join(tokens[index + 1 :][:1])):
            break
        elif (name := _find_token(token)) is not None:
            if known[-1:] == [("degree", 1)] and name in ("\u00b0C", "\u00b0F", "C", "F", "K"):
                known.pop()
            known.append((name, sign * power * (int(token[-1]) if token[-1].isdigit() else 1)))
            power = 1
        elif token.isalpha():
            words.add(token.lower().removesuffix("s"))
    return Unit(known=tuple(known), words=frozenset(words))


def _find_token(token: str) -> str | None:
    if token == "''":
        return '"'
    return find_unit(token.replace("\u00b0 ", "\u00b0").rstrip("23"))


def _raise(last: list[tuple[str, int]], exponent: int) -> list[tuple[str, int]]:
    """Raise the last unit to a power; `ms^{-1}` is `m s^{-1}`."""
    if not last:
        return []
    name, power = last[0]
    glued = _GLUED.fullmatch(name) if exponent < 0 else None
    return [(glued[1], 1), ("s", exponent)] if glued else [(name, power * exponent)]


def join_units(first: Unit, second: Unit) -> Unit:
    """Put together what stands before a number (`$`) and after it (`per year`)."""
    if not first or not second:
        return first if first else second
    known = tuple(dict.fromkeys(first.known + second.known))
    return Unit(known=known, words=first.words | second.words)


def compare_units(gold: Unit, answer: Unit) -> Fraction | None:
    """Give the factor that turns the answer's value into the gold's unit; None where they differ.

    A unit may be left out, and a gold without any takes every unit. Of a rate, only what it is per
    may be left out, and only of money and time: `$2 per year`, but not `5 m/s`. One unknown word
    where the gold has a unit of measure is another unit (`5 pesos`).
    """
    if not gold or gold.known == answer.known:
        return Fraction(1)
    if not answer.known:
        return None if gold.known and _is_other_word(gold, answer) else Fraction(1)
    if not gold.known:
        return Fraction(1) if gold.words >= {name for name, _ in answer.known} else None
    if (answer_size := _reduce(answer.known))[0] == (gold_size := _reduce(gold.known))[0]:
        return answer_size[1] / gold_size[1]
    if _are_twins(gold.known, answer.known):
        return Fraction(1)
    return _compare_part(gold.known, answer.known)


def _compare_part(gold: Known, answer: Known) -> Fraction | None:
    """Compare a rate with what is counted or what it is per, where that may stand alone."""
    counted = tuple(part for part in gold if part[1] > 0)
    per = tuple(part for part in gold if part[1] < 0)
    if per == answer:
        return Fraction(1)
    (kind, factor), (answer_kind, answer_factor) = _reduce(counted), _reduce(answer)
    return answer_factor / factor if per and kind == answer_kind and _is_rated(kind) else None


def count_different_things(gold: Unit, answer: Unit) -> bool:
    """Tell whether both count one thing each, under names that share no beginning.

    `25 apples` and `25 pears` differ, `25 boxes` and `25 box` do not; whether `25 kids` are the
    gold's `25 students`, words cannot tell.
    """
    if gold.known or answer.known or not len(gold.words) == len(answer.words) == 1:
        return False
    (one,), (other,) = gold.words, answer.words
    return one[:3] != other[:3] and not NEUTRAL & {one, other}


def _is_other_word(gold: Unit, answer: Unit) -> bool:
    is_one = len(answer.words) == 1 and not answer.words & (gold.words | NEUTRAL)
    return is_one and not next(iter(answer.words)).endswith("ly")


def _is_rated(kind: dict[str, int]) -> bool:
    return len(kind) == 1 and next(iter(kind)).startswith(_RATED) and set(kind.values()) == {1}


def _are_twins(gold: Known, answer: Known) -> bool:
    if len(gold) != 1 or len(answer) != 1 or gold[0][1] != answer[0][1]:
        return False
    return frozenset((gold[0][0], answer[0][0])) in TWINS


def is_money(unit: Unit) -> bool:
    """Tell whether an amount of money is counted, perhaps per something."""
    return any(power > 0 and _is_currency(name) for name, power in unit.known)


def _is_currency(name: str) -> bool:
    return next(iter(_SIZES[name].dimension)).startswith("money_")


def is_angle(unit: Unit) -> bool:
    """Tell degrees alone, which mathematics can turn into radians."""
    return unit.known == (("degree", 1),)


def find_ratio(large: str, small: str) -> Fraction | None:
    """Give how many of a large unit a small one is (minutes in an hour: 1/60); None unless less."""
    first, second = _SIZES[large], _SIZES[small]
    is_part = first.dimension == second.dimension and second.factor < first.factor
    return second.factor / first.factor if is_part else None


def shares_unit(gold: Unit, answer: Unit) -> bool:
    """Tell whether the answer's words name what the gold's unit counts."""
    if gold.known:
        return bool(
            {name for name, p in gold.known if p > 0} & {n for n, p in answer.known if p > 0}
        )
    return bool(gold.words & answer.words)


@lru_cache(maxsize=4096)
def _reduce(known: Known) -> tuple[dict[str, int], Fraction]:
    """Write units as powers of base units and a factor."""
    kinds: Counter[str] = Counter()
    factor = Fraction(1)
    for name, power in known:
        size = _SIZES[name]
        power = max(-MAX_POWER, min(MAX_POWER, power))
        factor *= size.factor**power
        for base, exponent in size.dimension.items():
            kinds[base] += exponent * power
    return {base: power for base, power in kinds.items() if power}, factor
