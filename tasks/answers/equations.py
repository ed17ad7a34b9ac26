r"""Tell an equation that gives a value from one that is still to be solved.

Text with a sign `=` comes in, normalized or in LaTeX. `x = 5`, `f(2) = 5`, `AB = 5`, `2 + 3 = 5`
and `the sum = 5` give 5; `2x = 5`, `x + y = 5` and `x^2 = 5` do not, since what they say of x is
another number, or none. Where a clause or another equation comes first, the last one counts.
"""

import re

from tasks.answers.math_tokens import FUNCTIONS, SYMBOL_WORDS, is_product
from tasks.answers.units import find_unit

MAX_LEFT = 240
"""Characters before the sign that are looked at."""

_SUBSCRIPT = re.compile(r"_ ?\{[^{}]*\}")
_ARROW = re.compile(r"=>|->|[→⇒⟹]|\\(?:implies|Rightarrow|Longrightarrow|therefore|iff)(?![a-z])")
_SPEAKS = re.compile(
    r"\b(?:is|are|was|were|equals?|has|have|so|then|thus|hence|therefore|gives?|means?)\b"
    r"|[,;.] ?[A-Za-z]|[;\u4e00-\u9fff]"
)
_BREAK = re.compile(r"[,;:\u4e00-\u9fff]|(?<![\\A-Za-z])[A-Za-z]{2,}(?![A-Za-z])")
_SHORT_WORDS = frozenset(
    {
        *("is", "to", "so", "of", "or", "as", "be", "we", "if", "it", "in", "on", "at", "by", "an"),
        *("no", "do", "up", "the", "and", "any"),
    }
)
_GREEK = "|".join(sorted(SYMBOL_WORDS, key=len, reverse=True))
_FUNCTION = "|".join(sorted(FUNCTIONS, key=len, reverse=True))
_MARK = (
    r"(?:m ?)?(?:\\(?:angle|triangle|overline|bar|hat|tilde|vec|overrightarrow|widehat|Delta|odot)"
    r"(?![A-Za-z])|[∠△Δ⊙]) ?"
)
_LETTERS = rf"(?:[A-Z]{{2,4}}|\\?(?:{_GREEK})(?![a-z])|[^\W\d_])"
_NAME = rf"(?:{_MARK})?\{{?{_LETTERS}\}}?(?:_ ?\w{{1,3}})?'{{0,3}}"
_NAMED = re.compile(
    rf"{_NAME}|\|{{1,2}} ?(?:{_MARK}\{{?{_LETTERS}\}}?|[A-Z]{{2,4}}) ?\|{{1,2}}"
    r"|\(?d[a-z]?\)? ?/ ?\(?d[a-z]\)?"
    rf"|\\?(?:{_FUNCTION})(?:[\^_] ?\{{?-?[0-9]{{1,2}}\}}?)? ?\(? ?[0-9]{{0,2}} ?"
    rf"(?:{_MARK})?(?:[A-Z]{{1,4}}|\\?(?:{_GREEK})|[^\x00-\x7f]) ?\)?"
    r"|\\(?:int|sum|prod|lim|binom|det)(?![a-z]).*"
)
_CALL = re.compile(rf"{_NAME} ?\((?P<argument>.*)\)")
_JOINED = re.compile(r"[|\u2229\u222a]|\\(?:mid|cap|cup)(?![a-z])")
_TIMES = re.compile(r"(?<=[0-9)]) [xX] (?=[0-9(.])|(?<=[0-9])[xX](?=[0-9])")
_KNOWN = re.compile(
    rf"\\(?!(?:{_GREEK})(?![a-z]))[A-Za-z]+|(?:sqrt|pi|infty|{_FUNCTION})(?![A-Za-z])|\b[ei]\b"
)
_UNIT = re.compile(r"(?<=[0-9.]) ?([A-Za-z]{1,4})(?:\^\{?[23]\}?)?(?![A-Za-z(])")
_NUMBER = re.compile(r"-?[0-9][0-9,]{0,40}(?:\.[0-9]{1,40})?")
_ASSIGNED = re.compile(r"(?<![\w\\^])([A-Za-z]) ?= ?")
_OPERATOR = re.compile(r"[-+*/^]")


def is_unsolved(text: str) -> bool:
    """Tell a text whose last equation gives no value: `2x = 10`, `x + y = 3`, `x = 2x + 1`."""
    return split_unsolved(text) is not None


def split_unsolved(text: str) -> str | None:
    """Give the right side of an equation that gives no value; None for any other text."""
    if "=" not in text and "\u2248" not in text:
        return None
    text = text.replace("\u2248", "=")
    text = _SUBSCRIPT.sub("_0", text) if "_" in text else text
    left, sign, right = _ARROW.sub(" ; ", text).rpartition("=")
    if not sign or left[-1:] in "<>!=" or _SPEAKS.search(right):
        return None
    return None if gives_value(left, right) else right.strip()


def gives_value(left: str, right: str) -> bool:
    """Tell whether `left = right` gives a value: that of a name, of a description, of arithmetic.

    Of `A = lw = 12` it is enough that one of the sides before is a name.
    """
    left = left[-MAX_LEFT:]
    if _NUMBER.fullmatch(left.strip()) and _NUMBER.fullmatch(right.strip()):
        return float(left.replace(",", "")) == float(right.replace(",", ""))
    start = max((word.end() for word in _BREAK.finditer(left) if _is_break(word[0])), default=0)
    return any(_is_value(side, right) for side in left[start:].split("="))


def list_names(text: str) -> list[str]:
    """List the letters that a text gives a value: the x and y of `so x = 2 and y = 3`."""
    return _ASSIGNED.findall(text)


def is_constant(text: str, other: str = "") -> bool:
    """Tell arithmetic from what holds an unknown; a letter is a unit where `other` has it, too."""
    text = _UNIT.sub(lambda found: "" if _is_unit(found[1], other) else found[0], text)
    return not any(map(str.isalpha, _KNOWN.sub("", _TIMES.sub("*", text))))


def _is_break(word: str) -> bool:
    """Tell a word or a comma, which begins a clause or ends a description, from mathematics."""
    if not word.isalpha() or not word.isascii() or word.lower() in _SHORT_WORDS:
        return True
    if len(word) == 2 or (word.isupper() and len(word) <= 4):
        return False
    is_name = word in FUNCTIONS or word in SYMBOL_WORDS or word in ("sqrt", "infty")
    return not is_name and not is_product(word) and not word.endswith("pi")


def _is_value(side: str, right: str) -> bool:
    side = side.strip(" $*.")
    if side.count("(") != side.count(")"):
        side = side.strip("() ")
    if not side.strip("{}[]() "):
        return True
    if _NAMED.fullmatch(side):
        return not _recurs(side, right)
    call = _CALL.fullmatch(side)
    if call and _is_argument(call["argument"]):
        return True
    return is_constant(side, right)


def _is_argument(text: str) -> bool:
    """Tell the 2 of `f(2)` from the sum of `x(x + 1)`."""
    inner = _CALL.fullmatch(text)
    if inner:
        text = inner["argument"]
    return (
        _NAMED.fullmatch(text) is not None or _JOINED.search(text) is not None or is_constant(text)
    )


def _is_unit(word: str, other: str) -> bool:
    if len(word) == 1:
        return re.search(rf"[0-9] ?{word}(?![A-Za-z])", other) is not None
    return find_unit(word) is not None


def _recurs(name: str, right: str) -> bool:
    """Tell `x = 2x + 1`, which says of x what it is only when it is solved."""
    if len(name) > 1 or not _OPERATOR.search(right):
        return False
    return re.search(rf"(?<![A-Za-z\\]){re.escape(name)}(?![A-Za-z])", right) is not None
