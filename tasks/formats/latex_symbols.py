"""Macros without arguments that pylatexenc does not know, and the units of siunitx.

Source: the lists of symbols of LaTeX, amsmath, amssymb, mathtools, latexsym, textcomp, upgreek,
stmaryrd and esint; siunitx manual, section 4.2 (units and prefixes).
"""

OPERATORS = (
    "arccos arccot arccsc arcctg arcsec arcsin arctan arctg arg argmax argmin ch cosec cot coth"
    " cotg csc csch ctg cth deg det dim gcd hom injlim ker lcm lg plim Pr projlim sec sech sgn sh"
    " tg th varinjlim varliminf varlimsup varprojlim bmod mod"
)
RELATIONS = (
    "And Colonapprox Coloneq Coloneqq Colonsim Doteq Eqcolon Eqqcolon Join bot colonapprox"
    " coloneq coloneqq colonsim dblcolon eqcolon eqdef eqqcolon eqsim ggg gggtr gt gvertneqq iff"
    " impliedby implies land lessdot lll llless lnot lor lt lvertneqq models napprox ncong ne"
    " neg nequiv ngeqq ngeqslant ngtrsim nleqq nleqslant nlesssim notni npreceq nshortmid"
    " nshortparallel nsim nsimeq nsqsubseteq nsqsupseteq nsubset nsucceq nsupset owns precnsim"
    " ratio restriction shortmid shortparallel smallfrown smallsmile thickapprox thicksim top"
    " triangleeq vDash varpropto varsubsetneq varsubsetneqq varsupsetneq varsupsetneqq"
    " vartriangle vcentcolon"
)
ARROWS = (
    "adots dasharrow dashleftarrow dashrightarrow gets iddots leadsto leftharpoonup"
    " leftrightarrowtriangle leftarrowtriangle rightarrowtriangle leftsquigarrow"
    " Longleftarrow longmapsfrom Longmapsfrom Longmapsto mapsfrom Mapsfrom Mapsto ndownarrow"
    " nuparrow updownarrows upequilibrium equilibrium lightning"
)
BIG = (
    "bigodot bigsqcap bigsqcup bigtimes biguplus doublebarwedge fint idotsint iiiint landdownint"
    " landupint oiiint oiint ointclockwise ointctrclockwise sqint varointclockwise"
    " varointctrclockwise"
)
SHAPES = (
    "Arrowvert arrowvert Bbbk bigstar blacktriangle Box boxast boxbar boxbslash boxbox"
    " boxcircle boxslash cdotp cdots centerdot checkmark CheckedBox Circle CIRCLE circledR cent"
    " clubsuit colon copyright dag ddag ddagger ddots diagdown diagup diameter Diamond"
    " diamondsuit dotsc doublecap doublecup earth eth euro female Finv Game hbar hdots"
    " heartsuit imath jmath lambdabar lbag lbrack ldotp lgroup lhd llbracket llcorner llparenthesis"
    " lparen lrcorner male maltese mathdollar mathsterling mathellipsis mercury neptune notslash"
    " P perthousand pounds QED rbag rbrack rgroup rhd rparen rrbracket rrparenthesis S"
    " slash smiley frownie spadesuit Square sun third triangle ulcorner unlhd unrhd"
    " urcorner varclubsuit vardiamondsuit varheartsuit varspadesuit vdots vline XBox yen"
    " AA aa AE ae OE oe O o L l ss i j Re Im"
)
GREEK = (
    "varDelta varGamma varLambda varOmega varPhi varPi varPsi varSigma varTheta varUpsilon varXi"
    " upalpha upbeta upgamma updelta upepsilon upvarepsilon upzeta upeta uptheta upvartheta"
    " upiota upkappa uplambda upmu upnu upxi uppi upvarpi uprho upvarrho upsigma upvarsigma uptau"
    " upupsilon upphi upvarphi upchi uppsi upomega Upgamma Updelta Uptheta Uplambda Upxi Uppi"
    " Upsigma Upupsilon Upphi Uppsi Upomega"
)
TEXT_SYMBOLS = (
    "textasciicircum textasciitilde textasteriskcentered textbackslash textbar textbigcircle"
    " textbraceleft textbraceright textbrokenbar textbullet textcelsius textcent textcopyright"
    " textcurrency textdagger textdaggerdbl textdegree textdiv textdollar textdownarrow"
    " textellipsis textemdash textendash texteuro textexclamdown textgreater textleftarrow textless"
    " textlnot textminus textmu textnumero textohm textonehalf textonequarter textonesuperior"
    " textopenbullet textordfeminine textordmasculine textparagraph textperiodcentered"
    " textperthousand textpm textquestiondown textquotedbl textquotedblleft textquotedblright"
    " textquoteleft textquoteright textquotesingle textreferencemark textregistered"
    " textrightarrow textsection textservicemark textsterling textsurd textthreequarters"
    " textthreequartersemdash textthreesuperior texttimes texttrademark texttwosuperior"
    " textunderscore textuparrow textvisiblespace textyen LaTeX TeX LaTeXe AmS"
)
LAYOUT = (
    "\\ above abovewithdelims allowbreak allowdisplaybreaks atop atopwithdelims bfseries big Big"
    " bigg Bigg Biggl biggl Bigl bigl biggm Biggm Bigm bigm biggr Biggr Bigr bigr bf bigskip"
    " boldmath brace brack break cal centering choose clap cr crcr displaybreak displaylimits"
    " displaystyle em enskip enspace footnotesize frak bold Bbb hfil hfill hline hskip hss Huge"
    " huge indent it item itshape kern lower LARGE Large large left leftroot limits linebreak"
    " mathstrut mdseries medskip medspace middle mit mkern MoveEqLeft mskip negmedspace"
    " negthickspace negthinspace newline newpage nobreak nobreakdash noindent nolimits"
    " nolinebreak nonumber normalfont normalsize notag not null oldstyle over overwithdelims"
    " pagebreak par protect qquad quad raise raisetag relax right rm rmfamily sc"
    " scriptscriptstyle scriptsize scriptstyle scshape sf sffamily sl slshape small smallskip"
    " strut textstyle thickspace thinspace tiny tt ttfamily unboldmath uproot upshape vfil vfill"
    " vskip longdiv"
)
UNITS = (
    "ampere angstrom arcminute arcsecond astronomicalunit barn becquerel bel bit byte candela"
    " celsius coulomb dalton day decibel degree degreeCelsius electronvolt farad gram gray"
    " hectare henry hertz hour joule kelvin kilogram knot liter litre lumen lux meter metre"
    " minute mmHg molar mole neper newton nauticalmile ohm pascal percent radian second siemens"
    " sievert steradian tesla tonne volt watt weber"
    " yocto zepto atto femto pico nano micro milli centi deci deca deka hecto kilo mega giga tera"
    " peta exa zetta yotta kibi mebi gibi tebi"
    " per square squared cubic cubed"
    # Those that it writes short, but for single letters.
    " mg kg nm um mm cm dm km ns ms mmol mol kmol mA uA mL Hz kHz MHz GHz kN Pa kPa MPa kohm mV kV"
    " mW kW MW kJ eV keV MeV GeV kWh uF nF pF mH"
)
SYMBOLS = " ".join((OPERATORS, RELATIONS, ARROWS, BIG, SHAPES, GREEK, TEXT_SYMBOLS, LAYOUT, UNITS))
