"""Tell whether the words after a number are its unit, the things counted, or more mathematics.

`5 cm^2`, `5 red apples` and `$5 per ticket` hold a unit; `1/x^2`, `5(ab)`, `1/2 mgh` and `2 sin x`
go on with symbols. One pass over the text.
"""

import re
from typing import NamedTuple

from tasks.answers.math_tokens import FUNCTIONS, SYMBOL_WORDS
from tasks.answers.units import find_unit, is_clause

_PIECE = re.compile(
    r"(?P<word>\u00b0 ?[CF](?![A-Za-z])|[A-Za-z]{0,2}\$"
    r"|[\u20ac\u00a3\u00a5\u20b9\u20a9\u00a2\u00b0'\"]"
    r"|[A-Za-z\u03a9\u03bc\u4e00-\u9fff]+(?:['-][A-Za-z]+)*'?[23]?)"
    r"|(?P<power>\^ ?(?:\{ ?[-+]?[0-9] ?\}|[-+]?[0-9]))| +|(?P<sign>[/*(){},.&-])"
)
_COUNTED = re.compile(
    r"(?!(?:abcd?|bcd|pqr|uvw|xyzw?|mnop?)$|(?:sin|cos|tan|log|ln)[xy]$)"
    r"(?=.{3})(?:[a-z'-]*[aeiouy][a-z'-]*|[a-z'-]+s)",
    re.IGNORECASE,
)
"""At least three letters: with a vowel, or an abbreviation in the plural (`pcs`)."""
_HAN = re.compile("[\u4e00-\u9fff]")
_SEPARATOR = re.compile(r",| by | and ")
_LETTERS = re.compile("[A-Za-z]+")
_ACRONYM = re.compile(r"[A-Z]{2,}s?")
_SHORT = frozenset(
    {
        *("of", "in", "on", "at", "is", "it", "as", "so", "we", "he", "me", "my", "an"),
        *("no", "up", "do", "us", "am", "be", "ok", "px", "fl"),
    }
)
_NO_THINGS = FUNCTIONS | SYMBOL_WORDS | {"mod", "modulo", "infinity", "infty", "choose", "lim"}
_MEASURES = frozenset({"per", "square", "sq", "cubic", "cu"})
_MULTIPLIED = frozenset("mgsNKA")
"""Units of one letter that stand in products: `kg m`, `m s^{-1}`."""


class _Place(NamedTuple):
    """Where a word stands, which says what it may be."""

    demand: str = ""
    """`unit` of measure, `long` unit (of two letters or more), `thing`, or nothing special."""
    is_enclosed: bool = False
    """Within brackets for each word of which the demand holds."""


def is_unit_phrase(text: str, currency: str = "") -> bool:
    """Tell whether the text right after a number names units and things counted, no symbols.

    What a sign, a bracket or no space joins to the number must be a unit of measure. A letter that
    stands alone is a unit only where units are written so: not in `1/m`, `5 - m` and `m g h`.
    """
    pieces = [piece for piece in _PIECE.finditer(text) if piece.lastgroup]
    if _PIECE.sub("", text):
        return False
    words = [currency] if currency else []
    place = _Place("unit")
    for index, piece in enumerate(pieces):
        token, following = piece[0], pieces[index + 1][0] if index + 1 < len(pieces) else ""
        before = pieces[index - 1][0] if index else ""
        if piece.start() and index == 0:
            place = _Place()
        if piece.lastgroup == "sign":
            place = _move(place, token, has_words=bool(words), is_joined=piece.start() == 0)
        elif piece.lastgroup == "power":
            if not _may_be_raised(words, token):
                return False
        elif is_clause(token, before, following) and not place.demand:
            return True
        elif not _fits(token, following, words, place):
            return False
        else:
            words.append(token)
            place = place if place.is_enclosed else _Place()
    return bool(words) or "(" not in text


def may_follow(word: str) -> bool:
    """Tell whether a word right after a number leaves it as it is: `5 apples is`, not `5 sin`."""
    word = word.strip(",;.):")
    return len(word) > 1 and (is_clause(word, "", "so") or _fits(word, "", [], _Place()))


def is_bare_list(text: str) -> bool:
    """Tell a list of numbers and units alone, as `5 cm, 6` and `5 cm by 6`, from a sentence."""
    return _SEPARATOR.search(text) is not None and all(map(_is_listed, _LETTERS.findall(text)))


def _is_listed(word: str) -> bool:
    return len(word) == 1 or word in ("by", "and") or find_unit(word) is not None


def _move(place: _Place, sign: str, *, has_words: bool, is_joined: bool) -> _Place:
    """Say what may come after a sign."""
    if place.is_enclosed:
        return place if sign not in ")}" else _Place()
    if sign == "/":
        return _Place("named" if has_words else "long")
    if sign == "*":
        return _Place("unit")
    if sign in "({":
        is_strict = is_joined or sign == "{" or place.demand in ("unit", "long")
        return _Place(place.demand or "unit", is_enclosed=True) if is_strict else place
    return _Place("thing") if sign in ",-" else place


def _fits(token: str, following: str, words: list[str], place: _Place) -> bool:
    """Tell whether a word may stand where it does."""
    if _HAN.match(token):
        return True
    is_unit = token in _MEASURES or find_unit(token.rstrip("23")) is not None
    if place.demand in ("unit", "long"):
        return is_unit and len(token) >= 2 - (place.demand == "unit") and token != "t"
    if len(token) == 1 and token.isascii() and token.isalpha():
        if token in "aI":
            return following[:1].isalpha()
        is_product = bool(words) and find_unit(words[-1]) is not None and place.demand != "named"
        may_multiply = token in _MULTIPLIED or following.startswith(("^{-", "^-"))
        return is_unit and place.demand != "thing" and (not is_product or may_multiply)
    if is_unit or token.lower() in _SHORT:
        return True
    if len(token) == 2 or token.isupper():
        return bool(_ACRONYM.fullmatch(token)) and (len(token) > 2 or following[:1].islower())
    if token in _NO_THINGS:
        return False
    return _COUNTED.fullmatch(token) is not None or _is_thing(following)


def _is_thing(word: str) -> bool:
    """Tell a word that makes of an abbreviation before it one of a thing: `pdf files`."""
    return word.isalpha() and word not in _NO_THINGS and _COUNTED.fullmatch(word) is not None


def _may_be_raised(words: list[str], power: str) -> bool:
    """Tell whether the power of the last word is a unit's: `m^2`, `m/s^2`, but not `1/2 s^2`."""
    if not words or find_unit(words[-1]) is None:
        return words[-1:] in (["unit"], ["units"])
    is_usual = words[-1] == "m" or (words[-1] == "s" and len(words) > 1)
    return len(words[-1]) > 1 or is_usual or "-" in power
