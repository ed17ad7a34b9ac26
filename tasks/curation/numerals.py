r"""Numbers in a text: where they stand, and which of them arithmetic in the text comes to.

Nothing is evaluated: a number counts as a result if a clause has calculated with numbers before it,
and it follows an equality (`=`, `\approx`, an arrow, "gives"), or a copula ("is", `:`) that is the
first after the arithmetic: `12 + 5 = 17`, `\frac{8}{2} = 4`, "7 plus 8 is 15", "13 squared: 169".
So does an operand that goes on from a result: both summands of `= 169 + 196`. `x = 7` states, it
does not calculate. The numbers of a list (`11) `) are none. Linear in the text.
"""

import re
from collections.abc import Iterator

from tasks.curation.words import fold_text

_NUMBER = re.compile(
    r"(?<!\w)(?<!\d\.)(?<![A-Za-z]\d,)(?<![A-Za-z]\d\d,)(?<![A-Za-z]\d\d\d,)"
    r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
)
_NUMBERING = re.compile(
    r"^[ \t]{0,8}(?:\(?\d{1,2}[.)]|step[ \t]\d{1,2}[.:)])(?=[ \t]{1,4}[^\s\d])",
    re.IGNORECASE | re.MULTILINE,
)
_ARROWS = r"=>|->|[\u2192\u21d2]|\\(?:to|rightarrow|Rightarrow|implies)\b"
# A line that begins with an equality goes on with the line before.
_CLAUSE_END = re.compile(
    rf"\n(?!\s{{0,4}}&?\s?(?:[=\u2248]|\\approx|{_ARROWS}))|[.;!?]\s|\u3002|\uff1b"
)
_CLOSING = r"(?:[%)\]}\u00b0$\u00b2\u00b3]|\^?\{?\\circ\}?|\\text\{[^{}]{0,12}\}){0,4}\s{0,2}"
_OPERATOR = (
    r"(?:[-+*/^x\u00d7\u00f7\u00b7\u2212\u2013]|\\(?:times|cdot|div)\b"
    r"|(?:times|plus|minus|divided by|multiplied by|over|of)\b)"
)
_ARITHMETIC = re.compile(
    rf"[0-9]{_CLOSING}(?:/?[a-z]{{1,12}}\s{{1,2}}){{0,3}}{_OPERATOR}\s{{0,2}}[-(\[{{$\\]{{0,3}}[0-9]"
    r"|(?:\\[dt]?frac|\bsqrt|\u221a)[{(\[\s$-]{0,3}[0-9]|[0-9]\)\s?\(|[0-9]\([0-9]|[0-9][\u00b2\u00b3]"
    r"|\b(?:sum|difference|product|quotient|average|mean|half|twice|double|squared|cubed|root)\b"
    r"|\b(?:add|subtract|multiply|divide)(?:s|d|ed|ing)?\b|\b(?:multiplying|dividing)\b",
    re.IGNORECASE,
)
_HEDGE = r"(?:\s(?:about|approximately|roughly|around|just|exactly|equal to|also|then|now))?"
_OPENING = r"(?:[\s$({\[\\\u20ac\u00a3\u221a*-]|(?:boxed|sqrt|[dt]?frac|left)\b){0,10}"
_EQUALITY = re.compile(
    rf"(?:[=\u2248\u2243~]|\\approx|{_ARROWS}|\b(?:equals?|gives?|giving|gets?|getting|makes?|making"
    rf"|yields?|leaves?|leaving|comes (?:out )?to|totals|amounts to)){_HEDGE}{_OPENING}$",
    re.IGNORECASE,
)
_COPULA = re.compile(rf"(?:\b(?:is|are|was|were|be|becomes)|:){_HEDGE}{_OPENING}$", re.IGNORECASE)
_EQUALITY_CHARS = 40
_COPULA_CHARS = 80
"""Farthest that a copula's number may stand from the arithmetic before it."""
_LINK = re.compile(
    rf"\s{{0,2}}{_CLOSING}(?:/?[a-z]{{1,12}}\s{{0,2}})?(?!of\b){_OPERATOR}{_OPENING}"
    r"|[)\]}]?[(\[{]",
    re.IGNORECASE,
)
_LINK_CHARS = 30
_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
)
_WORD_VALUES = {word: float(value) for value, word in enumerate(_WORDS.split())} | {
    "dozen": 12.0,
    "thirty": 30.0,
    "forty": 40.0,
    "fifty": 50.0,
    "sixty": 60.0,
    "hundred": 100.0,
    "thousand": 1000.0,
}
_WORD = re.compile(r"[a-z]+")


def find_numbers(text: str) -> dict[str, float]:
    """Find the numbers of a text: as written, in order, to their value. `R1` holds none."""
    bare = _NUMBERING.sub("", text)
    return {match[0]: _parse(match[0]) for match in _NUMBER.finditer(bare)}


def read_values(text: str) -> set[float]:
    """Return the values of all numbers of a text, also those in words or stuck to letters."""
    values = {_parse(match) for match in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", text)}
    values.update(find_numbers(text).values())
    words = _WORD.findall(fold_text(text))
    return values | {_WORD_VALUES[word] for word in words if word in _WORD_VALUES}


def find_results(text: str) -> set[float]:
    """Return the values that calculations in the text come to."""
    results: set[float] = set()
    start = 0
    for end in [*(match.end() for match in _CLAUSE_END.finditer(text)), len(text)]:
        results.update(_find_results_in(text[start:end]))
        start = end
    return results


def _find_results_in(clause: str) -> Iterator[float]:
    """Walk over the numbers of a clause and yield those that arithmetic before them grounds."""
    steps = [match.end() for match in _ARITHMETIC.finditer(clause)]
    num_passed, previous = 0, 0
    is_open = is_result = False
    for number in _NUMBER.finditer(clause) if steps else ():
        start = number.start()
        first = max(previous, start - _EQUALITY_CHARS)
        before = clause[first:start]
        equality = _EQUALITY.search(before)
        sign = equality or _COPULA.search(before)
        # What opens after the sign, as in `x = \sqrt{2}`, has not calculated before it.
        place = first + sign.start() if sign else start
        while num_passed < len(steps) and steps[num_passed] <= place:
            num_passed, is_open = num_passed + 1, True
        if sign:
            is_near = is_open and start - steps[num_passed - 1] <= _COPULA_CHARS
            is_result = num_passed > 0 if equality else is_near
        else:
            is_result = is_result and len(before) <= _LINK_CHARS and bool(_LINK.fullmatch(before))
        if is_result:
            is_open = False
            yield _parse(number[0])
        previous = number.end()


def count_decimals(number: str) -> int:
    """Count the digits after the point of a number as written."""
    return len(number.partition(".")[2])


def _parse(number: str) -> float:
    return float(number.replace(",", ""))
