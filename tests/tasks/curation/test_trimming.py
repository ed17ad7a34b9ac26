import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.curation.trimming import REFLECTION_CUES, find_cues, is_over_words, trim_reflection
from tests.tasks.curation.hostile import HOSTILE_TEXTS, assert_linear

R1_THOUGHT = (
    "Okay, the triangle has legs 6 and 8, so the hypotenuse is 10.\n\n"
    "Wait, is the right angle at B? The figure says so, hence 10.\n\n"
    "But wait, 36 + 64 is 100, and its root is 10. The answer is 10."
)


@pytest.mark.parametrize(
    ("thought", "answer", "expected"),
    [
        (R1_THOUGHT, "10", "Okay, the triangle has legs 6 and 8, so the hypotenuse is 10."),
        ("It is B. But the question asks for the sum. So 7.", "B", "It is B."),
        ("Half of 8 is 4. Wait, a quarter: 2. Wait, yes, 2.", "2",
         "Half of 8 is 4. Wait, a quarter: 2."),
        ("So it is 3. wait, no. Await, he said. So, Wait, 3.", "3", None),
        ('It is 3. He said "Wait, stop" and "But wait, why?"', "3", None),
        ("The cost is $1,250. Wait, let me check.", "$1,250", "The cost is $1,250."),
        ("The sum is 12.5. Wait, so 12?", "12", None),
        ("x is -5. Wait, so 5?", "5", None),
        ("It is 0.5. Wait, 5?", "5", None),
        ("Yes.Wait, is it?", "Yes", None),
        ("So: 10\nWait, check.", "10", "So: 10"),
        ("So \\boxed{\\frac{1}{2}}. Wait, hm", "\\frac{1}{2}", "So \\boxed{\\frac{1}{2}}."),
        ("It is 3. But   wait, no: 4.", "3", "It is 3."),
        ("So 5 + 5 = 10. That fits. Wait, 5 + 6 is 11.", "10", None),
        ("So the answer is 10. That fits. Wait, let me check.", "10",
         "So the answer is 10. That fits."),
        ("So 12 - 7 = 5. Wait, is it? Yes.", "5", "So 12 - 7 = 5."),
        ("It makes food, so option A. Wait, B? No, A.", "A", "It makes food, so option A."),
    ],
)  # fmt: skip
def test_a_thought_is_cut_where_it_first_concludes(thought, answer, expected):
    assert trim_reflection(thought, answer).text == (thought if expected is None else expected)


@pytest.mark.parametrize(
    ("answer", "thought"),
    [
        ("A", "Okay, let me look at a diagram of the food web. Wait, the question asks which "
              "organism is the producer. Algae make food, so option A."),
        ("I", "Hmm, I'm looking at a food web. But wait, which is the producer? Kelp: it is I."),
        ("5", "I see 5 bars in the chart. Wait, the question asks for more. 12 - 7 = 5."),
        ("B", "Not B. Wait, let me check A, C and D. None of them. So B."),
        ("12", "Is it 12? Wait, let me compute: 6 * 2 = 12."),
        ("4", "The answer isn't 4. Wait, actually it is 4."),
        ("yes", "Yes, there is no gap so the answer could be no. Wait, no: there is one. Yes."),
        ("5", "The sides are 3, 4 and 5. But wait, the area is asked for: 3 * 4 / 2 = 6."),
    ],
)  # fmt: skip
def test_a_mention_of_the_answer_before_a_cue_cuts_nothing(answer, thought):
    assert trim_reflection(thought, answer).text == thought


def test_the_cue_of_the_cut_is_told():
    trim = trim_reflection(R1_THOUGHT, "10")
    assert trim.cue == "Wait,"
    assert R1_THOUGHT[len(trim.text) :].lstrip().startswith(trim.cue)


def test_an_answer_given_in_the_premises_alone_is_no_conclusion():
    filler = "Many other things follow from the figure. " * 10
    thought = f"Side 3 is given. {filler}Wait, the other side is 3 too. So 3."
    assert trim_reflection(thought, "3").text == thought


def test_cues_of_other_languages_are_cues():
    thought = "所以是五。等等,我再看看。"
    assert trim_reflection(thought, "五", cues=["等等,"]).text == "所以是五。"


@pytest.mark.parametrize("cues", [(), ("",), (" ",)])
def test_without_cues_nothing_is_cut(cues):
    assert trim_reflection(R1_THOUGHT, "10", cues).text == R1_THOUGHT


WORDS = st.sampled_from([*REFLECTION_CUES, "7", "So 7.", "12", "no.", "\n\n", '"', "$", "`", "B."])


@given(st.lists(WORDS | st.text(max_size=5), max_size=30).map(" ".join), st.sampled_from("7B"))
def test_trimming_never_loses_the_answer_nor_empties_a_thought(thought, answer):
    trim = trim_reflection(thought, answer)
    assert thought.startswith(trim.text)
    assert trim.text.strip() or not thought.strip()
    assert trim.cue is None or answer in trim.text
    assert trim.cue is not None or trim.text == thought
    assert trim_reflection(trim.text, answer).text == trim.text


def test_the_word_limit_counts_words_between_blanks():
    assert not is_over_words("word " * 500)
    assert is_over_words("word\n" * 501)
    assert is_over_words("a b c", max_words=2)
    assert is_over_words("三角形的面积是十二。" * 60)


@pytest.mark.parametrize("name", HOSTILE_TEXTS)
def test_hostile_thoughts_take_linear_time(name):
    assert_linear(lambda text: trim_reflection(text, "10"), HOSTILE_TEXTS[name])


def test_hostile_answers_do_no_harm():
    assert trim_reflection("Wait, " * 2000, "x" * 100_000).cue is None
    assert len(find_cues("\ud800 Wait, \udfff Wait,", ["Wait,"])) == 2
