"""Claims about expressions: what is equal, what is not, what stays open, and how fast."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.answers.expressions import MAX_CHARS, expressions_match
from tasks.answers.math_parser import parse_expression
from tasks.answers.math_tokens import Unreadable
from tasks.answers.math_tree import find_degree

EQUAL = [
    ("36\\pi", "36\u03c0"),
    ("36\\pi", "36 pi"),
    ("\\sqrt{2}", "\u221a2"),
    ("\u22125", "-5"),
    ("8", "2^3"),
    ("100", "10^2"),
    ("1/2", "2/4"),
    ("5", "AB = 5"),
    ("5", "x=5"),
    ("\\pi/6", "30\u00b0"),
    ("30", "30\u00b0"),
    ("\\sin 30^\\circ", "1/2"),
    ("180-x", "180^\\circ - x"),
    ("2(x+1)", "2x+2"),
    ("x^2-1", "(x-1)(x+1)"),
    ("\\frac{x^2-1}{x-1}", "x+1"),
    ("\\frac{\\sqrt{2}}{2}", "\\frac{1}{\\sqrt 2}"),
    ("2\\sqrt{3}", "\\sqrt{12}"),
    ("\\sqrt[3]{-8}", "-2"),
    ("\\frac12", "0.5"),
    ("\\frac{1}{2}x", "x/2"),
    ("0.\\overline{3}", "1/3"),
    ("2\\frac{1}{2}", "5/2"),
    ("2 1/2", "2.5"),
    ("\\sqrt2", "1.41421356"),
    ("36\\pi", "113.09734"),
    ("\\sin^2 x+\\cos^2 x", "1"),
    ("cos 2x", "1-2\\sin^2 x"),
    ("sinx", "sin(x)"),
    ("\\tan^{-1} 1", "\u03c0/4"),
    ("\\log_2 8", "3"),
    ("\\frac{\\log 8}{\\log 2}", "3"),
    ("\\ln e^2", "2"),
    ("\\ln(x^2)", "2\\ln x"),
    ("xe^x", "e^{x}x"),
    ("2^{n}*2", "2^{n+1}"),
    ("|x|", "\\sqrt{x^2}"),
    ("5!", "120"),
    ("\\binom{5}{2}", "10"),
    ("(1+i)^2", "2i"),
    ("3+2i", "2i+3"),
    ("1\\pm\\sqrt{2}", "1\\mp 2^{1/2}"),
    ("(a+b)^{300}", "(b+a)**300"),
    ("9**9**9", "9^{9^9}"),
    ("\\left(x+1\\right)^2", "(x+1)^{2}"),
    ("3\\cdot 10^8", "300000000"),
    ("1,234x", "1234x"),
    ("2AB", "2BA"),
    ("\u2220ABC=5", "\\angle CBA=5"),
    ("x_{1}+x_2", "x_2+x_1"),
    ("\\theta+1", "\u03b8+1"),
    ("y=2x+3", "2x-y+3=0"),
    ("x^2+y^2=4", "2x^2+2y^2-8=0"),
    ("f(x)=2x+1", "2x+1"),
    ("2x+1=5", "x=2"),
    ("x>3", "3<x"),
    ("2x\\leq 6", "3\u2265x"),
    ("-1<x<3", "3>x>-1"),
    ("x = 2 + 3 = 5", "5"),
]
DIFFERENT = [
    ("2x", "3x"),
    ("2x", "2X"),
    ("2x", "x^2"),
    ("\\frac{1}{3}", "0.333"),
    ("\\sqrt2", "1.414"),
    ("36\\pi", "36"),
    ("36\\pi", "113"),
    ("2\\sqrt{3}", "\\sqrt{13}"),
    ("-x^2", "(-x)^2"),
    ("3+2i", "2+3i"),
    ("3x^2+C", "3x^2"),
    ("AB*CD", "AC*BD"),
    ("x=5", "y=5"),
    ("x=\\pm 3", "x=\\pm 4"),
    ("y=2x+3", "y=2x+4"),
    ("y=2x+3", "y=x^2"),
    ("x^2+y^2=4", "x^2+y^2=2"),
    ("x>3", "x\\ge 3"),
    ("x>3", "x<3"),
    ("x=3", "x>3"),
    ("-1<x<3", "-1<x<4"),
    ("\\infty", "-\\infty"),
    ("9**9**9", "5"),
]
OPEN = [
    ("no", "on"),
    ("AC", "CA"),
    ("ab", "ba"),
    ("is", "si"),
    ("1/2x", "x/2"),
    ("\\log 100", "2"),
    ("x", "\\sqrt{x^2}"),
    ("PV/T", "P V/T"),
    ("36\\pi\\text{ cm}^2", "36\\pi"),
    ("2 cats", "2c"),
    ("2e3", "2000"),
    ("e^2x", "e^{2x}"),
    ("2 3", "6"),
    ("x2", "x^2"),
    ("1/0", "2"),
    ("10**10**10", "5.5"),
    ("\\int x dx", "x^2/2"),
    ("\\sqrt{2}+10^{-20}", "\\sqrt{2}"),
    ("x^2=4", "x=2"),
    ("(x-1)^2=0", "x=1"),
    ("x=\\pm 3", "x=3"),
]
PAIRS = [(*pair, verdict) for table, verdict in ((EQUAL, True), (DIFFERENT, False), (OPEN, None))
         for pair in table]  # fmt: skip


@pytest.mark.parametrize(("gold", "answer", "verdict"), PAIRS)
def test_verdicts_are_right_and_the_same_both_ways(gold, answer, verdict):
    assert expressions_match(gold, answer) is verdict
    assert expressions_match(answer, gold) is verdict


@pytest.mark.parametrize(("gold", "answer", "verdict"), PAIRS)
def test_no_verdict_changes_with_white_space_or_left_and_right(gold, answer, verdict):
    spaced = answer.replace("+", " + ").replace("=", " = ").replace("(", "\\left(")
    assert expressions_match(gold, f" {spaced.replace(')', chr(92) + 'right)')}\n") is verdict


POLYNOMIALS = st.recursive(
    st.one_of(st.integers(0, 99).map(str), st.sampled_from("xyz")),
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(
        lambda parts: f"({parts[0]}{parts[1]}{parts[2]})"
    ),
    max_leaves=6,  # The square of a sum is three times as long, and is read up to 160 tokens.
)


@given(POLYNOMIALS, POLYNOMIALS)
@settings(max_examples=300)
def test_laws_of_algebra_hold_and_a_changed_constant_never_does(left, right):
    assert expressions_match(f"{left}*{right}", f"{right}*{left}+0") is True
    assert expressions_match(f"({left}+{right})^2", f"{left}^2+2*{left}*{right}+{right}^2") is True
    assert expressions_match(f"{left}+1", f"{left}+2") is False


PIECES = st.sampled_from(
    ["1", "12", "0.5", "x", "y", "(", ")", "{", "}", "[", "]", "+", "-", "*", "/", "^", "_", "!",
     "|", "=", "<", ">=", "'", "%", ".", ",", "e", "i", "AB", "sin", "log", "\\log_", "\\pi",
     "\\frac", "\\frac{1}{2}", "\\sqrt", "\\sqrt[", "\\pm", "\\left(", "\\overline", "\\binom",
     "\\text{", "9**9**9", "infinity", "1/2", " ", "\u00b0", "\u221a", "\u2220", "\ud800", "cm"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=16).map("".join))


@given(TEXTS, TEXTS)
@settings(max_examples=2_000)
def test_any_text_gives_a_verdict_that_is_symmetric_and_never_denies_itself(left, right):
    assert expressions_match(left, right) is expressions_match(right, left)
    assert expressions_match(left, left) is not False


LONG = [
    "(", "{", "\\frac{", "\\frac{1}{", "\\sqrt{", "\\sqrt", "\u221a", "2^", "9**", "-", "!", "x!",
    "1/", "|", "|x|", "sin ", "log ", "\\binom{20}{10}", "a", "AB", "1,", "9", "\\text{", " ", "_",
    "x_{", "x^9+", "(x+1)", "\\sin(x+1)+", "x/2x+", "x=", "x<", "\\pm 1", "0.\\overline{", "\\,",
]  # fmt: skip


@pytest.mark.parametrize("piece", LONG)
def test_no_text_takes_long(piece):
    for text in (piece * (MAX_CHARS // len(piece)), f"1+{piece * 30}", piece * 10_000):
        assert min(measure_seconds(text) for _ in range(3)) < 0.02, text[:40]


def measure_seconds(text: str) -> float:
    start = time.process_time()
    expressions_match(text, "2x+1")
    return time.process_time() - start


@pytest.mark.parametrize(
    ("text", "degree"), [("5", 0), ("2x+1", 1), ("(x+1)^2 y", 3), ("1/x", None), ("x^2/4", 2)]
)
def test_the_degree_of_a_polynomial_is_known(text, degree):
    assert find_degree(parse_expression(text).node) == degree


@pytest.mark.parametrize("text", ["", "x +", "(x", "x)", "\\frac{1}", "\\int x", "x;y", "2 apples"])
def test_what_is_no_expression_is_refused(text):
    with pytest.raises(Unreadable):
        parse_expression(text)
