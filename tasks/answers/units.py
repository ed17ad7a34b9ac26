"""Units of measure: which words name them, and how two of them compare.

The words that follow a number come in; a `Unit` goes out. Known units carry a dimension, so that
5 cm and 5 m differ and 500 cm and 5 m do not; other words (`apples`) are kept but never decide.
"""

import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

Factor = tuple[str, Fraction]

_TABLE = """
length m: mm 1/1000 millimeter|millimetre|mm; cm 1/100 centimeter|centimetre|cm; dm 1/10 dm
length m: m 1 meter|metre|m; km 1000 kilometer|kilometre|km
length_us in: in 1 inch|in|inches; ft 12 foot|feet|ft; yd 36 yard|yd; mi 63360 mile|mi
mass g: mg 1/1000 milligram|mg; g 1 gram|g; kg 1000 kilogram|kg|kilo; t 1000000 tonne|ton
mass_us oz: oz 1 ounce|oz; lb 16 pound|lb
time s: ms 1/1000 millisecond|ms; s 1 second|sec|s; min 60 minute|min; h 3600 hour|hr|h
time s: d 86400 day; wk 604800 week
months: month 1 month; year 12 year|yr
volume l: ml 1/1000 milliliter|millilitre|ml|mL; l 1 liter|litre|l|L
volume_us: cup 1 cup; pt 2 pint|pt; qt 4 quart|qt; gal 16 gallon|gal
money: cent 1/100 cent|¢; dollar 1 dollar|$|usd|buck|us$
euro: euro 1 euro|€; pounds: sterling 1 £|gbp; yen: yen 1 yen|¥; yuan: yuan 1 yuan|rmb|cny
rupee: rupee 1 rupee|₹
angle: degree 1 degree|°|deg; arcminute 1/60 arcminute|°'; arcsecond 1/3600 arcsecond|°"
radian: radian 1 radian|rad
celsius: celsius 1 celsius|C; fahrenheit: fahrenheit 1 fahrenheit|F; kelvin: kelvin 1 kelvin|K
speed: mph 1 mph; kmh: kmh 1 kmh|kph
energy: J 1 joule|J; kJ 1000 kilojoule|kJ; calories: cal 1 calorie|cal; kcal 1000 kcal|kilocalorie
power: mW 1/1000 milliwatt|mW; W 1 watt|W; kW 1000 kilowatt|kW; MW 1000000 megawatt|MW
voltage: mV 1/1000 millivolt|mV; V 1 volt|V; kV 1000 kilovolt|kV
current: mA 1/1000 milliampere|mA|milliamp; A 1 ampere|A|amp
resistance: ohm 1 ohm|Ω; kohm 1000 kiloohm|kΩ|kilohm; Mohm 1000000 megaohm|MΩ
frequency: Hz 1 hertz|Hz; kHz 1000 kilohertz|kHz; MHz 1000000 megahertz|MHz; GHz 1000000000 GHz
force: N 1 newton|N; kN 1000 kilonewton|kN
pressure: Pa 1 pascal|Pa; kPa 1000 kilopascal|kPa
amount: mol 1 mole|mol
"""


def _read_table() -> tuple[dict[str, str], dict[str, Factor]]:
    """Read the table into spelling -> unit and unit -> (dimension, factor)."""
    spellings: dict[str, str] = {}
    factors: dict[str, Factor] = {}
    dimension = ""
    for entry in re.split(r"[;\n]", _TABLE.strip()):
        head, _, body = entry.rpartition(":")
        dimension = head.split()[0] if head else dimension
        name, factor, words = body.split()
        factors[name] = (dimension, Fraction(factor))
        spellings.update(dict.fromkeys(words.split("|"), name))
    return spellings, factors


_SPELLINGS, _FACTORS = _read_table()
_MONEY = frozenset({"money", "euro", "pounds", "yen", "yuan", "rupee"})
_TOKEN = re.compile(r"[$€£¥₹¢°]|[A-Za-zΩµ']+|\^ ?\{? ?-?[0-9]\}?|/|[,;.()]")
_STOP = re.compile(
    "to|for|in|on|at|from|because|since|so|than|as|when|that|which|who|left|more|less|fewer|with"
    "|by|each|if|after|before|and|or|but|is|are|was|were",
    re.IGNORECASE,
)
_SQUARES = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """The words that stand by a number."""

    known: tuple[tuple[str, int], ...] = ()
    """Units of measure with their powers; negative after `per` or `/`."""
    words: frozenset[str] = frozenset()
    """The other words, in the singular."""

    def __bool__(self) -> bool:
        """Whether any word is there."""
        return bool(self.known or self.words)


def find_unit(word: str) -> str | None:
    """Find the unit that a word or symbol names; symbols keep their case (`mW` is not `MW`)."""
    name = _SPELLINGS.get(word)
    if name is None and len(word) > 1:
        lower = word.lower()
        name = _SPELLINGS.get(lower) or _SPELLINGS.get(lower.removesuffix("s"))
    return name


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
            exponent = int(token.strip("^ {}"))
            if known:
                known[-1] = (known[-1][0], known[-1][1] * exponent)
        elif _STOP.fullmatch(token) and not (token == "in" and len(tokens) == 1):
            break
        elif (name := find_unit(token)) is not None and (index == 0 or token != "in"):
            known.append((name, sign * power))
            power = 1
        elif token.isalpha():
            words.add(token.lower().removesuffix("s"))
    return Unit(known=tuple(known), words=frozenset(words))


def join_units(first: Unit, second: Unit) -> Unit:
    """Put together what stands before a number (`$`) and after it (`per year`)."""
    if not first or not second:
        return first if first else second
    known = tuple(dict.fromkeys(first.known + second.known))
    return Unit(known=known, words=first.words | second.words)


def compare_units(gold: Unit, answer: Unit) -> Fraction | None:
    """Give the factor that turns the answer's value into the gold's unit; None where they differ.

    A unit may be left out in whole or in part, and a gold without any takes every unit.
    """
    if not answer.known or not gold or set(answer.known) <= set(gold.known):
        return Fraction(1)
    gold_kind, gold_factor = _reduce(gold)
    answer_kind, answer_factor = _reduce(answer)
    return answer_factor / gold_factor if gold_kind == answer_kind else None


def is_money(unit: Unit) -> bool:
    """Tell whether an amount of money is counted, perhaps per something."""
    return any(_FACTORS[name][0] in _MONEY and power > 0 for name, power in unit.known)


def is_angle(unit: Unit) -> bool:
    """Tell degrees alone, which mathematics can turn into radians."""
    return unit.known == (("degree", 1),)


def find_ratio(large: str, small: str) -> Fraction | None:
    """Give how many of a large unit a small one is (minutes in an hour: 1/60); None unless less."""
    (dimension, size), (other, part) = _FACTORS[large], _FACTORS[small]
    return part / size if dimension == other and part < size else None


def shares_unit(gold: Unit, answer: Unit) -> bool:
    """Tell whether the answer's words name what the gold's unit counts."""
    if gold.known:
        return bool(
            {name for name, p in gold.known if p > 0} & {n for n, p in answer.known if p > 0}
        )
    return bool(gold.words & answer.words)


def _reduce(unit: Unit) -> tuple[dict[str, int], Fraction]:
    kinds: Counter[str] = Counter()
    factor = Fraction(1)
    for name, power in unit.known:
        dimension, size = _FACTORS[name]
        power = max(-9, min(9, power))
        kinds[dimension] += power
        factor *= size**power
    return dict(kinds), factor
