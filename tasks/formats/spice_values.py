"""Values in SPICE: a number, a scale (`k`, `meg`, `u`) and a unit that is ignored; or `{R}`.

Source: ngspice manual, section 2.1.2 (scale factors). `M` is milli and `F` after a number is femto,
whatever the case; both are asked about where a schematic hardly means them.
"""

import re
from collections.abc import Container, Sequence

from tasks.formats.problems import quote

SCALES = ("meg", "mil", "t", "g", "k", "m", "u", "n", "p", "f", "a", "\u00b5", "\u03bc", "")
UNITS = ("", "ohm", "ohms", "\u03c9", "\u2126", "f", "farad", "farads", "h", "henry", "v", "volt",
         "volts", "a", "amp", "amps", "hz", "s", "sec", "w", "deg", "c", "m")  # fmt: skip
_VALUE = re.compile(
    r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]{1,3})?([^\d\s]*)", re.IGNORECASE
)
_SUFFIXES = frozenset(scale + unit for scale in SCALES for unit in UNITS)
_RESISTANCE = frozenset(["mohm", "mohms", "mω", "mΩ"])


def is_expression(token: str) -> bool:
    """Say whether a token is an expression or a symbol in braces or quotes, such as {R}."""
    return len(token) > 2 and token[0] + token[-1] in ("{}", "''", '""')


def is_value(token: str) -> bool:
    """Say whether a token is a number with its scale, or an expression."""
    return find_value_problem(token) is None


def find_value_problem(token: str, letter: str = "") -> str | None:
    """Return what is wrong with a value of an element that begins with `letter`, or None."""
    if is_expression(token):
        return None
    found = _VALUE.fullmatch(token)
    if not found:
        return (
            f"{quote(token)} is no value; write a number such as 4.7k, "
            "or a symbol in braces such as {R}."
        )
    suffix = found.group(1).lower()
    if suffix not in _SUFFIXES:
        return f"{quote(suffix)} in {quote(token)} is no scale; use t, g, meg, k, m, u, n, p or f."
    if letter == "r" and (suffix in _RESISTANCE or (suffix == "m" and "M" in token)):
        return f"M in {quote(token)} means milli in SPICE; write meg for a million."
    if letter == "c" and suffix == "f":
        return f"F in {quote(token)} means femto in SPICE; write the number without it."
    return None


def find_rest_problem(
    name: str, value: str, rest: Sequence[str], models: Container[str]
) -> str | None:
    """Return what is wrong with what follows the value of an element, or None.

    Known models and parameters such as `IC=0` or `tc=0.001,0` may follow.
    """
    at = 0
    while at < len(rest):
        if rest[at + 1 : at + 2] == ["="]:
            if at + 2 >= len(rest):
                return f"{quote(rest[at] + '=')} in {quote(name)} needs a value."
            at += 3
            while rest[at : at + 1] == [","] and at + 1 < len(rest):
                at += 2
        elif rest[at].lower() in models:
            at += 1
        else:
            return _explain_rest(name, value, rest[at])
    return None


def _explain_rest(name: str, value: str, token: str) -> str:
    if token == ",":
        return f"Write a decimal point, no comma, in {quote(name)}."
    if is_value(value + token) and not is_value(token):
        return f"Write {value + token} without a space in {quote(name)}."
    return (
        f"{quote(token)} follows the value {quote(value)} of {quote(name)}; write one value, "
        "such as 10k, and what else there is as name=value."
    )
