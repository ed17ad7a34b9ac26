"""Values in geometry: `5`, `2x+3`, `3*sqrt(2)`, `90 deg`, `12.5 cm`, `5/2`, `(3,-2)`, `AB`.

Numbers, unknowns of one letter (with a digit if need be), Greek letters by name or as themselves,
segments and angles by their points, + - * / ^, brackets, sqrt, sin, cos, tan; a unit or the degree
sign at the end. Two parts side by side are multiplied, as in 2x. `?` is a value that is asked for.
"""

import re

from tasks.formats.problems import quote

MAX_BRACKETS = 20
UNITS = ("mm", "cm", "dm", "m", "km", "in", "inches", "ft", "feet", "yd", "yards", "mi", "miles",
         "deg", "degrees", "rad", "units", "unit")  # fmt: skip
FUNCTIONS = ("sqrt", "sin", "cos", "tan")
GREEK = ("alpha", "beta", "gamma", "delta", "epsilon", "theta", "phi", "lambda", "mu", "omega",
         "pi")  # fmt: skip
_UNIT = re.compile(
    rf"\s*(?:{'|'.join(sorted(UNITS, key=len, reverse=True))})(?:\^[23]|[\u00b2\u00b3])?\s*$"
)
_TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
    rf"|(?P<function>{'|'.join(FUNCTIONS)}|\u221a)"
    rf"|(?P<name>(?:{'|'.join(GREEK)})(?![a-z])|[\u03b1-\u03c9]|[A-Z][A-Z0-9']{{0,7}}|[a-z][0-9]?)"
    r"|(?P<degree>[\u00b0\u2032\u2033%])"
    r"|(?P<operator>[-+*/^\u00b7\u00d7\u00f7\u2212])"
    r"|(?P<open>\()|(?P<close>\)))"
)
_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)")
_WORD = re.compile(r"[A-Z]?([a-z]{3,})(\(?)")
SIGNS = "-+\u2212"
POSITIVE = ("Length", "Distance", "ArcLength", "RadiusLength", "DiameterLength", "Area",
            "Perimeter")  # fmt: skip


def find_value_problem(measure: str, value: str) -> str | None:
    """Return what is wrong with the value of a measure, or None."""
    plain = value.strip()
    if plain == "?":
        return None
    if measure == "Coordinates":
        return _find_pair_problem(plain)
    if problem := find_expression_problem(_UNIT.sub("", plain) or plain):
        return problem
    number = read_number(plain)
    if number is None:
        return None
    if measure in POSITIVE and number <= 0:
        return f"{measure} is {quote(plain)}, but must be above 0."
    if measure in ("Angle", "ArcAngle") and not 0 <= number <= 360:
        return f"{measure} is {quote(plain)}, but must be from 0 to 360 degrees."
    return None


def _find_pair_problem(value: str) -> str | None:
    if not (value.startswith("(") and value.endswith(")") and value.count(",") in (1, 2)):
        return f"{quote(value)} must be coordinates such as (3,-2)."
    parts = value[1:-1].split(",")
    return next((problem for part in parts if (problem := find_expression_problem(part))), None)


def read_number(value: str) -> float | None:
    """Return the number that a value is, without its unit, or None for an expression."""
    plain = _UNIT.sub("", value).strip().removesuffix("\u00b0")
    return float(plain) if _NUMBER.fullmatch(plain) else None


def find_expression_problem(text: str) -> str | None:
    """Return what is wrong with an arithmetic expression, or None.

    Reads from left to right and keeps only the open brackets and whether an operand comes next.
    """
    if problem := _find_word_problem(text):
        return problem
    num_open, is_operand_next, at = 0, True, 0
    end = len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if not found:
            return f"{quote(text[at:end].strip())} in the value is no number, letter or operator."
        kind, token = str(found.lastgroup), found.group().strip()
        at = found.end()
        num_open += (kind == "open") - (kind == "close")
        if not 0 <= num_open <= MAX_BRACKETS:
            return f"The brackets of {quote(text.strip())} do not match, or are too many."
        if is_operand_next and kind in ("close", "degree"):
            return f"A number or letter is missing before {quote(token)} in {quote(text.strip())}."
        if is_operand_next and kind == "operator" and token not in SIGNS:
            return f"A number or letter is missing before {quote(token)} in {quote(text.strip())}."
        is_operand_next = kind in ("operator", "open", "function")
    if is_operand_next:
        return f"{quote(text.strip())} ends too early."
    return f"A bracket of {quote(text.strip())} is never closed." if num_open else None


def _find_word_problem(text: str) -> str | None:
    """Name a word that is no function, Greek letter or unit, from its capital on."""
    for found in _WORD.finditer(text):
        if found.group(1) in GREEK or found.group(1) in FUNCTIONS:
            continue
        word = found.group().removesuffix("(")
        remedy = "; name a length by its points, such as AB" if found.group(2) else ""
        if word.lower() in FUNCTIONS:
            remedy = f"; write {word.lower()}"
        return f"{quote(word)} in the value is no number, letter or unit{remedy}."
    return None
