import pytest

from tasks.curation.conclusions import CONCLUSION_CHARS, concludes_with
from tests.tasks.curation.hostile import HOSTILE_TEXTS, assert_linear


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("10", "Okay, let's see. The legs are 6 and 8, so the hypotenuse is 10."),
        ("5", "12 - 7 = 5."),
        ("A", "So option A."),
        ("A", "So the answer is A."),
        ("B", "The answer must be (B)."),
        ("C", "So it's option C."),
        ("D", "Therefore, the correct choice is **D**."),
        ("A", "That gives \\boxed{A}."),
        ("12", "So the answer is $\\boxed{12}$."),
        ("10", "Therefore, AC equals 10 cm."),
        ("1250", "Hence the total cost is $1,250."),
        ("5", "So she has 5 apples left."),
        ("27", "Adding them up gives 27."),
        ("yes", "So yes, she has enough money."),
        ("no", "So no, she does not have enough."),
        ("yes", "The answer is yes."),
        ("yes", "So the answer is (A) yes."),
        ("4", "Since it is not a square, the answer is 4."),
        ("4", "The answer is 4, not 5."),
        ("10", "So the answer is 10. That makes sense."),
        ("10", "Final answer: 10"),
        ("10", "**Answer:** 10"),
        ("10", "So the total is:\n10"),
        ("12", "So the area is\n\\[ 3 \\cdot 4 = 12 \\]"),
        ("4", "Thus, x = 4."),
        ("42", "It comes to 42 dollars."),
        ("kelp", "So the producer is kelp."),
        ("Arctic fox", "Therefore the organism is the Arctic fox."),
        ("kelp", "So kelp is the producer."),
        ("50", "So the ratio is 50%."),
        ("34", "The median is 34."),
        ("8", "Let's see, 5 + 3 = 8."),
        ("9:15 A.M.", "Therefore the train leaves at 9:15 A.M."),
        ("5", "所以答案是5。"),
        ("A", "因此选A。"),
        ("5", "12减7等于5。"),
        ("27", "一共有27个苹果。"),
        ("鲸鱼", "所以鲸鱼是答案。"),
        ("8", "答案为\\boxed{8}。"),
        ("rhombus", "So the shape is a rhombus."),
        ("45", "That means the angle is 45 degrees, which is 45."),
        ("5", "So that's 5."),
        ("I", "So, the answer is I."),
    ],
)
def test_a_sentence_that_leads_to_the_answer_concludes_with_it(answer, text):
    assert concludes_with(text, answer)
    assert concludes_with(f"We look at it first. {text}\n\n", answer)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("A", "Okay, let me look at a diagram of the food web."),
        ("I", "Hmm, I'm looking at a food web."),
        ("I", "So I need to look at the food web."),
        ("I", "So I see."),
        ("5", "I see 5 bars in the chart."),
        ("B", "Not B."),
        ("12", "Is it 12?"),
        ("4", "The answer isn't 4."),
        ("yes", "Yes, there is no gap so the answer could be no."),
        ("no", "Yes, there is no gap so the answer could be no."),
        ("A", "The figure shows a triangle, and A is a vertex."),
        ("5", "The sides are 3, 4 and 5."),
        ("5", "Okay, so there are 5 bars in the chart."),
        ("5", "So the chart has 5 bars."),
        ("5", "Given AB = 5."),
        ("7", "Maybe the answer is 7."),
        ("4", "If x is 4, the answer is 4."),
        ("A", "So it is A or B."),
        ("B", "So it is A or B."),
        ("C", "So the options are A, B and C."),
        ("A", "So let me check option A."),
        ("5", "The total is 5 more than 7."),
        ("5", "So 5 of the 12 bars are red."),
        ("no", "There is no gap."),
        ("4", "The answer is 4, but that is not an option."),
        ("12", "So 12 is wrong."),
        ("4", "The answer can't be 4."),
        ("4", "The answer is 4? Hmm."),
        ("4", "So the answer is 4. But is it right?"),
        ("4", "So the answer is 4. That's not right."),
        ("5", "The table shows that tea is 5."),
        ("5", "The answer is 1/5."),
        ("5", "So 5^2."),
        ("5", "It is 5:30."),
        ("5", "The value is 5 to 10."),
        ("B", "The question asks which one is B."),
        ("yes", "We need to find whether the answer is yes."),
        ("5", "答案不是5。"),
        ("5", "答案是5吗\uff1f"),
        ("5", "图中有5个苹果。"),
        ("5", "可能是5。"),
        ("A", "我看到A点。"),
        ("5", "如果答案是5,那么面积是10。"),
        ("5", "x + 5 = 12."),
        ("5", "5 = 12 - 7."),
        ("5", "So 5 = x + 2."),
        ("A", "Let's start with option A."),
        ("A", "In option A, the sum is 10."),
        ("A", "So a diagram is drawn."),
        ("kelp", "So the food web shows that kelp is eaten."),
        ("A", "So A, B and C are wrong."),
    ],
)
def test_a_mention_a_doubt_or_a_denial_of_the_answer_is_no_conclusion(answer, text):
    assert not concludes_with(text, answer)


def test_only_the_end_of_a_segment_concludes():
    assert not concludes_with("So 12 - 7 = 5. Next, the bars of the second chart are read.", "5")
    assert not concludes_with("So the sum is 5. " + "Then on. " * CONCLUSION_CHARS, "5")


@pytest.mark.parametrize("answer", ["", " . ", "x" * 100_000, "\ud800", "[", "(?P<"])
def test_any_answer_can_be_asked_for(answer):
    assert not concludes_with("So it is 5.", answer)


@pytest.mark.parametrize("name", HOSTILE_TEXTS)
def test_hostile_segments_take_linear_time(name):
    for answer in ("10", "A", HOSTILE_TEXTS[name]):
        assert_linear(lambda text, answer=answer: concludes_with(text, answer), HOSTILE_TEXTS[name])
