r"""Parse LaTeX or plain mathematics into a tree.

Text and a reading come in; a tree goes out with what was ambiguous in the text. Where people
differ, a reading settles it: the caller tries all of them. Nesting is bounded, time is linear.

Choices: `AB` is one name, a segment whose ends come in any order; `ab` is a product; a number by a
plain fraction (`2\frac{1}{2}`) is a mixed number; `x^{1/3}` of a negative number is its real root.
"""

from fractions import Fraction

from tasks.answers.math_reader import END, Parsed, Reader, Reading
from tasks.answers.math_tokens import FUNCTIONS, SYMBOL_WORDS, Unreadable, split_tokens
from tasks.answers.math_tree import (
    Call,
    Node,
    Number,
    Power,
    Symbol,
    add,
    invert,
    multiply,
    negate,
    raise_to,
)

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_ATOM_SIGNS = frozenset("([{√∠△")
_INVERSES = {"sin": "arcsin", "cos": "arccos", "tan": "arctan"}
_DEGREE = multiply([Symbol("pi"), Number(Fraction(1, 180))])


def parse_expression(text: str, reading: Reading = frozenset()) -> Parsed:
    """Parse one expression.

    Raises:
        Unreadable: It is no expression that can be read for certain.
    """
    parser = _Parser(split_tokens(text), reading)
    node = parser.read_sum()
    if parser.token is not END:
        raise Unreadable(f"{parser.token.text!r} has no place")
    parsed = parser.notes
    parsed.node = node
    return parsed


class _Parser(Reader):
    """A reader of tokens by recursive descent, one method a rule of the grammar."""

    def read_sum(self) -> Node:
        """Read terms between `+`, `-` and plus-minus."""
        terms = [self._read_signed_term()]
        while self.token.kind == "sign" and self.token.text in "+-±∓":
            terms.append(self._read_signed_term())
        return add(terms)

    def _read_signed_term(self) -> Node:
        is_negative = self._read_signs()
        term = self._read_product()
        return negate(term) if is_negative else term

    def _read_signs(self) -> bool:
        is_negative = False
        for _ in range(3):
            if self.token.kind != "sign" or self.token.text not in "+-±∓":
                break
            sign = self.advance().text
            if sign in "±∓":
                is_negative ^= self.choose("minus") is (sign == "±")
            else:
                is_negative ^= sign == "-"
        return is_negative

    def _read_product(self) -> Node:
        factors = [self._read_power()]
        while True:
            if self.accept("*"):
                factors.append(self._read_signed_power())
            elif self.accept("/"):
                factors.append(invert(self._read_divisor()))
            elif self._starts_atom():
                if self.token.kind == "number":
                    raise Unreadable("a number follows without a sign")
                factors.append(self._read_power())
            else:
                return multiply(factors)

    def _read_signed_power(self) -> Node:
        is_negative = self._read_signs()
        power = self._read_power()
        return negate(power) if is_negative else power

    def _read_divisor(self) -> Node:
        """Read what a slash divides by: in `1/2x` that is 2, or 2x."""
        if self.token.kind == "number" and self._tokens[self._place + 1] == ("word", "frac"):
            raise Unreadable("how far the slash reaches is not clear")
        divisor = self._read_signed_power()
        if not self._starts_atom() or not self.choose("slash"):
            return divisor
        factors = [divisor]
        while self._starts_atom() and self.token.kind != "number":
            factors.append(self._read_power())
        return multiply(factors)

    def _starts_atom(self) -> bool:
        kind, text = self.token
        if kind == "sign":
            return text in _ATOM_SIGNS or (text == "|" and self._num_bars == 0)
        return kind != "end"

    def _read_power(self) -> Node:
        base = self._read_postfix(self.read_atom())
        if not self.accept("^"):
            return base
        is_bare = self.token.kind == "number"
        exponent = self._read_exponent()
        if is_bare and base == Symbol("e") and self.token.kind == "symbol":
            raise Unreadable("e^2x may be e^2 times x or e^(2x)")
        return self._read_postfix(raise_to(base, exponent))

    def _read_exponent(self) -> Node:
        """Read an exponent; a number in it is never mixed: `x^2 1/2` is no `x^{5/2}`."""
        is_negative = self._read_signs()
        if self.token.kind == "number":
            node = self.nest(self._read_plain_power)
        else:
            node = self._read_power()
        return negate(node) if is_negative else node

    def _read_plain_power(self) -> Node:
        base = self.read_plain_number()
        return raise_to(base, self._read_exponent()) if self.accept("^") else base

    def _read_postfix(self, node: Node) -> Node:
        while self.token.kind == "sign" and self.token.text in "!°%":
            sign = self.advance().text
            if sign == "!":
                node = Call("factorial", node)
            elif sign == "%":
                node = multiply([node, Number(Fraction(1, 100))])
            elif not self.choose("degree"):
                node = multiply([node, _DEGREE])
        return node

    def read_atom(self) -> Node:
        """Read the shortest expression."""
        return self.nest(self._read_any_atom)

    def _read_any_atom(self) -> Node:
        kind, text = self.advance()
        match kind:
            case "number":
                return self.read_number(text)
            case "symbol":
                return self._read_symbol(text)
            case "name":
                return self._read_name("", text)
            case "word":
                return self._read_word(text)
            case _:
                return self._read_bracketed(text)

    def _read_bracketed(self, sign: str) -> Node:
        if sign in _CLOSING:
            bars, self._num_bars = self._num_bars, 0
            inner = self.read_sum()
            self._num_bars = bars
            self.expect(_CLOSING[sign])
            return inner
        if sign == "|" and self._num_bars == 0:
            self._num_bars = 1
            inner = self.read_sum()
            self._num_bars = 0
            self.expect("|")
            return Call("abs", inner)
        if sign == "√":
            return raise_to(self.read_atom(), Number(Fraction(1, 2)))
        if sign == "overline":
            return self.read_atom()
        if sign in "∠△" and self.token.kind in ("name", "symbol"):
            return self._read_name(sign, self.advance().text)
        raise Unreadable(f"{sign!r} begins nothing")

    def _read_symbol(self, name: str) -> Node:
        if self.accept("_"):
            name = f"{name}_{self._read_subscript()}"
        while self.accept("'"):
            name += "'"
        if name not in ("e", "i"):
            self.notes.symbols.add(name)
        return Symbol(name)

    def _read_subscript(self) -> str:
        if not self.accept("{"):
            return self.advance().text
        parts: list[str] = []
        while not self.accept("}"):
            parts.append(self.advance().text)
        return "".join(parts)

    def _read_name(self, mark: str, name: str) -> Node:
        """Name a segment, angle or figure by its ends, whichever comes first."""
        name = min(name, name[::-1])
        if self.accept("_"):
            name = f"{name}_{self._read_subscript()}"
        self.notes.symbols.add(mark + name)
        return Symbol(mark + name)

    def _read_word(self, word: str) -> Node:
        if word in FUNCTIONS:
            return self._read_call(word)
        if word == "sqrt":
            return self._read_root()
        if word == "frac":
            over = self.read_argument()
            return multiply([over, invert(self.read_argument())])
        if word == "binom":
            return _choose_from(self.read_argument(), self.read_argument())
        if word in SYMBOL_WORDS:
            return self._read_symbol(word)
        return Symbol(word)

    def _read_root(self) -> Node:
        index: Node = Number(2)
        if self.accept("["):
            index = self.read_sum()
            self.expect("]")
        if self.token.kind == "number" and len(self.token.text) > 1 and index != Number(2):
            raise Unreadable("how far the root reaches is not clear")
        return raise_to(self.read_atom(), invert(index))

    def _read_call(self, name: str) -> Node:
        base = self._read_base(name)
        power = self._read_function_power()
        if power == Number(-1) and name in _INVERSES:
            name, power = _INVERSES[name], None
        argument = self._read_call_argument()
        if name in ("log", "ln", "lg"):
            node = _take_logarithm(argument, base)
        else:
            node = Power(Symbol("e"), argument) if name == "exp" else Call(name, argument)
        return node if power is None else raise_to(node, power)

    def _read_base(self, name: str) -> Node | None:
        """Read the base of a logarithm; None is the natural one."""
        if name == "log" and self.accept("_"):
            return self._read_exponent()
        if name == "lg" or (name == "log" and not self.choose("log")):
            return Number(10)
        return None

    def _read_function_power(self) -> Node | None:
        r"""Read the 2 of `\sin^2 x`."""
        if not self.accept("^"):
            return None
        if self.token.kind not in ("number", "sign"):
            raise Unreadable("a function has a power that is no number")
        return self._read_exponent()

    def _read_call_argument(self) -> Node:
        """Read a bracketed argument, or the product that follows up to a sign or a function."""
        if self.token.kind == "sign" and self.token.text in "([{|":
            return self.read_atom()
        factors = [self._read_signed_power()]
        while self._starts_atom() and self.token.text not in FUNCTIONS:
            if self.token.kind in ("sign", "number"):
                raise Unreadable("how far the function reaches is not clear")
            factors.append(self._read_power())
        if self.token.text == "/" and not self._divides_by_function():
            raise Unreadable("how far the function reaches is not clear")
        return multiply(factors)

    def _divides_by_function(self) -> bool:
        r"""Tell `\sin x/\cos x`, a quotient of two values, from `\sin x/2`."""
        after = self._tokens[self._place + 1]
        return after.kind == "word" and after.text in FUNCTIONS


def _take_logarithm(argument: Node, base: Node | None) -> Node:
    natural = Call("ln", argument)
    return natural if base is None else multiply([natural, invert(Call("ln", base))])


def _choose_from(total: Node, chosen: Node) -> Node:
    left = Call("factorial", add([total, negate(chosen)]))
    return multiply([Call("factorial", total), invert(Call("factorial", chosen)), invert(left)])
