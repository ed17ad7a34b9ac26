import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.curation.leak_table import HARMLESS_PHRASES, LEAK_PHRASES, LeakKind, LeakPhrase
from tasks.curation.leaks import find_leaks, index_leaks, name_leak
from tasks.curation.phrase_index import expand_phrase
from tests.tasks.curation.hostile import HOSTILE_TEXTS, assert_linear
from tests.tasks.curation.leak_cases import HARMLESS, LEAKING

LEAKS = [
    ("The description says that AB is parallel to CD.", "description"),
    ("Let me look at the image description again.", "description"),
    ("According to the description, there are 5.", "description"),
    ("Based on\n this detailed description we see", "description"),
    ("as described in the picture", "description"),
    ("The user's description has two bars", "description"),
    ("From the caption: a red bus", "description"),
    ("the image caption mentioned 1990", "description"),
    ("The text says 14 cm.", "text"),
    ("According to the text, 14.", "text"),
    ("It is mentioned in the text", "text"),
    ("But the given answer is 12, so", "answer"),
    ("the answer is provided as 12", "answer"),
    ("the correct answer is given as C", "answer"),
    ("which matches the provided answer", "answer"),
    ("the ground truth is B", "answer"),
    ("the answer key says 4", "answer"),
    ("The expected answer, 7, differs", "answer"),
    ("As an AI language model, I reason", "blind"),
    ("Since I can\u2019t see the image, I guess", "blind"),
    ("I don't have access to the figure", "blind"),
    ("without seeing the actual image", "blind"),
    ("the image isn't provided", "blind"),
    ("Revised CoT: the bars", "revision"),
    ("no visualization needed", "revision"),
    ("根据描述,图中有三个苹果。", "description"),
    ("图片描述里说有三个苹果", "description"),
    ("描述中提到一个圆", "description"),
    ("文本中提到半径为五", "text"),
    ("给定的答案是五", "answer"),
    ("參考答案是五", "answer"),
    ("答案已经给出", "answer"),
    ("我看不到这张图", "blind"),
    ("作为一个AI", "blind"),
]

CLEAN = [
    "Looking at the image, AB is parallel to CD.",
    "Okay, let's see. The chart shows 5 apples. Wait, let me check again.",
    "The answer is 12. The given angle is 30 degrees, and the answer should be positive.",
    "We are given that x = 2. The figure is labeled ABC.",
    "This describes a circle; the textbook says nothing here.",
    "I see the text '50 mph' on the sign. The text is white.",
    "Mistake: the final answer must be an integer.",
    "题目给出了半径,所以答案是五。图中显示有三个苹果。",
]


@pytest.mark.parametrize(("text", "kind"), LEAKS + LEAKING)
def test_mentions_of_what_the_reasoner_was_given_are_leaks(text, kind):
    assert name_leak(find_leaks(text)) == f"leak_{kind}"


@pytest.mark.parametrize("text", CLEAN + HARMLESS)
def test_plain_looking_and_reasoning_is_no_leak(text):
    assert find_leaks(text) == []


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("The text says 'stop'.", "What does the text on the sign say?"),
        ("Looking at the caption, (B) fits.", "Which caption fits the picture?"),
        ("The description says a dog.", "Does the description match?\n(A) yes\n(B) no"),
        ("The given answer is wrong.", "Is the given answer right?"),
        ("As an AI robot it moves", "Which robot has AI?"),
        ("根据描述,是五。", "请根据下面的描述作答"),
        ("The netlist shows R1.", "Which netlist is the circuit's?"),
        ("In the CSV data, 5.", "Which CSV file is shown?"),
        ("The given solution is clear.", "Which has the lower concentration of solute?"),
    ],
)
def test_the_questions_own_words_are_no_leak(text, question):
    assert find_leaks(text, question) == []
    assert find_leaks(text, "How many are there?")


def test_other_leaks_stay_leaks_when_the_question_speaks_of_one():
    leaks = find_leaks("The caption fits. The given answer is B.", "Which caption fits?")
    assert [(leak.kind, leak.text) for leak in leaks] == [(LeakKind.ANSWER, "The given answer")]


def test_a_leak_is_named_where_it_stands():
    text = "So 5. But the image description mentions 6."
    (leak,) = find_leaks(text)
    assert text[leak.start :].startswith(leak.text)
    assert leak.text == "the image description"


def test_a_table_of_ones_own_takes_the_place_of_ours():
    table = index_leaks([LeakPhrase(LeakKind.TEXT, "en", "", "the? blurb")])
    assert name_leak(find_leaks("As the blurb goes", phrases=table)) == "leak_text"
    assert name_leak(find_leaks("As the caption goes", phrases=table)) is None


@pytest.mark.parametrize("line", LEAK_PHRASES, ids=lambda line: line.phrase)
def test_every_form_of_every_line_is_found(line):
    for form in expand_phrase(line.phrase):
        assert find_leaks(f"Well, {form} so."), form
    assert line.language in ("en", "zh")


@pytest.mark.parametrize("phrase", HARMLESS_PHRASES)
def test_no_form_of_a_harmless_phrase_is_a_leak(phrase):
    for form in expand_phrase(phrase):
        assert not find_leaks(f"Well, {form} so."), form


def test_only_a_place_right_before_makes_a_text_one_that_is_seen():
    assert find_leaks("At the top of the sign, the text says STOP.") == []
    assert find_leaks("I look at the sign again and, yes, the text says STOP.")
    assert find_leaks("In the picture, the description says STOP.")


@given(st.text(max_size=300), st.text(max_size=100))
def test_any_text_is_read(text, question):
    for leak in find_leaks(text, question):
        assert text[leak.start :].startswith(leak.text)


@pytest.mark.parametrize("name", HOSTILE_TEXTS)
def test_hostile_texts_take_linear_time(name):
    assert_linear(find_leaks, HOSTILE_TEXTS[name])
