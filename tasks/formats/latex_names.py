"""The macros and environments that a formula may use.

Those of pylatexenc (symbols, accents, LaTeX's own) and, here, those of amsmath, mathtools, mhchem,
siunitx, cancel and ulem that formulas in print need; those without arguments are in
`latex_symbols`. An argument is written as pylatexenc does: `{` one
that must be there, `[` one that may, `*` a star.
"""

from functools import cache
from typing import Any

from pylatexenc import latex2text, latexwalker, macrospec

from tasks.formats.latex_symbols import SYMBOLS

WITH_ARGUMENTS = {
    "{": "boxed cancel bcancel xcancel phantom hphantom vphantom substack pmod pod boldsymbol bm"
    " pmb mathring mathop mathbin mathrel mathord mathopen mathclose mathpunct mathinner mathnormal"
    " mathds mathbbm mathbfit mathsfit textnormal textmd textsl textcircled textsuperscript"
    " textsubscript ce pu si num ang unit intertext shortintertext hdotsfor cline abs norm bra ket"
    " braket Bra Ket Braket mathclap mathrlap mathllap rlap llap hbox vbox vcenter lefteqn"
    " ensuremath overparen underparen wideparen overarc overrightharpoon overleftharpoon underbar"
    " utilde uline sout dddot ddddot fbox mathmbox mspace shoveleft shoveright cramped Hat Check"
    " Tilde Acute Grave Dot Ddot Breve Bar Vec mathcircled undertilde widecheck ring",
    "{{": "dfrac tfrac binom dbinom tbinom overset underset stackrel cancelto SI qty sideset"
    " underaccent splitfrac splitdfrac colorbox buildrel",
    "{{{": "multicolumn overunderset underoverset prescript fcolorbox",
    "{{{{": "mathchoice",
    "{{{{{{": "genfrac",
    "[{": "xrightleftharpoons xleftrightharpoons xLeftrightarrow xRightarrow xLeftarrow"
    " xleftrightarrow xlongequal xmapsto xhookrightarrow xhookleftarrow xtofrom xrightharpoonup"
    " xrightharpoondown xleftharpoonup xleftharpoondown xtwoheadrightarrow xtwoheadleftarrow"
    " xrightarrow xleftarrow smash smashoperator",
    "[{{": "cfrac rule textcolor",
    "[[{": "makebox framebox overbracket underbracket",
    "[[[{{": "parbox",
    "{[[{": "raisebox",
    "[{[{[{": "multirow",
    "*{": "operatorname tag",
    "": SYMBOLS,
}  # fmt: skip
REFUSED = {
    "input": "reads a file", "include": "reads a file", "includegraphics": "reads a file",
    "write": "writes a file", "openout": "writes a file", "openin": "reads a file",
    "read": "reads a file", "bibliography": "reads a file", "usepackage": "belongs to a preamble",
    "documentclass": "belongs to a preamble", "RequirePackage": "belongs to a preamble",
    "newcommand": "defines a macro", "renewcommand": "defines a macro", "def": "defines a macro",
    "providecommand": "defines a macro", "let": "defines a macro", "edef": "defines a macro",
    "gdef": "defines a macro", "newenvironment": "defines an environment",
    "renewenvironment": "defines an environment", "DeclareMathOperator": "defines a macro",
    "csname": "makes a macro", "catcode": "changes the rules", "expandafter": "runs as a program",
    "loop": "runs as a program", "href": "names a page", "url": "names a page",
}  # fmt: skip
"""Macro to what it does that a formula must not."""
TEXT_MACROS = frozenset(
    ("text", "textrm", "textit", "textbf", "textnormal", "texttt", "textsf", "textup", "textsc",
     "mbox", "fbox", "intertext", "shortintertext", "ce", "pu", "SI", "si", "num", "qty", "unit",
     "ang", "label", "ref", "eqref", "tag", "operatorname", "color", "textcolor", "emph", "textmd",
     "textsl", "textsuperscript", "textsubscript", "textcircled", "hbox", "vbox", "rlap", "llap",
     "mathmbox", "makebox", "framebox", "parbox", "raisebox", "colorbox", "fcolorbox", "rule")
)  # fmt: skip
"""Macros whose argument is not a formula."""
_STARRED = ("equation", "align", "gather", "multline", "flalign", "alignat", "eqnarray")
ALIGNED = frozenset(
    ("align", "align*", "flalign", "flalign*", "alignat", "alignat*", "eqnarray", "eqnarray*",
     "aligned", "alignedat", "split", "cases", "dcases", "rcases", "array", "matrix", "pmatrix",
     "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "psmallmatrix", "bsmallmatrix",
     "tabular", "subarray", "drcases", "darray", "Bsmallmatrix", "vsmallmatrix", "Vsmallmatrix",
     "matrix*", "pmatrix*", "bmatrix*", "Bmatrix*", "vmatrix*", "Vmatrix*")
)  # fmt: skip
"""Environments in which & parts columns."""
DISPLAYED = frozenset(
    (*_STARRED, *(f"{name}*" for name in _STARRED), "displaymath", "math", "subequations")
)
"""Environments that begin a formula in a text."""
ENVIRONMENTS = ALIGNED | DISPLAYED | {
    "gathered", "multlined", "itemize", "enumerate", "center", "flushleft", "flushright", "quote"
}  # fmt: skip
NEED_COLUMNS = {
    "array": "{ll}", "darray": "{ll}", "tabular": "{ll}", "subarray": "{c}", "alignat": "{2}",
    "alignat*": "{2}", "alignedat": "{2}",
}  # fmt: skip
"""Environments whose columns are given in braces at their beginning, and an example."""


@cache
def get_context() -> Any:
    """Return pylatexenc's macros with ours."""
    context = latexwalker.get_default_latex_context_db()
    context.add_context_category(
        "formulas",
        macros=[
            macrospec.std_macro(name, spec)
            for spec, names in WITH_ARGUMENTS.items()
            for name in names.split()
        ],
        environments=[
            macrospec.std_environment(name, "{") for name in ("alignedat", "darray", "subarray")
        ],
        prepend=True,
    )
    return context


@cache
def get_known_macros() -> frozenset[str]:
    """Return the names of all macros that are known."""
    contexts = (get_context(), latex2text.get_default_latex_context_db())
    return frozenset(
        name
        for context in contexts
        for category in context.categories()
        for name in context.d[category]["macros"]
    )
