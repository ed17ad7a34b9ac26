"""Which macros a formula may use: every ordinary one, and none of a user's own."""

import pytest

from tasks.formats import validate
from tasks.formats.latex_names import WITH_ARGUMENTS, get_known_macros

BASE = """
alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa varkappa lambda mu nu
xi pi varpi rho varrho sigma varsigma tau upsilon phi varphi chi psi omega digamma Gamma Delta Theta
Lambda Xi Pi Sigma Upsilon Phi Psi Omega aleph beth gimel daleth hbar hslash imath jmath ell wp Re
Im partial infty prime backprime emptyset varnothing nabla surd top bot angle measuredangle
sphericalangle triangle triangledown triangleleft triangleright bigtriangleup bigtriangledown
vartriangle blacktriangle backslash forall exists nexists neg lnot flat natural sharp clubsuit
diamondsuit heartsuit spadesuit square blacksquare lozenge blacklozenge bigstar complement eth Finv
Game Bbbk circledS circledR mho dag ddag dagger ddagger checkmark maltese
"""
OPERATORS = """
pm mp times div ast star circ bullet cdot cap cup uplus sqcap sqcup vee wedge setminus wr diamond
amalg oplus ominus otimes oslash odot bigcirc dotplus smallsetminus Cap Cup doublecap doublecup
barwedge veebar doublebarwedge boxminus boxtimes boxdot boxplus divideontimes ltimes rtimes
leftthreetimes rightthreetimes curlywedge curlyvee circleddash circledast circledcirc centerdot
intercal sum prod coprod int iint iiint iiiint idotsint oint bigcap bigcup bigsqcup bigvee bigwedge
bigodot bigotimes bigoplus biguplus lhd rhd unlhd unrhd sin cos tan cot sec csc arcsin arccos arctan
sinh cosh tanh coth log ln lg exp lim limsup liminf sup inf max min det dim ker gcd hom deg arg Pr
"""
RELATIONS = """
leq le prec preceq ll subset subseteq sqsubset sqsubseteq in vdash geq ge succ succeq gg supset
supseteq sqsupset sqsupseteq ni owns dashv equiv sim simeq asymp approx cong neq ne doteq propto
models perp mid parallel bowtie Join smile frown leqq leqslant eqslantless lesssim lessapprox
approxeq lessdot lll llless lessgtr lesseqgtr lesseqqgtr doteqdot Doteq risingdotseq fallingdotseq
backsim backsimeq subseteqq Subset preccurlyeq curlyeqprec precsim precapprox trianglelefteq
vartriangleleft vDash Vdash Vvdash smallsmile smallfrown bumpeq Bumpeq geqq geqslant eqslantgtr
gtrsim gtrapprox eqsim gtrdot ggg gggtr gtrless gtreqless gtreqqless eqcirc circeq triangleq
thicksim thickapprox supseteqq Supset succcurlyeq curlyeqsucc succsim succapprox trianglerighteq
vartriangleright shortmid shortparallel between pitchfork varpropto blacktriangleleft therefore
because backepsilon blacktriangleright nless nleq nleqslant nleqq lneq lneqq lvertneqq lnsim
lnapprox nprec npreceq precnsim precnapprox nsim nshortmid nmid nvdash nvDash ntriangleleft
ntrianglelefteq nsubseteq subsetneq varsubsetneq subsetneqq varsubsetneqq ngtr ngeq ngeqslant
ngeqq gneq gneqq gvertneqq gnsim gnapprox nsucc nsucceq succnsim succnapprox ncong nshortparallel
nparallel nVDash nVdash ntriangleright ntrianglerighteq nsupseteq supsetneq varsupsetneq
supsetneqq varsupsetneqq
"""
ARROWS = """
leftarrow gets rightarrow to Leftarrow Rightarrow leftrightarrow Leftrightarrow mapsto
hookleftarrow hookrightarrow leftharpoonup leftharpoondown rightharpoonup rightharpoondown
rightleftharpoons leftrightharpoons longleftarrow longrightarrow Longleftarrow Longrightarrow
longleftrightarrow Longleftrightarrow longmapsto iff implies impliedby uparrow downarrow Uparrow
Downarrow updownarrow Updownarrow nearrow searrow swarrow nwarrow leadsto dashrightarrow
dashleftarrow leftleftarrows rightrightarrows leftrightarrows rightleftarrows Lleftarrow Rrightarrow
twoheadleftarrow twoheadrightarrow leftarrowtail rightarrowtail looparrowleft looparrowright
curvearrowleft curvearrowright circlearrowleft circlearrowright Lsh Rsh upuparrows downdownarrows
upharpoonleft upharpoonright restriction downharpoonleft downharpoonright multimap
leftrightsquigarrow rightsquigarrow nleftarrow nrightarrow nLeftarrow nRightarrow nleftrightarrow
nLeftrightarrow
"""
MARKS = """
lbrace rbrace lbrack rbrack langle rangle lfloor rfloor lceil rceil lvert rvert lVert rVert vert
Vert ulcorner urcorner llcorner lrcorner lgroup rgroup lmoustache rmoustache ldots cdots vdots
ddots dots dotsc dotsb dotsm dotsi dotso quad qquad thinspace medspace thickspace negthinspace
displaystyle textstyle scriptstyle scriptscriptstyle limits nolimits tiny small normalsize large
Large LARGE huge
"""


@pytest.mark.parametrize("names", [BASE, OPERATORS, RELATIONS, ARROWS, MARKS])
def test_every_symbol_of_latex_and_of_the_ams_is_known(names):
    assert [name for name in names.split() if name not in get_known_macros()] == []


def test_each_macro_has_one_form():
    names = " ".join(WITH_ARGUMENTS.values()).split()
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", ["N", "R", "myvec", "triangel", "alhpa", "dv", "foo"])
def test_a_macro_of_no_usual_package_is_refused(name):
    (problem,) = validate("latex", f"x \\{name} y")
    assert f"There is no macro '\\{name}'" in problem.message
