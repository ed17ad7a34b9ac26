"""Expressions as trees: what the parser builds and the values are computed from.

Sums and products are flat, so that a tree is no deeper than the brackets of its text. Constants
are folded as the tree grows, exactly, and only while they stay small.
"""

from dataclasses import dataclass
from fractions import Fraction

MAX_BITS = 2_000
"""Of a folded constant; larger powers stay powers."""

Rational = int | Fraction


@dataclass(frozen=True, slots=True)
class Number:
    """A rational constant."""

    value: Rational


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name without a value, or one of the constants `pi`, `e`, `i` and `infinity`."""

    name: str


@dataclass(frozen=True, slots=True)
class Sum:
    """Two terms or more."""

    terms: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Product:
    """Two factors or more."""

    factors: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Power:
    """A power; a quotient holds one with exponent -1, a root one with a fraction."""

    base: "Node"
    exponent: "Node"


@dataclass(frozen=True, slots=True)
class Call:
    """A function of one argument."""

    name: str
    argument: "Node"


Node = Number | Symbol | Sum | Product | Power | Call

MINUS_ONE = Number(-1)


def add(terms: list[Node]) -> Node:
    """Sum up; a sum of constants is a constant."""
    if len(terms) == 1:
        return terms[0]
    numbers = [term.value for term in terms if isinstance(term, Number)]
    if len(numbers) < len(terms):
        return Sum(tuple(terms))
    return Number(sum(numbers))


def multiply(factors: list[Node]) -> Node:
    """Multiply; a small product of constants is a constant."""
    if len(factors) == 1:
        return factors[0]
    numbers = [factor.value for factor in factors if isinstance(factor, Number)]
    if len(numbers) < len(factors) or sum(map(_count_bits, numbers)) > MAX_BITS:
        return Product(tuple(factors))
    result: Rational = 1
    for number in numbers:
        result *= number
    return Number(result)


def raise_to(base: Node, exponent: Node) -> Node:
    """Raise to a power; a small whole power or a whole root of a constant is a constant."""
    if not isinstance(base, Number) or not isinstance(exponent, Number):
        return Power(base, exponent)
    root = _find_root(base.value, exponent.value.denominator)
    power = exponent.value.numerator
    if root is None or (root == 0 and power <= 0) or abs(power) * _count_bits(root) > MAX_BITS:
        return Power(base, exponent)
    return Number(Fraction(root) ** power if power < 0 else root**power)


def _find_root(value: Rational, degree: int) -> Rational | None:
    """Find the exact root of a constant; None where it has none that is small and rational."""
    if degree == 1:
        return value
    if value < 0 or degree > 10 or _count_bits(value) > 100:
        return None
    over, under = (round(part ** (1 / degree)) for part in value.as_integer_ratio())
    if (over**degree, under**degree) != value.as_integer_ratio():
        return None
    return over if under == 1 else Fraction(over, under)


def negate(node: Node) -> Node:
    """Change the sign."""
    return multiply([MINUS_ONE, node])


def invert(node: Node) -> Node:
    """Take one divided by it."""
    return raise_to(node, MINUS_ONE)


def to_whole(value: Rational) -> int | None:
    """Give a whole number as an int, None for any other."""
    if isinstance(value, int):
        return value
    return value.numerator if value.denominator == 1 else None


def find_degree(node: Node) -> int | None:
    """Bound the degree of a polynomial in its symbols; None where the tree is no polynomial."""
    match node:
        case Number():
            return 0
        case Symbol():
            return 1
        case Sum(terms):
            degrees = [find_degree(term) for term in terms]
            known = [degree for degree in degrees if degree is not None]
            return max(known) if len(known) == len(degrees) else None
        case Product(factors):
            degrees = [find_degree(factor) for factor in factors]
            known = [degree for degree in degrees if degree is not None]
            return sum(known) if len(known) == len(degrees) else None
        case Power(base, Number(value)):
            degree, power = find_degree(base), to_whole(value)
            if degree is None or power is None or (power < 0 and degree > 0):
                return None
            return degree * power
        case _:
            return None


def _count_bits(value: Rational) -> int:
    if isinstance(value, int):
        return value.bit_length()
    return value.numerator.bit_length() + value.denominator.bit_length()
