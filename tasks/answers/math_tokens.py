r"""Split LaTeX or plain mathematics into tokens.

Text comes in; (kind, text) pairs go out, in one pass of one pattern. Commands and known words are
one kind, so that `\sin x`, `sin x` and `sinx` are read alike. Anything that is no mathematics, as
a word, a unit or a command unknown here, raises `Unreadable`.
"""

import re
from typing import NamedTuple

from tasks.answers.units import find_unit

MAX_TOKENS = 160


class Unreadable(ValueError):
    """The text is no expression that this parser reads for certain."""


class Token(NamedTuple):
    """A piece of an expression."""

    kind: str
    """`number`, `symbol`, `name` (of a segment or figure), `word` (known) or `sign`."""
    text: str


FUNCTIONS = frozenset(
    {
        *("sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan"),
        *("sinh", "cosh", "tanh", "ln", "log", "lg", "exp", "abs"),
    }
)
_GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
    *("lambda", "mu", "nu", "xi", "omicron", "pi", "rho", "sigma", "sigma", "tau", "upsilon"),
    *("phi", "chi", "psi", "omega"),
)
_GREEK_LETTERS = {chr(0x3B1 + place): name for place, name in enumerate(_GREEK)}
_CAPITAL_GREEK = frozenset(
    {"Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega"}
)
_VARIANTS = {
    "varepsilon": "epsilon", "vartheta": "theta", "varphi": "phi", "varrho": "rho",
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "infty": "infinity", "inf": "infinity",
    "∞": "infinity", "ell": "l", "dfrac": "frac", "tfrac": "frac", "cfrac": "frac",
}  # fmt: skip
SYMBOL_WORDS = frozenset(_GREEK) - {"pi"} | _CAPITAL_GREEK | {"l"}
_WORDS = FUNCTIONS | SYMBOL_WORDS | {"pi", "sqrt", "infinity", "frac", "binom"}
_SIGN_COMMANDS = {
    "times": "*", "cdot": "*", "ast": "*", "div": "/", "pm": "±", "mp": "∓", "circ": "°",
    "degree": "°", "degrees": "°", "vert": "|", "lvert": "|", "rvert": "|", "mid": "|", "%": "%",
    "overline": "overline", "bar": "bar", "angle": "∠", "triangle": "△",
}  # fmt: skip
_SKIPPED = frozenset(
    {
        *("left", "right", "big", "Big", "bigl", "bigr", "Bigl", "Bigr", "displaystyle"),
        *("textstyle", "quad", "qquad", "limits", "space", ",", ";", ":", "!", ">", " "),
    }
)

_TOKEN = re.compile(
    r"(?P<blank>[\s~$]+)"
    r"|(?P<number>(?:[0-9]{1,3}(?:(?:,|\{,\}|\\,)[0-9]{3})+(?![0-9])|[0-9]+)"
    r"(?:\.[0-9]*)?|\.[0-9]+)"
    r"|\\(?P<command>[A-Za-z]+|[%,;:!> ])"
    r"|(?P<known>arcsin|arccos|arctan|asin|acos|atan|sinh|cosh|tanh|sin|cos|tan|cot|sec|csc|ln|log"
    r"|exp|abs|sqrt|pi(?![a-z]{2})|∞)"
    r"|(?P<letters>[a-z](?=pi(?![a-z]))|[^\W\d_]+)"
    r"|(?P<sign>\*\*|[-+*/^_!()\[\]{}|'%°√±∓∠△])"
)
_TEXT_COMMAND = re.compile(
    r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathit|mathsf|boldsymbol|operatorname|mbox)"
    r" ?\{([^{}]*)\}"
)
_DEGREE = re.compile(r"\^ ?\{? ?(?:\\circ|°)(?![A-Za-z]) ?\}?")
_SCIENTIFIC = re.compile(r"[0-9.]e[-+]?[0-9]", re.IGNORECASE)
_PRODUCT = re.compile(
    r"[b-df-hj-np-tv-z]{2,4}|a[b-dkmnxyz]{1,2}|[a-df-hj-np-tv-z]{0,2}[ei]|[ei][a-df-hj-np-tv-z]"
    r"|(?![a-z]+$)[A-Za-z][A-Zb-df-hj-np-tv-z]{1,2}"
)
"""Runs of letters that are products (`xy`, `abc`, `xe`, `nRT`); those with vowels may be words."""
_SHORT_WORDS = frozenset(
    {"as", "at", "an", "am", "and", "any", "by", "my", "cm", "mm", "km", "kg", "ft", "mg", "ml"}
)


def split_tokens(text: str) -> list[Token]:
    """Split a text into tokens.

    Raises:
        Unreadable: It holds something else than mathematics, or too much of it.
    """
    if _SCIENTIFIC.search(text):
        raise Unreadable("2e3 may be a product or a power of ten")
    if "\\" in text:
        text = _DEGREE.sub("°", _TEXT_COMMAND.sub(r" \1 ", text))
    tokens: list[Token] = []
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None or len(tokens) > MAX_TOKENS:
            raise Unreadable(f"no mathematics at {text[place : place + 20]!r}")
        place = found.end()
        _append_token(tokens, found)
    return tokens


def _append_token(tokens: list[Token], found: re.Match[str]) -> None:
    kind, text = found.lastgroup, found[found.lastgroup or 0]
    if kind == "number":
        tokens.append(Token("number", re.sub(r"[^0-9.]", "", text)))
    elif kind == "sign":
        tokens.append(Token("sign", "^" if text == "**" else text))
    elif kind == "letters":
        before = found.string[max(found.start() - 1, 0)]
        _append_letters(tokens, text, is_coefficient=before.isdigit())
    elif kind == "known":
        tokens.append(Token("word", _VARIANTS.get(text, text)))
    elif kind == "command" and text not in _SKIPPED:
        _append_command(tokens, text)


def _append_command(tokens: list[Token], name: str) -> None:
    name = _VARIANTS.get(name, name)
    if name in _SIGN_COMMANDS:
        tokens.append(Token("sign", _SIGN_COMMANDS[name]))
    elif name in _WORDS:
        tokens.append(Token("word", name))
    else:
        raise Unreadable(f"command {name!r} is not known here")


def is_product(letters: str) -> bool:
    """Tell a product of symbols (`xy`, `abc`) from a word."""
    return _PRODUCT.fullmatch(letters) is not None


def _append_letters(tokens: list[Token], text: str, *, is_coefficient: bool) -> None:
    """Append a run of letters: a symbol, the name of a segment, or a product of symbols.

    After a coefficient any short run is a product: `3bae`.
    """
    word = _GREEK_LETTERS.get(text) or _VARIANTS.get(text, text)
    if len(text) == 1 and word == text:
        tokens.append(Token("symbol", text))
    elif word in ("degrees", "degree"):
        tokens.append(Token("sign", "°"))
    elif word in _WORDS:
        tokens.append(Token("word", word))
    elif find_unit(text) is not None or text in _SHORT_WORDS:
        raise Unreadable(f"{text!r} is a unit or a word")
    elif text.isupper() and len(text) <= 4:
        tokens.append(Token("name", text))
    elif is_product(text) or (is_coefficient and text.islower() and len(text) <= 3):
        tokens.extend(Token("symbol", letter) for letter in text)
    else:
        raise Unreadable(f"{text!r} is a word")
