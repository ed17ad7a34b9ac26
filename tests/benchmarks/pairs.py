"""Gold answers with right and wrong answers to them, of every type, drawn with a seed.

One function a type draws a gold and the ways in which a model writes it right and wrong; what is
said around the answer is drawn apart. The same pair always has the same label.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Drawn = tuple[str, list[str], list[str]]
"""Gold, right answers, wrong answers."""


@dataclass(frozen=True, slots=True)
class LabeledPair:
    """One pair and what a person would say of it."""

    kind: str
    gold: str
    answer: str
    is_right: bool
    options: tuple[str, ...] | None = None


def draw_integer(r: random.Random) -> Drawn:
    n = r.choice([r.randint(0, 20), r.randint(20, 999), r.randint(1_000, 99_999)])
    return (
        str(n),
        [str(n), f"{n:,}", f"{n}.0", f"${n}$"],
        [str(n + r.randint(1, 9)), f"{n}5", f"-{n + 1}"],
    )


def draw_decimal(r: random.Random) -> Drawn:
    value = r.randint(1, 99_999) / 100 + 0.01
    text = f"{value:.2f}"
    return text, [text, f"{text}0", f"${text}$"], [f"{value + 0.1:.2f}", f"{value * 10 + 0.03:.1f}"]


def draw_fraction(r: random.Random) -> Drawn:
    under = r.randint(2, 19)
    over = r.choice([n for n in range(1, 3 * under) if math.gcd(n, under) == 1])
    tex = f"$\\frac{{{over}}}{{{under}}}$"
    right = [f"{over}/{under}", tex, f"{3 * over}/{3 * under}", f"$\\dfrac{{{over}}}{{{under}}}$"]
    wrong = [
        f"{over + under}/{under}",
        f"{over}/{under + 1}",
        f"$\\frac{{{under}}}{{{over + under}}}$",
    ]
    return r.choice([tex, f"{over}/{under}"]), right, wrong


def draw_percent(r: random.Random) -> Drawn:
    n = r.randint(1, 99)
    return f"{n}%", [f"{n}%", f"{n} percent", f"${n}\\%$", f"{n}.0%"], [f"{n + 1}%", f"{n / 10}%"]


def draw_money(r: random.Random) -> Drawn:
    n = r.randint(1_000, 99_999)
    cents = f"{n:,}.{r.randint(10, 99)}"
    wrong = [f"${n + 10:,}.00", f"{n - 1:,}.50 dollars"]
    return f"${cents}", [f"${cents}", f"{cents} dollars", cents.replace(",", "")], wrong


def draw_unit(r: random.Random) -> Drawn:
    n = r.randint(2, 500)
    unit, other, word = r.choice(
        [("cm", "m", "centimeters"), ("kg", "g", "kilograms"), ("km", "cm", "kilometers"),
         ("m", "mm", "meters"), ("mL", "L", "milliliters"), ("s", "h", "seconds")]
    )  # fmt: skip
    right = [f"{n} {unit}", f"{n} {word}", f"{n}\\text{{ {unit}}}", f"${n}\\,\\mathrm{{{unit}}}$"]
    return f"{n} {unit}", right, [f"{n} {other}", f"{n + 3} {unit}", f"{n + 1}"]


WORDS = (
    *("apple", "river", "teacher", "mountain", "bicycle", "window", "garden", "doctor", "planet"),
    *("yellow", "silver", "bridge", "winter", "market", "pencil", "candle", "forest", "island"),
    *("kitchen", "ladder", "magnet", "needle", "orange", "pepper", "rabbit"),
)


def draw_yes_no(r: random.Random) -> Drawn:
    gold, other = r.choice([("Yes", "No"), ("No", "Yes"), ("True", "False")])
    thing = r.choice(WORDS)
    right = [gold, f"{gold}.", f"{gold}, it is.", f"{gold}, the {thing} is there."]
    return gold, right, [other, f"{other}.", f"{other}, the {thing} is not."]


def draw_expression(r: random.Random) -> Drawn:
    a, b, c = r.randint(2, 12), r.randint(1, 15), r.randint(2, 9)
    x = r.choice("xytn")
    return r.choice(
        [
            (f"${a}\\pi$", [f"{a}\u03c0", f"{a} pi", f"$\\pi \\cdot {a}$", f"{a}\\pi"],
             [f"{a + 1}\\pi", f"${a}$", f"{a}\\pi^2"]),
            (f"${a}\\sqrt{{{b + 1}}}$", [f"$\\sqrt{{{a * a * (b + 1)}}}$", f"{a}\u221a{b + 1}"],
             [f"$\\sqrt{{{a * a * (b + 1) + 1}}}$", f"${b + 1}\\sqrt{{{a + 17}}}$"]),
            (f"${a}{x}^2+{b}{x}+{c}$", [f"${c}+{b}{x}+{a}{x}^{{2}}$", f"{a}{x}^2 + {b}{x} + {c}"],
             [f"${a}{x}^2-{b}{x}+{c}$", f"{a + 1}{x}^2+{b}{x}+{c}"]),
            (f"$({x}+{a})({x}-{b})$", [f"${x}^2+{a - b}{x}-{a * b}$".replace("+-", "-"),
                                       f"$({x}-{b})\\left({x}+{a}\\right)$"],
             [f"$({x}-{a})({x}+{b + 1})$", f"${x}^2+{a * b}$"]),
            (f"$\\frac{{{a}{x}}}{{{c}}}$", [f"$\\frac{{{a}}}{{{c}}}{x}$", f"{a}{x}/{c}"],
             [f"$\\frac{{{c + 20}}}{{{a}{x}}}$", f"{a}{x}"]),
            (f"$\\frac{{\\sqrt{{{a}}}}}{{{a}}}$",
             [f"$\\frac{{1}}{{\\sqrt{{{a}}}}}$", f"sqrt({a})/{a}"],
             [f"$\\sqrt{{{a}}}$", f"1/{a}"]),
            (f"$e^{{{a}{x}}}+{c}$",
             [f"${c}+e^{{{a}{x}}}$"], [f"$e^{{{a}{x}}}-{c}$", f"${c}e^{{{a}{x}}}$"]),
            (f"$\\sin({a}{x})$", [f"\\sin {a}{x}", f"sin({a}{x})"], [f"$\\cos({a}{x})$"]),
            (f"$2^{{{x}+{c}}}$", [f"${2**c}\\cdot 2^{x}$"], [f"$2^{{{x}}}+{2**c}$"]),
            (f"$\\frac{{{x}^2-{a * a}}}{{{x}-{a}}}$", [f"${x}+{a}$"], [f"${x}-{a}$"]),
        ]
    )  # fmt: skip


def draw_integral(r: random.Random) -> Drawn:
    """Draw what is left to an algebra system."""
    a, n = r.randint(2, 30), r.randint(4, 12)
    return r.choice(
        [
            (f"$\\int {2 * a}x dx$", [f"${a}x^2$"], [f"${2 * a}x^2$"]),
            (f"${n * (n + 1) // 2}$", [f"$\\sum_{{i=1}}^{{{n}}} i$"],
             [f"$\\sum_{{i=0}}^{{{n + 1}}} i$"]),
        ]
    )  # fmt: skip


def draw_equation(r: random.Random) -> Drawn:
    a, b = r.randint(2, 12), r.randint(1, 15)
    return r.choice(
        [
            (f"$y={a}x+{b}$", [f"y = {a}x + {b}", f"$y={b}+{a}x$", f"${a}x-y+{b}=0$"],
             [f"$y={a}x-{b}$", f"$y={b + 20}x+{a}$"]),
            (f"$x={a}$", [f"{a}", f"x = {a}", f"$x={2 * a}/2$"], [f"$x={a + 1}$", f"x = -{a}"]),
            (f"$x^2+y^2={a * a}$", [f"$y^2+x^2={a}^2$", f"$x^2+y^2-{a * a}=0$"],
             [f"$x^2+y^2={a}$", f"$x^2-y^2={a * a}$"]),
            (f"$x>{a}$", [f"x > {a}", f"${a}<x$"], [f"$x<{a}$", f"$x\\geq {a}$"]),
            (f"$x=\\pm {a}$", [f"x = \u00b1{a}", f"$x=\\pm\\sqrt{{{a * a}}}$"],
             [f"$x=\\pm {a + 1}$"]),
        ]
    )  # fmt: skip


def draw_tuple(r: random.Random) -> Drawn:
    a, b, c = r.randint(-9, 9), r.randint(10, 19), r.randint(2, 9)
    right = [f"({a}, {b})", f"$({a},{b})$", f"$\\left({a}, {b * c}/{c}\\right)$"]
    return f"$({a}, {b})$", right, [f"({b}, {a})", f"({a}, {b + 1})", f"({a}, {b}, {c})"]


def draw_set(r: random.Random) -> Drawn:
    a, b, c = r.sample(range(-20, 60), 3)
    right = [f"$\\{{{c}, {a}, {b}\\}}$", f"{{{a}, {b}, {c}}}"]
    return f"$\\{{{a}, {b}, {c}\\}}$", right, [f"$\\{{{a}, {b}\\}}$", f"{{{a}, {b}, {c + 100}}}"]


def draw_interval(r: random.Random) -> Drawn:
    a, b = r.randint(-20, 0), r.randint(1, 20)
    right = [f"$[{a}, {b})$", f"[{a},{b})", f"$\\left[{a}, {b}\\right)$"]
    return f"$[{a},{b})$", right, [f"$({a},{b})$", f"[{a}, {b + 1})", f"$({a}, {b}]$"]


def draw_list(r: random.Random) -> Drawn:
    a, b, c = r.sample(range(2, 90), 3)
    return f"{a}, {b}, {c}", [f"{a}, {b}, {c}", f"{a},{b},{c}"], [f"{b}, {a}, {c}", f"{a}, {b}"]


def draw_ratio(r: random.Random) -> Drawn:
    a, b = r.sample([2, 3, 4, 5, 7, 9], 2)
    return (
        f"{a}:{b}",
        [f"{a}:{b}", f"{2 * a} : {2 * b}", f"{a} to {b}"],
        [f"{b}:{a}", f"{a}:{b + 11}"],
    )


MONTHS = (
    *("January", "February", "March", "April", "June", "July", "August", "September"),
    *("October", "November", "December"),
)


def draw_date(r: random.Random) -> Drawn:
    month, day, year = r.choice(MONTHS), r.randint(1, 28), r.randint(1900, 2030)
    gold = f"{month} {day}, {year}"
    right = [gold, f"{day} {month} {year}", f"{month[:3]} {day}, {year}"]
    return gold, right, [f"{month} {day}, {year + 1}", f"{month} {day % 28 + 1}, {year}"]


def draw_time(r: random.Random) -> Drawn:
    hour, minute = r.randint(1, 11), r.randint(10, 59)
    right = [f"{hour}:{minute} PM", f"{hour}:{minute} p.m.", f"{hour + 12}:{minute}"]
    return (
        f"{hour}:{minute} PM",
        right,
        [f"{hour}:{minute} AM", f"{hour}:{(minute + 7) % 50 + 10} PM"],
    )


def draw_word(r: random.Random) -> Drawn:
    gold, other = r.sample(WORDS, 2)
    right = [gold, gold.capitalize(), f"the {gold}", f"It is {gold}."]
    return gold, right, [other, f"the {other}", f"It is {other}."]


def draw_sentence(r: random.Random) -> Drawn:
    a, b, c = r.sample(WORDS, 3)
    gold = f"the {a} stands by the {b}"
    return (
        gold,
        [gold, f"The {a} stands by the {b}."],
        [f"the {b} stands by the {a}", f"the {a} and the {c}"],
    )


DRAWN: dict[str, tuple[float, Callable[[random.Random], Drawn]]] = {
    "integer": (16, draw_integer), "decimal": (8, draw_decimal), "fraction": (7, draw_fraction),
    "percent": (4, draw_percent), "money": (4, draw_money), "unit": (7, draw_unit),
    "yes or no": (5, draw_yes_no), "expression": (14, draw_expression),
    "equation": (4, draw_equation), "tuple": (3, draw_tuple), "set": (2, draw_set),
    "interval": (2, draw_interval), "list": (2, draw_list), "ratio": (1, draw_ratio),
    "date": (1, draw_date), "time": (1, draw_time), "word": (3, draw_word),
    "sentence": (2, draw_sentence), "integral": (0.3, draw_integral),
}  # fmt: skip
CHOICE_WEIGHT = 14
WRAPPINGS = (
    (40, "{}"), (20, "The answer is {}."), (15, "\\boxed{{{}}}"), (12, "<answer>{}</answer>"),
    (5, "**{}**"), (5, "Final Answer: {}"), (3, "So it must be this.\n\n{}"),
)  # fmt: skip


def draw_choice(r: random.Random) -> LabeledPair:
    kind = r.choice(["integer", "unit", "word", "expression", "fraction"])
    texts: list[str] = []
    while len(texts) < 4:
        text = DRAWN[kind][1](r)[0]
        texts += [text] if text not in texts else []
    right, wrong = r.sample(range(4), 2)
    is_right = r.random() < 0.5
    picked = right if is_right else wrong
    letter, text = "ABCD"[picked], texts[picked]
    forms = [letter, f"({letter})", f"{letter}.", f"{letter}. {text}", text, f"Option {letter}"]
    return LabeledPair("choice", "ABCD"[right], r.choice(forms), is_right, tuple(texts))


def draw_pair(r: random.Random, kind: str) -> LabeledPair:
    if kind == "choice":
        return draw_choice(r)
    gold, right, wrong = DRAWN[kind][1](r)
    is_right = r.random() < 0.5
    return LabeledPair(kind, gold, r.choice(right if is_right else wrong), is_right)


def draw_pairs(count: int, seed: int = 4) -> Iterator[LabeledPair]:
    """Draw pairs of all types; what stands around the answer varies."""
    r = random.Random(seed)
    kinds = [*DRAWN, "choice"]
    weights = [*(weight for weight, _ in DRAWN.values()), CHOICE_WEIGHT]
    chances, wrappings = zip(*WRAPPINGS, strict=True)
    for kind in r.choices(kinds, weights, k=count):
        pair = draw_pair(r, kind)
        answer = r.choices(wrappings, chances)[0].format(pair.answer)
        yield LabeledPair(kind, pair.gold, answer, pair.is_right, pair.options)
