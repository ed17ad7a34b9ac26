"""A cursor over the tokens of an expression, and how its numbers are read.

What every rule of the grammar shares: the next token, the notes on what the text leaves open, and
the bound on nesting.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from tasks.answers.math_tokens import FUNCTIONS, Token, Unreadable
from tasks.answers.math_tree import Node, Number, invert, multiply

MAX_DEPTH = 20
MAX_DIGITS = 40

Reading = frozenset[str]
"""Choices taken in their second sense: `slash` (1/2x is 1/(2x)), `log` (natural), `minus` (the
lower signs of all plus-minus), `degree` (the sign carries no value)."""

END = Token("end", "")


@dataclass(slots=True)
class Parsed:
    """An expression as a tree, and what its text was like."""

    node: Node
    ambiguous: set[str] = field(default_factory=set[str])
    """The choices of a `Reading` that its text leaves open."""
    has_point: bool = False
    """A number is written with a decimal point."""
    symbols: set[str] = field(default_factory=set[str])
    """Symbols and names, without the constants."""


class Reader(ABC):
    """A reader of tokens, with what numbers and the arguments of commands need."""

    def __init__(self, tokens: list[Token], reading: Reading) -> None:
        self._tokens = [*tokens, END]
        self._place = 0
        self._reading = reading
        self._depth = 0
        self._num_bars = 0
        self.notes = Parsed(node=Number(0))
        self.token = self._tokens[0]

    @abstractmethod
    def read_sum(self) -> Node:
        """Read a whole expression, up to what cannot belong to it."""

    @abstractmethod
    def read_atom(self) -> Node:
        """Read the shortest expression: a number, a name, a bracket, a call."""

    def advance(self) -> Token:
        """Take the next token."""
        token = self.token
        if token is END:
            raise Unreadable("the expression breaks off")
        self._place += 1
        self.token = self._tokens[self._place]
        return token

    def accept(self, sign: str) -> bool:
        """Take a sign, if it is next."""
        if self.token == ("sign", sign):
            self.advance()
            return True
        return False

    def expect(self, sign: str) -> None:
        """Take a sign that must be next."""
        if not self.accept(sign):
            raise Unreadable(f"expected {sign!r}, got {self.token.text!r}")

    def choose(self, choice: str) -> bool:
        """Note a choice that the text leaves open; tell how this reading takes it."""
        self.notes.ambiguous.add(choice)
        return choice in self._reading

    def nest(self, read: Callable[[], Node]) -> Node:
        """Read one level deeper."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Unreadable(f"nested deeper than {MAX_DEPTH}")
        node = read()
        self._depth -= 1
        return node

    def read_argument(self) -> Node:
        r"""Read the argument of a LaTeX command: a group, or one digit or letter (`\frac12`)."""
        if self.accept("{"):
            inner = self.read_sum()
            self.expect("}")
            return inner
        kind, text = self.token
        if kind == "number" and text.isdigit() and len(text) <= 2:
            self.advance()
            if len(text) == 2:
                self._place -= 1
                self._tokens[self._place] = self.token = Token("number", text[1])
            return Number(int(text[0]))
        if kind in ("symbol", "word") and text not in FUNCTIONS | {"sqrt", "frac", "binom"}:
            return self.read_atom()
        raise Unreadable("an argument is missing")

    def read_number(self, text: str) -> Node:
        """Read a number whose first token is taken: decimal, repeating, mixed."""
        whole, point, decimals = text.partition(".")
        if point and self.token in (("sign", "overline"), ("sign", "bar")):
            return self._read_repeating(whole, decimals)
        number = self._make_number(text)
        return number if decimals else self._read_mixed(number)

    def read_plain_number(self) -> Node:
        """Read a number of one token."""
        return self._make_number(self.advance().text)

    def _make_number(self, text: str) -> Number:
        whole, _, decimals = text.partition(".")
        if len(text) > MAX_DIGITS:
            raise Unreadable("the number is too long")
        self.notes.has_point |= bool(decimals.strip("0"))
        value = int(whole + decimals)
        return Number(Fraction(value, 10 ** len(decimals)) if decimals else value)

    def _read_repeating(self, whole: str, decimals: str) -> Node:
        r"""Read `0.1\overline{6}`."""
        self.advance()
        is_braced = self.accept("{")
        kind, period = self.advance()
        if kind != "number" or not period.isdigit() or len(period) > MAX_DIGITS:
            raise Unreadable("no digits repeat")
        if is_braced:
            self.expect("}")
        first = Fraction(int(whole + decimals or 0), 10 ** len(decimals))
        repeated = Fraction(int(period), (10 ** len(period) - 1) * 10 ** len(decimals))
        return Number(first + repeated)

    def _read_mixed(self, whole: Number) -> Node:
        r"""Read what may be a mixed number: `2 1/2`, `2\frac{1}{2}`."""
        if self.token.kind == "number":
            over = self.advance().text
            self.expect("/")
            kind, under = self.advance()
            if kind != "number" or not (over.isdigit() and under.isdigit()):
                raise Unreadable("two numbers stand side by side")
            return _mix(whole, Fraction(int(over), int(under) or 1))
        if self.token != ("word", "frac"):
            return whole
        self.advance()
        over, under = self.read_argument(), self.read_argument()
        if isinstance(over, Number) and isinstance(under, Number) and under.value != 0:
            return _mix(whole, Fraction(over.value) / under.value)
        if self.token == ("sign", "^"):
            raise Unreadable("how far the power reaches is not clear")
        return multiply([whole, over, invert(under)])


def _mix(whole: Number, part: Fraction) -> Node:
    if not 0 < part < 1:
        raise Unreadable("two numbers stand side by side")
    return Number(whole.value + part)
