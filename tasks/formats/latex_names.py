"""The macros and environments that a formula may use.

Those of pylatexenc (symbols, accents, LaTeX's own) and, here, those of amsmath, mathtools, mhchem,
siunitx and cancel that formulas in print need. An argument is written as pylatexenc does: `{` one
that must be there, `[` one that may, `*` a star.
"""

from functools import cache
from typing import Any

from pylatexenc import latex2text, latexwalker, macrospec

WITH_ARGUMENTS = {
    "{": "boxed cancel bcancel xcancel phantom hphantom vphantom substack pmod pod boldsymbol bm"
    " mathring mathop mathbin mathrel mathord mathopen mathclose mathpunct mathinner mathnormal"
    " mathds mathbbm textnormal ce pu si num ang unit intertext shortintertext hdotsfor cline abs"
    " norm bra ket braket Bra Ket Braket smash mathclap mathrlap mathllap overparen underparen"
    " overrightharpoon uline dddot ddddot fbox",
    "{{": "dfrac tfrac binom dbinom tbinom overset underset stackrel cancelto SI qty sideset"
    " prescript textcolor",
    "{{{": "multicolumn",
    "[{": "xrightleftharpoons xLeftrightarrow xRightarrow xLeftarrow xleftrightarrow xlongequal"
    " xmapsto xhookrightarrow xhookleftarrow",
    "[{{": "cfrac",
    "*{": "operatorname tag",
    "": "\\ left right middle big Big bigg Bigg bigl Bigl biggl Biggl bigr Bigr biggr Biggr"
    " bigm Bigm biggm Biggm limits nolimits displaystyle textstyle scriptstyle"
    " scriptscriptstyle sec csc cot coth sech csch arg deg det dim gcd lcm hom ker Pr"
    " injlim projlim varlimsup varliminf iff"
    " implies impliedby land lor gets owns colon hline hdots cdotp ldotp bmod mod nonumber notag"
    " degree celsius ohm micro angstrom thinspace medspace thickspace negthinspace enspace quad"
    " qquad Re Im iiiint oiint oiiint bigsqcup biguplus bigodot centerdot checkmark Box Diamond lhd"
    " rhd unlhd unrhd leadsto over choose atop large Large small footnotesize bf it rm sf tt cal"
    " boldmath lgroup rgroup lbrack rbrack strut mathstrut hfill hfil newline par noindent item"
    " centering doublecap doublecup arrowvert Arrowvert vline ne not lt gt neg leftharpoonup"
    " lessdot imath jmath hbar mathellipsis bigstar blacktriangle dotsc lnot dash nsim ncong arccot"
    " arcsec arccsc argmax argmin sgn tg ctg arctg Longleftarrow bot top models bigl longdiv"
    " varinjlim varprojlim varDelta varGamma varLambda varOmega varPhi varPi varPsi varSigma"
    " varTheta varUpsilon varXi eth Finv Game thicksim thickapprox shortmid shortparallel"
    " nshortmid nshortparallel ulcorner urcorner llcorner lrcorner diagdown diagup copyright pounds"
    " yen euro circledR maltese S P dag ddag lparen rparen ratio coloneqq eqqcolon Coloneqq vdots",
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
     "ang", "label", "ref", "eqref", "tag", "operatorname", "color", "textcolor", "emph")
)  # fmt: skip
"""Macros whose argument is not a formula."""
_STARRED = ("equation", "align", "gather", "multline", "flalign", "alignat", "eqnarray")
ALIGNED = frozenset(
    ("align", "align*", "flalign", "flalign*", "alignat", "alignat*", "eqnarray", "eqnarray*",
     "aligned", "alignedat", "split", "cases", "dcases", "rcases", "array", "matrix", "pmatrix",
     "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "psmallmatrix", "bsmallmatrix",
     "tabular", "subarray")
)  # fmt: skip
"""Environments in which & parts columns."""
DISPLAYED = frozenset(
    (*_STARRED, *(f"{name}*" for name in _STARRED), "displaymath", "math", "subequations")
)
"""Environments that begin a formula in a text."""
ENVIRONMENTS = ALIGNED | DISPLAYED | {"gathered", "itemize", "enumerate", "center"}


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
        environments=[macrospec.std_environment("alignedat", "{")],
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
