import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.curation.language import compare_scripts, is_foreign
from tests.tasks.curation.hostile import HOSTILE_TEXTS, assert_linear

ENGLISH = "What is the length of side AB of the triangle?"
CHINESE = "求三角形ABC的边长AB是多少厘米?"


@pytest.mark.parametrize(
    ("thought", "question", "foreign"),
    [
        ("The side AB is 5 because the triangle is isosceles.", ENGLISH, False),
        ("The side AB 等于五厘米, 因为它是等腰三角形。", ENGLISH, True),
        ("因为三角形ABC是等腰三角形,所以AB等于五cm。", CHINESE, False),
        ("Okay, so because the triangle is isosceles, the side is five.", CHINESE, True),
        ("Так как треугольник равнобедренный, сторона равна пяти.", ENGLISH, True),
        ("The angle \u03b8 is \u03c0/3, and \u03b1 + \u03b2 + \u03b3 = \u03c0.", ENGLISH, False),
        ("The sign says 出口, which means exit.", ENGLISH, False),
        ("", ENGLISH, False),
        ("12 + 5 = 17", CHINESE, False),
        ("Since the sides are equal, we get five meters.", "如图,在△ABC中,AB=AC,求BC", True),
        ("We compute AB step by step and get five", "求AB的长", True),
        ("Both lines are parallel, so they agree.", "直线AB和CD平行,EF交AB于G,求∠EGB", True),
        ("Because these angles agree, sin A is given.", "求sin A, cos B, tan C (cm)", True),
        ("因为AB=AC,所以BC等于五。", "如图,在△ABC中,AB=AC,求BC", False),
        ("因为AB=AC,sin A=cos B,所以是5cm", "AB=AC=BC=CD, AD=?求BD", False),
        ("首先看图,因为直线平行,所以答案是五十", "In the figure, find x", True),
        ("The distance between these cities is five", "How far is 北京 to 上海?", False),
        ("The angles are equal, hence five meters", "AB=AC, BC=?", False),
        ("The sides are equal, hence five meters", "HOW FAR IS IT?", False),
    ],
)
def test_a_thought_keeps_to_the_script_of_its_question(thought, question, foreign):
    assert is_foreign(compare_scripts(thought, question)) is foreign


def test_words_of_the_formal_text_are_not_foreign():
    thought = "The bars are 北京 and 上海 and 广州; the tallest is 北京."
    assert is_foreign(compare_scripts(thought, ENGLISH))
    assert not is_foreign(compare_scripts(thought, ENGLISH, "北京,5\n上海,4\n广州,3"))


def test_a_question_in_two_languages_may_be_answered_in_either():
    question = "Translate: 今天天气很好 means what?"
    assert not is_foreign(compare_scripts("今天天气 is the weather today, 很好", question))


def test_japanese_is_written_with_han_characters():
    assert not is_foreign(compare_scripts("三角形の面積は五です", "これはどのくらいですか"))


def test_the_shares_are_told():
    shares = compare_scripts("five 五 six", "how many?")
    assert (shares.expected, shares.main) == ("latin", "latin")
    assert (shares.num_words, shares.num_foreign) == (3, 1)
    assert shares.foreign_fraction == pytest.approx(1 / 3)
    assert compare_scripts("三 cm", CHINESE).main == "han"
    assert compare_scripts("", "").main == "latin"


@given(st.text(max_size=200))
def test_no_text_is_foreign_to_itself_as_a_label(text):
    assert compare_scripts(text, "", text).num_foreign == 0
    assert 0 <= compare_scripts(text, "why").foreign_fraction <= 1


@pytest.mark.parametrize("name", HOSTILE_TEXTS)
def test_hostile_texts_take_linear_time(name):
    assert_linear(lambda text: compare_scripts(text, ENGLISH, text), HOSTILE_TEXTS[name])
