"""Laws of the verifier: whatever the text, it answers, in time, and twins get one verdict."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.answers import Gold, check_answer, extract_answer, split_thought, type_gold
from tests.tasks.answer_cases import CASES, GOLDS, check_case
from tests.tasks.curation.hostile import assert_linear

PIECES = [
    "<answer>", "</answer>", "<think>", "</think>", "\\boxed{", "}", "{", "The answer is ", "$",
    "5", "-3", "1/2", "1/0", "10^999", "9**9**9", "%", "cm", " or ", "A", "(B)", ". ", "\n", "=",
    ",", "\\frac", "\\text{", "^", "one", "dozen", "1:10 PM", "May 5", "\u00c9", "\u2212",
    "\ud800", "\u2460", "\u0663", "x", "y", "(1, 2)", "[", ")", "\\infty", "\\cup ", "\u00b1",
    "\\begin{pmatrix}1&2", "\\\\", "\\end{pmatrix}", "\\sqrt", "<", ">=", "\\pi", "\u4e8c",
    "\u4e09\u5206\u4e4b", "\u7b54\u6848\u662f", "\u9009\u9879", "\u5398\u7c73", " and ", "not ",
    "is ", "red", ";", "hours ", "minutes", "\u00b0", "'", "!", "hundred ", "negative ",
    "\u207b\u00b9", "+", "*", "/", "-",
]  # fmt: skip
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=14).map("".join))


@given(TEXTS)
@settings(max_examples=400)
def test_no_text_raises(text):
    split_thought(text)
    for gold in GOLDS:
        verdict = check_answer(gold, text)
        assert verdict.is_correct in (True, False, None)
        assert (verdict.answer is None) == (verdict.rule == "no_answer")


@given(TEXTS, st.one_of(st.none(), st.lists(TEXTS, min_size=1, max_size=5)))
@settings(max_examples=400)
def test_any_gold_that_is_taken_accepts_itself(answer, options):
    try:
        gold = type_gold(options[0] if options else answer, options)
    except ValueError:
        return
    if extract_answer(f"<answer>{gold.answer}</answer>").answer == " ".join(gold.answer.split()):
        assert check_answer(gold, f"<answer>{gold.answer}</answer>").is_correct is True


@pytest.mark.slow
def test_a_hundred_thousand_texts_get_a_verdict():
    """Golds of every type, made-up golds too; texts of pieces, and cases cut up and joined."""
    draw = random.Random(0)
    texts = [case["prediction"] for case in CASES] + PIECES
    golds = GOLDS + [type_gold(case["gold"]) for case in CASES if not case.get("options")]
    slowest = 0.0
    for _ in range(100_000):
        parts = [draw.choice(texts) for _ in range(draw.randint(1, 5))]
        text = "".join(part[draw.randint(0, 2) : draw.choice([None, -1, 9])] for part in parts)
        start = time.process_time()
        verdict = check_answer(draw.choice(golds), text)
        slowest = max(slowest, time.process_time() - start)
        assert verdict.is_correct in (True, False, None)
    assert slowest < 1


TWINS = [
    {"-": "\u2212"},
    {"-": "\u2011"},
    {" ": "  "},
    {" ": "\u00a0"},
    {" ": " \t "},
    {"'": "\u2019"},
    {str(digit): chr(0xFF10 + digit) for digit in range(10)},
    {"5": "5\u200b"},
]


@pytest.mark.parametrize("twins", TWINS)
def test_no_verdict_changes_with_white_space_or_unicode_twins(twins):
    table = str.maketrans(twins)
    changed = [
        (case["gold"], case["prediction"])
        for case in CASES
        for text in (case["prediction"].translate(table), f"\n {case['prediction']} \n")
        if check_case(case, text).is_correct is not case["expected"]
    ]
    assert changed == []


CASELESS = {"yes_no", "text", "date", "time", "words", "ratio", "range", "number_word"}


def test_no_verdict_changes_with_case_where_case_carries_nothing():
    changed = [
        (case["gold"], case["prediction"])
        for case in CASES
        if case["type"] in CASELESS and "\\" not in case["prediction"]
        for text in (case["prediction"].upper(), case["prediction"].lower())
        if check_case(case, text).is_correct is not case["expected"]
    ]
    assert changed == []


def test_no_verdict_changes_with_left_and_right():
    changed = [
        (case["gold"], case["prediction"])
        for case in CASES
        if case["type"] in BRACKETED
        and not {"\\left", "box", "]["} & set(case["prediction"].split("("))
        for text in (write_left_right(case["prediction"]),)
        if check_case(case, text).is_correct is not case["expected"]
    ]
    assert changed == []


BRACKETED = {"tuple", "interval", "expression", "list"}


def write_left_right(text: str) -> str:
    for left, right in ("()", "[]"):
        text = text.replace(left, f"\\left{left}").replace(right, f"\\right{right}")
    return text


LONG = [
    "a", "1", "1,", " ", "{", "}", "(", "\\frac{", "\\boxed{", "\\boxed{1}", "<answer>", "$", "*",
    "<answer>1</answer>", "<think>", "</think>", "the answer is ", "the answer is 5. ", "A or ",
    "-", "one-", "1/", "9**", "10^", "x = ", "\n", "Answer:\n", "is ", "\u221a(", "\\text{", "**a ",
    "( B )", "5 cm ", "\u00bd", "twenty ", "5. ", "Mr. ", "! ", "and a half ", "\\sqrt{", "#",
    "final ", "\u4e8c\u5341", "5\u4e07", "hundred and ", "one point ", "(1,2),", "[1,2],",
    "\u00b1", "x<3 or ", "\\begin{pmatrix}1&2\\\\", "\\left(", "1 hour ", "x=1, ", "\\sqrt", "x*",
    "a, b, ", "2\u207b\u00b9", "does ",
]  # fmt: skip


@pytest.mark.parametrize("piece", LONG)
@pytest.mark.parametrize("wrapper", ["{}", "<answer>{}</answer>", "\\boxed{{{}}}"])
def test_time_grows_no_faster_than_the_text(piece, wrapper):
    """Rules see 20,000 characters at most: whatever the gold, a longer text meets the same."""
    for num_chars, golds in ((2_400, GOLDS), (20_000, GOLDS[:2])):
        for gold in golds:
            assert_linear(
                lambda text, gold=gold: check_answer(gold, wrapper.format(text)), piece, num_chars
            )


def measure_seconds(gold: Gold, text: str) -> float:
    start = time.process_time()
    check_answer(gold, text)
    return time.process_time() - start


HARD = {
    "power tower": "9**9**9",
    "tower of tens": "10**10**10",
    "power of powers": "9^{9^{9^{9}}}",
    "10,000 digits": "7" * 10_000,
    "10,000 letters": "x" * 10_000,
    "5,000 nested braces": "{" * 5_000 + "5" + "}" * 5_000,
    "5,000 nested roots": "\\sqrt{" * 5_000 + "5" + "}" * 5_000,
    "5,000 nested fractions": "\\frac{1}{" * 5_000 + "5" + "}" * 5_000,
    "5,000 nested brackets": "(" * 5_000 + "1,2" + ")" * 5_000,
    "300 factors": "*".join(f"(x+{n})" for n in range(300)),
    "a sum to the 300th": "(a+b)**300",
    "300 terms": "+".join(f"{n}*x^{n}" for n in range(300)),
    "a large factorial": "99999999!",
    "factorials of factorials": "9" + "!" * 300,
    "1,000 numbers": ", ".join(map(str, range(1_000))),
    "150 expressions": ", ".join(f"\\sqrt{{{n}}}+x" for n in range(150)),
    "a large exponent": "1e999999999",
    "a union of 200": " \\cup ".join(f"({n},{n + 1})" for n in range(200)),
    "a matrix of 10,000": "["
    + ", ".join("[" + ", ".join("1" * 100) + "]" for _ in range(100))
    + "]",
}


@pytest.mark.parametrize("name", HARD)
def test_no_text_takes_long(name):
    for text in (HARD[name], f"\\boxed{{{HARD[name]}}}", f"The answer is {HARD[name]}."):
        for gold in [*GOLDS, *HARD_GOLDS]:
            assert measure_seconds(gold, text) < 0.5, (gold, text[:50])


def test_no_gold_takes_long():
    for name, answer in HARD.items():
        start = time.process_time()
        gold = type_gold(answer)
        for text in HARD.values():
            check_answer(gold, text)
        assert time.process_time() - start < 2, name


HARD_GOLDS = [type_gold(HARD[name]) for name in ("150 expressions", "300 terms", "1,000 numbers")]
