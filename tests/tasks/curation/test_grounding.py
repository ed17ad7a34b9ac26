import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.curation.grounding import check_grounding, is_ungrounded
from tasks.curation.labels import find_labels
from tasks.curation.numerals import find_numbers, find_results, read_values
from tests.tasks.curation.hostile import HOSTILE_TEXTS, assert_linear

TABLE = "Fruit | Price\napples | $1,250\npears | 37.5\nplums | fifteen"
FIGURE = "Triangle ABC with AB = 13 and BC = 14; a circle with center O. Resistors R1, R2."


@pytest.mark.parametrize(
    ("thought", "ungrounded"),
    [
        ("Apples cost 1250 and pears 37.5, so 1250 - 37.5 = 1212.5.", ()),
        ("Rounded, pears cost 38 and plums 15.", ()),
        ("Pears cost 41.", ("41",)),
        ("x = 77, so 77 + 37.5 = 114.5", ("77",)),
        ("37.5 plus 15 is 52.5, and half of that is 26.25.", ()),
        ("$\\frac{1250}{15} \\approx 83.33$", ()),
        ("37.5% is 0.375 of it", ()),
        ("There are 4 steps and 360 degrees.", ()),
        ("In 1987 there were 12 and 13.", ("1987", "13")),
        ("15 \u00d7 15 = 225, the root of 225 is 15", ()),
        ("It costs 1,250 or 1,260.", ("1,260",)),
        ("The sum of 15 and 37.5 is 52.5. The tax is 19.", ("19",)),
        ("version v19 of x77", ()),
    ],
)
def test_numbers_are_given_computed_or_ungrounded(thought, ungrounded):
    assert check_grounding(thought, TABLE, "What is the total?").numbers == ungrounded


@pytest.mark.parametrize(
    ("thought", "ungrounded"),
    [
        ("In triangle ABC, AC joins A and C, and OB is a radius.", ()),
        ("Angle DEF is right.", ("DEF",)),
        ("Let D be the midpoint of BC, so AD is a median.", ()),
        ("R1 and R2 are in series with R3", ("R3",)),
        ("Look at point P, and at point A", ("P",)),
        ("By SAS, and OK, WAIT, HMM, I see A cat", ()),
        ("\u2220Q is right", ("Q",)),
    ],
)
def test_labels_are_given_introduced_or_ungrounded(thought, ungrounded):
    assert check_grounding(thought, FIGURE, "Find x.").labels == ungrounded


FIGURE_OF_SIDES = "Length(AB)=13\nLength(BC)=14\nAngle(ABC)=90"
PRICES = "item,price\ntea,12\ncake,34\npie,56"


@pytest.mark.parametrize(
    "thought",
    [
        "1. AB = 13.\n2. So AC^2 = 13^2+14^2 = 169+196 = 365.\n3. AC = sqrt(365) = 19.1.",
        "AC squared is 169 plus 196, so 365, so AC is about 19.1",
        "Let me compute 13 squared: 169. And 14 squared: 196. Square root: about 19.1.",
        "13\u00b2 + 14\u00b2 \u2192 169 + 196 \u2192 365 \u2192 \u221a365 \u2248 19.1",
        "AC=\u221a(13\u00b2+14\u00b2)=\u221a(169+196)=\u221a365\u224819.10",
    ],
)
def test_ordinary_arithmetic_with_sides_is_grounded(thought):
    assert check_grounding(thought, FIGURE_OF_SIDES, "Find AC.").numbers == ()


@pytest.mark.parametrize(
    ("thought", "ungrounded"),
    [
        ("Add 12 and 34 to get 46, and then 46 and 56 to get 102. Divide by 3 to get 34.", ()),
        ("12 + 34 => 46", ()),
        ("Total = 12+34+56, which comes to 102", ()),
        ("11) x\n12) y\n13) z\n14. w\n(15) v\nStep 16: u", ()),
        ("2*3 is 77, is 88, is 99, is 111, is 121", ("88", "99", "111", "121")),
        ("AB is 77, BC is 88, CD is 99.", ("77", "88", "99")),
        ("x+1 is 77. Tea is 88. Cake => 99", ("77", "88", "99")),
        ("The sum is 46, tea is 88 and pie: 99", ("88", "99")),
        ("The square is wide: 77", ("77",)),
        ("There are\n77 cakes and\n88 pies, or\n99.5", ("77", "88", "99.5")),
    ],
)
def test_what_no_arithmetic_comes_to_stays_ungrounded(thought, ungrounded):
    assert check_grounding(thought, PRICES, "What is the total?").numbers == ungrounded


def test_the_question_grounds_as_the_formal_text_does():
    assert check_grounding("It is 77 at Q9.", "", "Is Q9 at 77?").ungrounded_fraction == 0


def test_the_fraction_is_of_what_was_checked():
    result = check_grounding("41, 42, 15 and 37.5 at XY, 3 times", TABLE, "")
    assert (result.numbers, result.labels, result.num_checked) == (("41", "42"), ("XY",), 5)
    assert result.ungrounded_fraction == 0.6
    assert is_ungrounded(result)
    assert not is_ungrounded(result, max_fraction=0.6)


def test_one_stray_number_of_few_is_no_reason():
    result = check_grounding("It is 41.", TABLE, "")
    assert result.ungrounded_fraction == 1
    assert not is_ungrounded(result)
    assert is_ungrounded(result, min_checked=1)


def test_counts_and_constants_are_parameters():
    result = check_grounding("9 and 90", "", "", max_count=5, common=frozenset())
    assert result.numbers == ("9", "90")


@pytest.mark.parametrize(
    ("text", "results"),
    [
        ("12 + 5 = 17", {17.0}),
        ("x + 5 = 17", set()),
        ("x = 17", set()),
        ("3 * 4 = 12. Then y = 99", {12.0}),
        ("3 \\times 4 = 12 = 2 \\cdot 6", {12.0, 2.0, 6.0}),
        ("\\sqrt{144} = 12", {12.0}),
        ("5\u00b2 = 25", {25.0}),
        ("6 loaves - 38 loaves\n  = -32 loaves", {32.0}),
        ("a = 3 + 4\nb = 9", set()),
        ("13^2+14^2 = 169+196 = 365", {169.0, 196.0, 365.0}),
        ("13^2+14^2 = 169 cm^2 + 196 cm^2", {169.0, 2.0, 196.0}),
        ("sqrt(365) = 19.1", {19.1}),
        ("13 squared: 169", {169.0}),
        ("12 + 34 => 46", {46.0}),
        ("34 - 12 -> 22", {22.0}),
        ("\\frac{940}{1760} \u2192 \\frac{47}{88}", {47.0, 88.0}),
        ("56 and 12 \u2192 44", set()),
        ("Add 12 and 34 to get 46, and then 46 and 56 to get 102.", {46.0, 102.0}),
        ("$1.51/kg \u00d7 2 kg = \\boxed{3.02}", {3.02}),
        ("2*3 is 77, is 88, is 99", {77.0}),
        ("2*3 is 6, and tea: 88", {6.0}),
        ("12 + 5 = 17 of 77 apples (99 in all)", {17.0}),
        ("77 + 88 is 165", {165.0}),
        ("x = 77 + 88", set()),
        ("x = \\sqrt{77}", set()),
        ("Side: sqrt(77)", set()),
        ("y = \\frac{a}{b}\n = \\frac{77 games - 88 games}{9} = 5", {5.0}),
        ("x = \\frac{77+61}{9} = \\frac{138}{9}", {138.0, 9.0}),
        ("180^\\circ - 47^{\\circ} - 61^\\circ = 72^\\circ", {72.0}),
        ("2(27) = 54", {54.0}),
        ("The root of" + " a" * 50 + " is 77", set()),
    ],
)
def test_only_arithmetic_gives_results(text, results):
    assert find_results(text) == results


def test_numbers_are_read_as_written():
    assert find_numbers("{12,15} 1,250.5 R1 v1.2 3cm 12:30") == {
        "12": 12.0, "15": 15.0, "1,250.5": 1250.5, "3": 3.0, "30": 30.0,
    }  # fmt: skip
    assert find_numbers("Divide 9 by1,760 and 940 by 1,760.") == {"9": 9, "940": 940, "1,760": 1760}
    assert find_numbers("11) tea\n 12. cake 13) 14") == {"13": 13, "14": 14}
    assert read_values("a dozen of R17") == {12.0, 17.0}
    assert find_labels("AB, ABCD, SHOUT, point X") == ["AB", "ABCD", "X"]


@given(st.text(max_size=200), st.text(max_size=100))
def test_any_text_is_grounded_in_itself(thought, question):
    grounded = check_grounding(thought, thought, question)
    assert grounded.numbers == ()
    assert grounded.labels == ()


@pytest.mark.parametrize(
    "unit", ["2\\circ ", "1 a a ", "= sqrt(", "is $", "1, 2: ", "1,111", "1)\n"]
)
def test_half_an_equality_again_and_again_takes_linear_time(unit):
    assert_linear(find_results, unit)
    assert_linear(find_numbers, unit)


@pytest.mark.parametrize("name", HOSTILE_TEXTS)
def test_hostile_texts_take_linear_time(name):
    assert_linear(lambda text: check_grounding(text, text, text), HOSTILE_TEXTS[name])
