"""The units of measure that the verifier knows: spellings, sizes, dimensions.

Sizes are exact and in base units: m, g, s, A, K, mol and bit; in, oz and psi for what people never
convert by heart; months, which have no fixed number of seconds; degrees and radians; one dimension
for each currency. Symbols keep their case, words do not.
"""

import re
from fractions import Fraction

_PREFIXES = {
    "p": ("pico", -12), "n": ("nano", -9), "\u03bc": ("micro", -6), "m": ("milli", -3),
    "c": ("centi", -2), "d": ("deci", -1), "h": ("hecto", 2), "k": ("kilo", 3), "M": ("mega", 6),
    "G": ("giga", 9), "T": ("tera", 12),
}  # fmt: skip

# Prefixes taken, symbols | words = size, dimension. Not among them: `pm` (a time of day), and
# capitals that name segments (`MN`); letters
# that are more often a product (`ha`, `px`, `kn`) are none.
_METRIC = """
n\u03bcmcdk m | meter metre = 1 m
\u03bcmk g | gram gramme = 1 g
n\u03bcm s | second sec = 1 s
\u03bcm l L | liter litre = 1/1000 m^3
mk N | newton = 1000 g m s^-2
mkMG J | joule = 1000 g m^2 s^-2
mkMGT W | watt = 1000 g m^2 s^-3
mhkMG Pa | pascal = 1000 g m^-1 s^-2
\u03bcm A | ampere amp = 1 A
\u03bcmkM V | volt = 1000 g m^2 s^-3 A^-1
mkMG \u03a9 | ohm = 1000 g m^2 s^-3 A^-2
n\u03bcm C | coulomb = 1 A s
pn\u03bcm F | farad = 1/1000 A^2 s^4 g^-1 m^-2
mkMGT Hz | hertz = 1 s^-1
m K | kelvin = 1 K
\u03bcmk mol | mole = 1 mol
mkMGT eV | electronvolt = 1.602176634e-16 g m^2 s^-2
kMGT Wh | watthour = 3600000 g m^2 s^-2
mk Ah | amperehour = 3600 A s
k cal | calorie = 1 cal
m bar | bar = 100000000 g m^-1 s^-2
kMGT  | byte = 8 bit
kMGT  | bit = 1 bit
n\u03bcm  | tesla = 1000 g s^-2 A^-1
n\u03bcm  | henry = 1000 g m^2 s^-2 A^-2
"""

# Spellings = size, dimension; `_` is a space.
_OTHERS = """
min minute = 60 s
h hr hour = 3600 s
day = 86400 s
wk week = 604800 s
fortnight = 1209600 s
month = 1 month
yr year = 12 month
decade = 120 month
century centurie = 1200 month
t tonne ton metric_ton = 1000000 g
\u00e5ngstr\u00f6m angstrom = 1/10000000000 m
\u03bcm um micron = 1/1000000 m
\u03bcg ug mcg = 1/1000000 g
kg kilo = 1000 g
k\u03a9 kilohm = 1000000 g m^2 s^-3 A^-2
nautical_mile = 1852 m
light_year light-year = 9460730472580800 m
hectare = 10000 m^2
cc = 1/1000000 m^3
cL centiliter centilitre = 1/100000 m^3
dL deciliter decilitre = 1/10000 m^3
kmh kph = 1000/3600 m s^-1
knot = 1852/3600 m s^-1
mps = 1 m s^-1
rpm = 1/60 s^-1
Nm = 1000 g m^2 s^-2
kWh KWh kwh = 3600000000 g m^2 s^-2
atm atmosphere = 101325000 g m^-1 s^-2
mmHg torr Torr = 133322.368421 g m^-1 s^-2
pixel = 1 px
kB KB = 8000 bit
MB = 8000000 bit
GB = 8000000000 bit
TB = 8000000000000 bit
mT = 1 g s^-2 A^-1
mH = 1 g m^2 s^-2 A^-2
in inch inche = 1 in
ft foot feet = 12 in
yd yard = 36 in
mi mile = 63360 in
furlong = 7920 in
acre = 6272640 in^2
mph = 17.6 in s^-1
oz ounce = 1 oz
lb pound = 16 oz
stone = 224 oz
psi = 1 psi
tsp teaspoon = 77/256 in^3
tbsp tablespoon = 231/256 in^3
fl_oz fluid_ounce = 231/128 in^3
cup = 231/16 in^3
pt pint = 231/8 in^3
qt quart = 231/4 in^3
gal gallon = 231 in^3
degree \u00b0 deg = 1 degree
arcminute = 1/60 degree
arcsecond = 1/3600 degree
' = 1 prime
" = 1 prime2
radian rad = 1 radian
\u00b0C celsius centigrade = 1 celsius
\u00b0F fahrenheit = 1 fahrenheit
"""
_MONEY = """
$ dollar usd buck us$ US$ us_dollar = 1 money_us
\u00a2 cent = 1/100 money_us
\u20ac euro eur = 1 money_eu
\u00a3 gbp pound_sterling = 1 money_uk
\u00a5 yen jpy = 1 money_jp
yuan rmb cny renminbi = 1 money_cn
\u20b9 rupee inr = 1 money_in
\u20a9 krw = 1 money_kr
cad C$ CA$ canadian_dollar = 1 money_ca
aud A$ AU$ australian_dollar = 1 money_au
hkd HK$ = 1 money_hk
nzd NZ$ = 1 money_nz
sgd S$ = 1 money_sg
chf franc = 1 money_ch
peso mxn = 1 money_mx
ruble rouble rub = 1 money_ru
krona krone kronor kroner = 1 money_se
zloty = 1 money_pl
lira = 1 money_tr
baht = 1 money_th
naira = 1 money_ng
dinar = 1 money_kw
dirham = 1 money_ae
riyal = 1 money_sa
shilling = 1 money_ke
forint = 1 money_hu
ringgit = 1 money_my
rupiah = 1 money_id
"""

TWINS = tuple(
    frozenset(pair.split("="))
    for pair in (
        "degree=\u00b0C", "degree=\u00b0F", "degree=C", "degree=F", "C=\u00b0C", "F=\u00b0F",
        "lb=\u00a3", "oz=fl oz", "'=ft", "'=arcminute", "'=min", '"=in', '"=arcsecond', '"=s',
    )
)  # fmt: skip
"""Pairs of units of which people write one for the other, the number being the same."""
ONLY_SINGULAR = frozenset({"bar", "stone"})
"""Units whose plural names things: bars of chocolate."""
SHOUTED = frozenset(["CM", "MM", "KM", "KG", "ML", "MG", "FT", "LB", "OZ", "IN", "YD", "MI", "HR"])
"""Two capitals that are units; others name segments (`NM`)."""

NEUTRAL = frozenset(
    {
        *("unit", "total", "altogether", "long", "wide", "tall", "high", "deep", "thick"),
        *("old", "away", "apart", "only", "exactly", "overall", "now", "again", "too"),
        *("here", "there", "ago", "later", "early", "earlier", "late", "extra", "further"),
        *("remaining", "leftover", "therefore", "thus", "hence", "answer", "approx"),
        *("rounded", "correct", "maximum", "minimum", "across", "around"),
    }
)
"""Words after a number that say nothing of what is measured."""


class Size:
    """How large a unit is: `factor` base units, each to its power."""

    __slots__ = ("dimension", "factor")

    def __init__(self, factor: Fraction, dimension: str) -> None:
        """Read a dimension as `g m s^-2`."""
        self.factor = factor
        powers = (base.partition("^") for base in dimension.split())
        self.dimension = {base: int(power or 1) for base, _, power in powers}


def read_table() -> tuple[dict[str, str], dict[str, Size]]:
    """Read the table into spelling -> unit, and unit -> its size."""
    spellings: dict[str, str] = {}
    sizes: dict[str, Size] = {}
    for line in _METRIC.strip().split("\n"):
        prefixes, symbols, words, factor, dimension = _split_metric(line)
        for sign, (prefix, power) in {"": ("", 0), **_PREFIXES}.items():
            if sign in prefixes:
                names = [sign + symbol for symbol in symbols] + [prefix + word for word in words]
                _add(names, Size(factor * Fraction(10) ** power, dimension), spellings, sizes)
    for line in (_OTHERS + _MONEY).split("\n"):
        names, _, size = line.partition(" = ")
        if size:
            factor, _, dimension = size.partition(" ")
            found = Size(Fraction(factor), dimension)
            _add([name.replace("_", " ") for name in names.split()], found, spellings, sizes)
    return spellings, sizes


def _split_metric(line: str) -> tuple[str, list[str], list[str], Fraction, str]:
    signs, _, rest = line.partition(" | ")
    words, _, size = rest.partition(" = ")
    prefixes, *symbols = re.split(" +", signs.strip())
    factor, _, dimension = size.partition(" ")
    return prefixes, symbols, words.split(), Fraction(factor), dimension


def _add(names: list[str], size: Size, spellings: dict[str, str], sizes: dict[str, Size]) -> None:
    sizes[names[0]] = size
    spellings.update({name: names[0] for name in names})
