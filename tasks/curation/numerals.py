r"""Numbers in a text: where they stand, and which of them arithmetic in the text comes to.

Nothing is evaluated: a number counts as a result if it follows an equality (`=`, `\approx`,
"equals", "is", "gives") in a clause that has calculated with numbers before: `12 + 5 = 17`,
`\frac{8}{2} = 4`, "7 plus 8 is 15". `x = 7` states, it does not calculate. Linear in the text.
"""

import re

from tasks.curation.words import fold_text

_NUMBER = re.compile(r"(?<!\w)(?<!\d\.)(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?")
# A line that begins with an equality goes on with the line before.
_CLAUSE_END = re.compile(r"\n(?!\s{0,4}&?\s?(?:[=\u2248]|\\approx))|[.;!?]\s|\u3002|\uff1b")
_OPERATOR = (
    r"(?:[-+*/^x\u00d7\u00f7\u00b7\u2212\u2013]|\\(?:times|cdot|div)\b"
    r"|(?:times|plus|minus|divided by|multiplied by|over|of)\b)"
)
_ARITHMETIC = re.compile(
    rf"[0-9][%)\]}}\u00b0$]{{0,3}}\s{{0,2}}(?:[a-z]{{1,12}}\s{{1,2}})?{_OPERATOR}\s{{0,2}}[-(\[{{$\\]{{0,3}}[0-9]"
    r"|\\[dt]?frac\b|\\sqrt\b|\u221a|[0-9]\)\s?\(|[0-9][\u00b2\u00b3]"
    r"|\b(?:sum|difference|product|average|mean|half|twice|double)\b",
    re.IGNORECASE,
)
_EQUALITY = re.compile(
    r"(?:[=\u2248\u2243]|\\approx|\b(?:equals|is|are|gives|makes))"
    r"(?:\s(?:about|approximately|roughly|just|exactly|equal to))?[\s$({\\\u20ac\u00a3-]{0,6}$",
    re.IGNORECASE,
)
_EQUALITY_CHARS = 40
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
    return {match[0]: _parse(match[0]) for match in _NUMBER.finditer(text)}


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
        clause = text[start:end]
        if calculated := _ARITHMETIC.search(clause):
            results.update(_find_results_after(clause, calculated.end()))
        start = end
    return results


def _find_results_after(clause: str, place: int) -> set[float]:
    return {
        _parse(match[0])
        for match in _NUMBER.finditer(clause, place)
        if _EQUALITY.search(clause[max(place, match.start() - _EQUALITY_CHARS) : match.start()])
    }


def count_decimals(number: str) -> int:
    """Count the digits after the point of a number as written."""
    return len(number.partition(".")[2])


def _parse(number: str) -> float:
    return float(number.replace(",", ""))
