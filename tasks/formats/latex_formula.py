r"""LaTeX: formulas, alone or in a text.

    \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}
    The area is $A = \pi r^2$.

A text without `$`, `\(`, `\[` and displayed environments is one formula; else what stands outside
of them is text. Our own pass looks at names, scripts, `&` and `\left` with `\right`; pylatexenc
then reads braces, arguments, environments and the marks of formulas.
"""

import re
from collections.abc import Iterator

from pylatexenc.latexwalker import LatexWalker, LatexWalkerParseError

from tasks.formats.latex_names import get_context
from tasks.formats.latex_scan import Scan
from tasks.formats.problems import Problem, line_at, quote

MAX_LATEX_CHARS = 20_000
"""Longest text; reading arguments takes half a second for as many."""
MIN_PROSE_WORDS = 4
_LOOKS_LIKE_FORMULA = re.compile(r"[\\$^_=+*/<>0-9]")


def check_latex(text: str) -> Iterator[Problem]:
    """Yield the problems of formulas."""
    if len(text) > MAX_LATEX_CHARS:
        yield Problem(
            1, f"The text has {len(text)} characters; at most {MAX_LATEX_CHARS} are read."
        )
        return
    if not _LOOKS_LIKE_FORMULA.search(text) and len(text.split()) >= MIN_PROSE_WORDS:
        yield Problem(1, f"{quote(text.strip())} holds no formula; write the formulas in LaTeX.")
        return
    scan = Scan(text)
    yield from scan.run()
    if scan.num_problems:
        return
    problem = _find_structure_problem(text)
    if problem and "end of" in problem.message.lower() and len(scan.levels) > 1:
        level = scan.levels[1]
        yield Problem(level.line, f"What begins with {quote(level.opener)} here is never closed.")
    elif problem or scan.is_broken or len(scan.levels) > 1:
        yield problem or Problem(scan.line, "Braces, formulas or environments do not match.")


def _find_structure_problem(text: str) -> Problem | None:
    """Let pylatexenc read a text strictly."""
    walker = LatexWalker(text, latex_context=get_context(), tolerant_parsing=False)
    try:
        walker.get_latex_nodes()
    except LatexWalkerParseError as error:
        message = " ".join(str(error.msg).split()).rstrip(".")
        line = line_at(text, min(int(error.pos or 0), len(text)))
        has_too_few = "arguments of macro" in message
        remedy = "give it all its arguments" if has_too_few else "close what is open"
        return Problem(line, f"{message[:1].upper()}{message[1:][:160]}; {remedy}.")
    except RecursionError:
        return Problem(1, "Arguments are nested too deep; put braces around them.")
    return None
