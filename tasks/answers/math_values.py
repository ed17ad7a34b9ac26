"""Values of a tree at fixed points, by which two expressions are told equal or different.

Two kinds of points. Modulo a prime, with a residue for every symbol (pi and e are symbols, i is a
root of -1): exact, so that rational expressions are equal or different without doubt (Schwartz,
1980; Zippel, 1979: by chance once in 2^60 / degree). In floating point, for roots and functions:
each value carries a bound of its error, and what is neither clear nor equal stays open.
"""

import cmath
import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from hashlib import blake2b

from tasks.answers.math_tree import Call, Node, Number, Power, Product, Sum, Symbol, to_whole

PRIME = 2**61 - 31
"""Prime, and 1 modulo 4, so that -1 has a square root."""
_UNIT = next(
    unit
    for base in range(2, 100)
    if (unit := pow(base, (PRIME - 1) // 4, PRIME)) ** 2 % PRIME == PRIME - 1
)
MAX_EXPONENT = 10**15
MAX_FACTORIAL = 20
_EPSILON = 2.0**-52
_CLEAR = 1e-6
"""Relative difference that is no noise."""

Value = float | complex
Bounded = tuple[Value, float]
"""A value and a bound of its error."""


class Undefined(ArithmeticError):
    """The expression has no value at a point, or none that can be trusted."""


def find_residue(node: Node, point: int) -> int:
    """Compute a rational expression modulo the prime at a point.

    Raises:
        Undefined: It is not rational, or divides by zero.
    """
    match node:
        case Number(value):
            if isinstance(value, int):
                return value % PRIME
            return value.numerator * _invert(value.denominator) % PRIME
        case Symbol(name):
            return _UNIT if name == "i" else _draw_residue(name, point)
        case Sum(terms):
            return sum([find_residue(term, point) for term in terms]) % PRIME
        case Product(factors):
            product = 1
            for factor in factors:
                product = product * find_residue(factor, point) % PRIME
            return product
        case Power(base, Number(value)):
            power = to_whole(value)
            if power is None or abs(power) > MAX_EXPONENT:
                raise Undefined("no whole power")
            residue = find_residue(base, point)
            return pow(residue if power >= 0 else _invert(residue), abs(power), PRIME)
        case _:
            raise Undefined("not rational")


def _invert(residue: int) -> int:
    if residue % PRIME == 0:
        raise Undefined("division by zero")
    return pow(residue, -1, PRIME)


@lru_cache(maxsize=4096)
def _draw_residue(name: str, point: int) -> int:
    digest = blake2b(name.encode("utf-8", "replace"), digest_size=16, salt=bytes([point]))
    return int.from_bytes(digest.digest(), "big") % PRIME


def find_value(node: Node, point: int) -> Bounded:
    """Compute in floating point; symbols are positive at even points, negative at point 1.

    Raises:
        Undefined: It has no value there, or none within the range and precision of floats.
    """
    try:
        value, error = _compute(node, point)
    except (OverflowError, ValueError, ZeroDivisionError) as reason:
        raise Undefined(str(reason)) from reason
    if not (cmath.isfinite(value) and math.isfinite(error)):
        raise Undefined("out of range")
    return value, error


def compare_values(left: Bounded, right: Bounded) -> bool | None:
    """Tell whether two values are equal; None where the difference may be noise."""
    noise, size = 4 * (left[1] + right[1]), max(abs(left[0]), abs(right[0]))
    difference = abs(left[0] - right[0])
    if difference <= noise and noise <= 1e-9 * size:
        return True
    return False if difference > max(_CLEAR * size, 100 * noise) else None


def _compute(node: Node, point: int) -> Bounded:
    match node:
        case Number(value):
            number = float(value)
            return number, abs(number) * _EPSILON
        case Symbol(name):
            return _draw_value(name, point)
        case Sum(terms):
            return _sum_up([_compute(term, point) for term in terms])
        case Product(factors):
            return _multiply([_compute(factor, point) for factor in factors])
        case Power(base, exponent):
            return _raise(_compute(base, point), exponent, point)
        case Call(name, argument):
            return _call(name, _compute(argument, point))


@lru_cache(maxsize=4096)
def _draw_value(name: str, point: int) -> Bounded:
    constant = _CONSTANTS.get(name)
    if constant is None:
        value = 0.5 + 2.0 * (_draw_residue(name, point) / PRIME)
        if point == 1 or (point % 2 and _draw_residue(name, point) % 2):
            value = -value
        return value, abs(value) * _EPSILON
    return constant, abs(constant) * _EPSILON


def _sum_up(terms: list[Bounded]) -> Bounded:
    value = sum(value for value, _ in terms)
    error = sum(error for _, error in terms) + _EPSILON * max(abs(value) for value, _ in terms)
    if any(value != 0 and abs(value) < 1000 * error for value, _ in terms):
        raise Undefined("a term is lost among the others")
    return value, error


def _multiply(factors: list[Bounded]) -> Bounded:
    product, error = factors[0]
    for value, next_error in factors[1:]:
        error = abs(product) * next_error + abs(value) * error
        product *= value
        error += abs(product) * _EPSILON
    return product, error


def _raise(base: Bounded, exponent: Node, point: int) -> Bounded:
    value, error = base
    power, power_error = _compute(exponent, point)
    if abs(value) <= 100 * error:
        raise Undefined("a power of what may be zero")
    raised = _find_power(value, power, exponent)
    relative = error / abs(value) * abs(power) + power_error * abs(cmath.log(value)) + _EPSILON
    return raised, abs(raised) * relative


def _find_power(value: Value, power: Value, exponent: Node) -> Value:
    """Raise; an odd root of a negative number is real."""
    if isinstance(value, complex) or isinstance(power, complex) or value > 0:
        return value**power
    if not isinstance(exponent, Number):
        raise Undefined("a negative base")
    rational = Fraction(exponent.value)
    if rational.denominator % 2 == 0:
        raise Undefined("an even root of a negative number")
    size = abs(value) ** power
    return -size if rational.numerator % 2 else size


def _call(name: str, argument: Bounded) -> Bounded:
    value, error = argument
    if name == "factorial":
        return _find_factorial(value), 0.0
    if name == "abs":
        return abs(value), error
    if isinstance(value, complex):
        raise Undefined("a function of a complex number")
    result = _FUNCTIONS[name](value)
    # The slope is taken from the next values on both sides of a step far above the error.
    step = max(abs(value), 1.0) * 1e-7
    slope = abs(_FUNCTIONS[name](value + step) - _FUNCTIONS[name](value - step)) / step
    if slope > 1e6:
        raise Undefined("too steep")
    return result, error * (slope + 1) + _EPSILON * (abs(result) + 1)


def _find_factorial(value: Value) -> float:
    if isinstance(value, complex) or value not in range(MAX_FACTORIAL + 1):
        raise Undefined("a factorial of no small whole number")
    return float(math.factorial(int(value)))


_CONSTANTS: dict[str, Value] = {"pi": math.pi, "e": math.e, "i": 1j, "infinity": math.inf}
_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "cot": lambda x: 1 / math.tan(x),
    "sec": lambda x: 1 / math.cos(x),
    "csc": lambda x: 1 / math.sin(x),
    "arcsin": math.asin,
    "arccos": math.acos,
    "arctan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "ln": math.log,
}
