r"""LaTeX as plain text: `\frac{1}{2}` is 1/2, `\sqrt{2}` is sqrt(2), a matrix is rows in brackets.

Text with commands comes in; what is left where no command is known stays as it is. At most
`MAX_MATRICES` matrices; nothing is nested, parsed or computed.
"""

import re

MAX_MATRICES = 8

_TEXT_COMMAND = re.compile(
    r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathbb|mathit|mathsf|boldsymbol|operatorname"
    r"|mbox|hbox)"
    r" ?\{([^{}]*)\}"
)
_FRACTION = re.compile(r"([0-9])?\\[dtc]?frac ?(?:\{([^{}]*)\} ?\{([^{}]*)\}|([0-9]) ?([0-9]))")
_LATEX_ROOT = re.compile(r"\\sqrt ?(?:\{([^{}]*)\}|([0-9]|[a-z]))")
_REALS = re.compile(r"\\(?:mathbb|mathbf|Bbb) ?(?:\{R\}|R(?![A-Za-z]))")
_SIZING = re.compile(
    r"\\(?:left|right|[bB]igg?[lrm]?|displaystyle|limits)(?![A-Za-z])|\\!"
    r"|(?<=[0-9])(?:\\[,;: ]|~){1,2}(?=[0-9]{3}(?![0-9]))"
)
_SPACING = re.compile(r"\\q?quad(?![A-Za-z])|\\[,;: ]|~")
_MATRIX_START = re.compile(
    r"(?:\\left ?[(\[] ?)?\\begin ?\{([pbB]?(?:small)?matrix|array)\}(?: ?\{[lcr| ]{0,20}\})?"
)
_MATRIX_END = re.compile(r" ?\\right ?[)\]]")
_ROW_END = re.compile(r"\\\\(?: ?\[[^\]]{0,9}\])?|\\cr(?![a-z])")
_DEGREE = re.compile(r"\^? ?\{? ?\\(?:circ|degree)\b ?\}?")
_SYMBOL = re.compile(
    r"\\(pi|times|cdot|ast|div|l(?:t|e|eq|eqslant)|g(?:t|e|eq|eqslant)|neq?|approx|infty|cup|in|pm"
    r"|prime|colon|parallel|perp|angle|triangle|cong|emptyset|varnothing"
    r"|[lr](?:brace|brack))(?![A-Za-z])|\\([%${}&#_])"
)
_SYMBOL_TEXT = {
    "times": "*", "cdot": "*", "ast": "*", "div": "/", "le": "<=", "leq": "<=", "leqslant": "<=",
    "lt": "<", "ge": ">=", "geq": ">=", "geqslant": ">=", "gt": ">", "ne": "!=", "neq": "!=",
    "approx": "\u2248", "cup": "\u222a", "in": "\u2208", "pm": "\u00b1", "prime": "'",
    "colon": ":", "parallel": "\u2225", "perp": "\u22a5", "angle": "\u2220", "cong": "\u2245",
    "triangle": "\u25b3", "emptyset": "\u2205", "varnothing": "\u2205",
    "lbrace": "{", "rbrace": "}", "lbrack": "[", "rbrack": "]",
}  # fmt: skip
_SIMPLE_NUMBER = re.compile(r"-?[0-9.,]+")


def expand_latex(text: str) -> str:
    """Write the commands of an answer as plain text, thin spaces between digits as none."""
    text = _REALS.sub(" all real numbers", text)
    text = _TEXT_COMMAND.sub(r"\1", _write_matrices(text) if "\\begin" in text else text)
    text = _SPACING.sub(" ", _SIZING.sub("", text))
    text = _DEGREE.sub("°", text)
    text = _SYMBOL.sub(lambda found: _SYMBOL_TEXT.get(found[1], found[1] or found[2]), text)
    text = _LATEX_ROOT.sub(lambda found: f"sqrt({found[1] or found[2]})", text)
    return _TEXT_COMMAND.sub(r"\1", _FRACTION.sub(_write_fraction, text))


def _write_matrices(text: str) -> str:
    """Write each matrix as rows in brackets: `[[1, 2], [3, 4]]`; at most `MAX_MATRICES`."""
    pieces: list[str] = []
    for _ in range(MAX_MATRICES):
        start = _MATRIX_START.search(text)
        end = text.find(f"\\end{{{start[1]}}}", start.end()) if start else -1
        if start is None or end < 0:
            break
        pieces += [text[: start.start()], _write_matrix(text[start.end() : end])]
        text = text[end + len(start[1]) + 6 :]
        closing = _MATRIX_END.match(text)
        text = text[closing.end() :] if closing else text
    return "".join([*pieces, text])


def _write_matrix(body: str) -> str:
    rows = [row.split("&") for row in _ROW_END.split(body) if row.strip()]
    return "[" + ", ".join(f"[{', '.join(cell.strip() for cell in row)}]" for row in rows) + "]"


def _write_fraction(found: re.Match[str]) -> str:
    over, under = found[2] or found[4] or "", found[3] or found[5] or ""
    before = f"{found[1]} " if found[1] else ""
    parts = [p if _SIMPLE_NUMBER.fullmatch(p) else f"({p})" for p in (over.strip(), under.strip())]
    return before + "/".join(parts)
