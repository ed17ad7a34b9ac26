"""One spelling for every way to write the same answer.

Text as a model or a source wrote it comes in; plain text goes out: compatibility characters
folded, LaTeX and markdown wrappers gone, one dash, one quote. Gold and answer go through the same
functions, and every function applied twice gives what it gave once on ordinary text.
"""

import re
import unicodedata
from functools import lru_cache

from tasks.answers.chinese import translate_chinese
from tasks.answers.latex import expand_latex

REPEATS = "\u0305"
r"""After each digit of a decimal that comes again and again: `0.1\overline{6}` is 0.16 and this."""
MAX_REMEMBERED_CHARS = 300

# Before NFKC, which would turn 5 superscript 2 into 52 and 1 one-half into 11/2.
_BEFORE_NFKC = str.maketrans(
    {
        "½": " 1/2",
        "⅓": " 1/3",
        "⅔": " 2/3",
        "¼": " 1/4",
        "¾": " 3/4",
        "⅕": " 1/5",
        "⅛": " 1/8",
        "⅜": " 3/8",
        "⅝": " 5/8",
        "⅞": " 7/8",
        "º": "°",
        "\u211d": "all real numbers",
        **dict.fromkeys("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"),
    }
)
_AFTER_NFKC = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u2018\u2019\u02bc\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u2033", '"'),
        **dict.fromkeys("\u00d7\u22c5\u00b7\u2217", "*"),
        **dict.fromkeys("\u00f7\u2044\u2215", "/"),
        "\u2236": ":",
        "\u2016": "\u2225",
        "\u2206": "\u25b3",
        "\u3002": ". ",
        "\u3001": ", ",
        "\u221e": "infty",
        "\u2264": "<=",
        "\u2265": ">=",
        "\u2260": "!=",
        "\u03c0": "pi",
    }
)
_SUPERSCRIPT = re.compile("[\u207a\u207b]?[\u2070\u00b9\u00b2\u00b3\u2074-\u2079]{1,9}")
_DIGIT_GROUP_SPACE = re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))")
_CUBE_ROOT = re.compile(r"\u221b ?([0-9]+|[A-Za-z]|\([^()]*\))")
_ROOT = re.compile(r"√ ?([0-9]+|[A-Za-z]|\([^()]*\))")

_FIGURE = re.compile("(?<=[\u2220\u25b3]) ")
_TIE = re.compile(r"(?<=[0-9])~(?=[0-9]{3}(?![0-9])|[A-Za-z])")
_REPEATING = re.compile(
    r"(?<=[0-9]\.)(?:(?P<start>[0-9]{0,12}?)(?P<period>[0-9]{1,6}?)(?P=period){1,12}\.\.\."
    r"|\((?P<enclosed>[0-9]{1,12})\)|(?P<before>[0-9]{0,12})"
    r"\\(?:overline|bar|dot)(?: ?\{(?P<over>[0-9]{1,12})\}|(?P<one>[0-9])))"
)
_SUBSCRIPT_MARKS = re.compile(r"[_{}]")
_FORMULA = re.compile(
    r"(?=[^_]*_)(?:[A-Z][a-z]?|[()])(?:[A-Z][a-z]?|[()]|[0-9]|_[0-9]|_\{[0-9]{1,2}\})*"
)
"""Letters of elements with their counts: `H_2O`, `Ca(OH)_2`."""
_TWINS = {
    "infinity": "infty", "+infinity": "+infty", "-infinity": "-infty", "minus infinity": "-infty",
    "negative infinity": "-infty", "positive infinity": "+infty", "plus infinity": "+infty",
    "empty set": "\u2205", "the empty set": "\u2205", "null set": "\u2205",
}  # fmt: skip

_BOLD = re.compile(r"(\*\*|__)(?=\S)([^*_\n]+)(?<=\S)\1")
_HOUR_MARK = re.compile(r"(?<=[0-9])( ?[AaPp])\. ?[Mm](?:\.|(?![A-Za-z]))")
_WORD_END = re.compile(r"[^\W\d_]{2}!+$")
_STRIPPED_STARTS = frozenset("# \t*`$\\\"'")
_STRIPPED_ENDS = frozenset(" \t*`.,;:?!\\")
_LATEX_SPACES = ("\\,", "\\;", "\\:", "\\!", "\\ ")
_OUTER_MATH = (
    ("$$", "$$"),
    ("$", "$"),
    ("\\(", "\\)"),
    ("\\[", "\\]"),
    ("`", "`"),
    ('"', '"'),
    ("'", "'"),
)


def fold_characters(text: str) -> str:
    """Fold Unicode twins to one character each; lines stay lines."""
    if text.isascii():
        return text
    text = _SUPERSCRIPT.sub(_write_power, text)
    text = _DIGIT_GROUP_SPACE.sub("", text.translate(_BEFORE_NFKC))
    text = unicodedata.normalize("NFKC", text).translate(_AFTER_NFKC)
    if "\u221b" in text:
        text = _CUBE_ROOT.sub(lambda found: rf"\sqrt[3]{{{found[1].strip('()')}}}", text)
    return _ROOT.sub(lambda found: f"sqrt({found[1].strip('()')})", text) if "√" in text else text


def _write_power(found: re.Match[str]) -> str:
    power = unicodedata.normalize("NFKC", found[0])
    return f"^{power}" if len(power) == 1 else f"^{{{power}}}"


def normalize(text: str) -> str:
    """Write an answer in plain text on one line: no LaTeX, no markdown, no closing punctuation."""
    return _normalize_again(text) if len(text) <= MAX_REMEMBERED_CHARS else _normalize(text)


def _normalize(text: str) -> str:
    text = " ".join(fold_characters(text).split())
    if not text.isascii():
        text = _FIGURE.sub("", translate_chinese(text))
    text = text.replace("{,}", ",")
    if "..." in text or ".(" in text or "\\" in text:
        text = _REPEATING.sub(_write_repeats, text)
    if "~" in text:
        text = _TIE.sub(" ", text)
    if "\\" in text:
        text = _FIGURE.sub("", strip_outer(expand_latex(strip_outer(text))))
    if "*" in text or "_" in text:
        text = _BOLD.sub(r"\2", text)
    text = strip_outer(" ".join(join_hour_marks(text).split()))
    if "_" in text and _FORMULA.fullmatch(text):
        text = _SUBSCRIPT_MARKS.sub("", text)
    return _TWINS.get(text.lower(), text)


# A gold is read when it is typed and when it is checked, and rollouts often agree.
_normalize_again = lru_cache(maxsize=8192)(_normalize)


def unwrap(text: str) -> str:
    """Write an answer on one line without what is around it; its LaTeX stays as it is."""
    text = strip_outer(" ".join(fold_characters(text).split()))
    return strip_outer(_BOLD.sub(r"\2", text)) if "**" in text or "__" in text else text


def join_hour_marks(text: str) -> str:
    """Write `P.M.` and `p. m.` as `pm`."""
    return _HOUR_MARK.sub(_write_hour_mark, text) if "." in text else text


def to_key(text: str) -> str:
    """Make the key that equal normalized texts share: no case, no dollars, no leading article."""
    key = " ".join(text.casefold().replace("$", " ").replace('"', "").split())
    for article in ("the ", "a ", "an "):
        if key.startswith(article):
            return key[len(article) :]
    return key


def _write_repeats(found: re.Match[str]) -> str:
    """Mark the digits that come again and again, in whichever way they were written."""
    start = found["start"] or found["before"] or ""
    period = found["period"] or found["enclosed"] or found["over"] or found["one"]
    return start + "".join(digit + REPEATS for digit in period)


def _write_hour_mark(found: re.Match[str]) -> str:
    return found[1].lower() + "m"


def strip_outer(text: str) -> str:
    """Strip closing punctuation and paired wrappers until none is left, at most eight deep.

    An exclamation mark after two letters ends a word (`red!`), else it is a factorial.
    """
    for _ in range(8):
        if text[:1] not in _STRIPPED_STARTS and text[-1:] not in _STRIPPED_ENDS:
            break
        before = text
        text = text.lstrip("# ").strip(" \t*`")
        if "\\" in text[:1] + text[-2:]:
            text = _strip_spacing(text)
        text = text.rstrip(".,;:?")
        if text.endswith("!") and _WORD_END.search(text[-20:]):
            text = text.rstrip("!")
        pairs = _OUTER_MATH if text[:1] in _STRIPPED_STARTS else ()
        for opening, closing in pairs:
            if len(text) > len(opening) + len(closing) and text.startswith(opening):
                inner = text[len(opening) : -len(closing)]
                if text.endswith(closing) and opening not in inner:
                    text = inner.strip()
        if text == before:
            break
        if not text and before in ("*", "#"):
            return before
    return text


def _strip_spacing(text: str) -> str:
    """Strip the LaTeX spaces around a text, and a backslash before a space that is gone."""
    start, end = 0, len(text)
    while text.startswith(_LATEX_SPACES, start):
        start += 2
    while end - start > 1 and text.endswith(_LATEX_SPACES, start, end):
        end -= 2
    return text[start : end - (end - start > 1 and text[end - 1] == "\\")]
