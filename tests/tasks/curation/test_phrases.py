import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.curation.phrase_index import PhraseIndex, expand_phrase
from tasks.curation.phrases import (
    apply_edits,
    name_replacement_fault,
    replace_phrases,
    write_diff,
)
from tests.tasks.curation.hostile import HOSTILE_TEXTS, assert_linear


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The description says AB is parallel.", "The image shows AB is parallel."),
        ("but the image description mentions two", "but the image shows two"),
        ("the caption doesn\u2019t mention a scale", "the image doesn't show a scale"),
        ("THE CAPTION STATES 5", "THE IMAGE SHOWS 5"),
        ("According to the description, 5.", "According to the image, 5."),
        ("Going by the\n description  of the figure", "Going by the image"),
        ("The image mentioned a bar.", "The image showed a bar."),
        ("as described in the caption", "as shown in the image"),
        ("Descriptions differ; describing is hard; captioned.", None),
        ("the descriptions say, the captioner says", None),
        ("The description. Says who?", "The image. Says who?"),
    ],
)
def test_whole_phrases_are_replaced_longest_first(text, expected):
    assert replace_phrases(text).text == (text if expected is None else expected)


@pytest.mark.parametrize(
    "text",
    [
        'He wrote "the description says so".',
        "She said 'the caption says 5' twice.",
        "\u201cthe caption says\u201d",
        "`the caption` is a key",
        "```\nthe description says\n```",
        "$\\text{the description}$",
        "\\[ \\text{the caption says} \\]",
        "$$the caption$$",
    ],
)
def test_quotes_code_and_mathematics_stay(text):
    assert replace_phrases(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and the caption says $6.",
        "It's John's; the caption says it's 5.",
        '5" wide; the caption says 6" high',
        "an open ` mark, the caption says 5",
    ],
)
def test_money_apostrophes_inches_and_strays_protect_nothing(text):
    assert "the image shows" in replace_phrases(text).text


def test_the_questions_own_words_stay():
    question = "Which sentence fits the caption of the photo?"
    text = "We look at the caption. The description says it is day."
    assert replace_phrases(text, question).text == (
        "We look at the caption. The image shows it is day."
    )


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("What does the description under the photo say?", "The description says 5 cats.", None),
        ("Which caption says it?", "the caption says x", None),
        ("Which description is right?", "The description says 5. This description is long.", None),
        ("Which sentence is in the text?", "as described in the text", None),
        ("\u4e0b\u5217\u63cf\u8ff0\u6b63\u786e\u7684\u662f",
         "\u6839\u636e\u63cf\u8ff0, 5", None),
        ("Which caption fits?", "The description says 5.", "The image shows 5."),
        ("Which word describes the cat?", "The description says 5.", "The image shows 5."),
        ("How many cats?", "The caption says 5.", "The image shows 5."),
        ("", "The caption mentions 5.", "The image shows 5."),
    ],
)  # fmt: skip
def test_what_the_question_speaks_of_stays(question, text, expected):
    assert replace_phrases(text, question).text == (text if expected is None else expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('The sign has the caption "STOP".', None),
        ("The figure caption reads Fig. 1, and the caption is red.", None),
        ("The woman in the picture says hello.", None),
        ("The sign in the image says STOP.", None),
        ("The picture says STOP.", "The image shows STOP."),
        ("According to the caption, 5.", "According to the image, 5."),
        ("As stated in this caption, 5.", "As shown in the image, 5."),
    ],
)
def test_what_is_seen_in_the_image_stays(text, expected):
    assert replace_phrases(text).text == (text if expected is None else expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The description mentioned earlier says 5.", None),
        ("As mentioned in the description above, 5.", None),
        ("The description given below says 5.", None),
        ("The description mentioned in the problem says 5.", None),
        ("The description of the problem says 5.", None),
        ("The description of each option is long.", None),
        ("We know that description of items is missing", None),
        ("the image in the description shows", None),
        ("The image that the description mentions", None),
        ("I don't have the image but the description", None),
        ("The description-based answer", None),
        ("the visual description shows a picture description",
         "the image shows a picture description"),
        ("both the description and the description", "both the image and the description"),
        ("both the caption and the description mention",
         "both the caption and the image mention"),
        ("Now the description says the caption says it.",
         "Now the image shows the caption says it."),
        ("It is a picture description.", "It is an image."),
        ("so that the description matches", "so that the image matches"),
        ("The description mentioned that x", "The image showed that x"),
        ("the description of the bar chart shows", "the image of the bar chart shows"),
        ("the image description of the image says", "the image shows"),
        ("the description of the image says 5", "the image shows 5"),
        ("The image's description mentions it", "The image shows it"),
        ("Compare the image's description", "Compare the image"),
        ("the given image description mentions that", "the image shows that"),
        ("The description indicates that the image shows a cat", "The image shows a cat"),
        ("The description also says, and clearly", "The image also shows, and clearly"),
        ("the description explicitly states 5", "the image clearly shows 5"),
        ("In the description, the image is clear.", "In the image, the image is clear."),
    ],
)  # fmt: skip
def test_an_edit_keeps_meaning_and_grammar_or_is_not_made(text, expected):
    assert replace_phrases(text).text == (text if expected is None else expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("根据描述,有5个苹果。", "从图中看,有5个苹果。"),
        ("根据图片的描述,AB=5。", "从图中看,AB=5。"),
        ("首先,描述中说AB=5。", "首先,图中显示AB=5。"),
        ("因为图片描述提到三角形", "因为图中显示三角形"),
        ("由描述可知,x=1", "从图中可知,x=1"),
        ("从描述中可以看出有两条线", "从图中可以看出有两条线"),
        ("在描述中有一只猫", "在图中有一只猫"),
        ("根據圖片的描述,描述中說AB=5", "從圖中看,圖中顯示AB=5"),
        ("看图片的描述,是圆", "看图片,是圆"),
        ("题目描述中说AB=5", None),
        ("题目的描述中说AB=5", None),
        ("根据题目描述,AB=5", None),
        ("根据描述的内容", None),
        ("图片描述了一只猫", None),
        ("根据描述性统计", None),
        ("他说\u201c根据描述\u201d", None),
        ("下面描述函数", None),
        ("根据图中的数据", None),
    ],
)
def test_chinese_phrases_are_replaced_but_not_inside_other_words(text, expected):
    assert replace_phrases(text).text == (text if expected is None else expected)


def test_the_log_repeats_and_undoes_the_edits():
    text = "The caption says 3. So as the description states, 3."
    result = replace_phrases(text)
    assert [(edit.start, edit.before, edit.after) for edit in result.edits] == [
        (0, "The caption says", "The image shows"),
        (26, "the description states", "the image shows"),
    ]
    assert apply_edits(text, result.edits) == result.text
    assert result.num_edited_words == 4
    assert write_diff(text, result.edits).split("\n")[:2] == [
        "- [The caption says] 3. So as the description stat",
        "+ [The image shows] 3. So as the description stat",
    ]


def test_replacing_twice_changes_nothing_more():
    once = replace_phrases("The description says, and this caption mentions, a bar.").text
    assert replace_phrases(once).text == once


def test_a_bad_table_is_caught_by_the_guards():
    blind = PhraseIndex([("description", "image"), ("says", "displays"), ("shown", "displays")])
    doubled = replace_phrases("The description says displays it", phrases=blind)
    assert name_replacement_fault(doubled) == "doubled_words"
    sticky = PhraseIndex([("both lines", "tangentstouching"), ("\u56fe", "image")])
    for text in ("tangents touching are both lines", "this \u56fedepicts what depicts image"):
        assert name_replacement_fault(replace_phrases(text, phrases=sticky)) == "stuck_words"


def test_doubles_of_the_original_are_not_the_replacements_fault():
    result = replace_phrases("It is the the same; the caption says so.")
    assert name_replacement_fault(result) is None


def test_too_many_edits_are_a_reason():
    text = "The image description mentions it. " * 8
    assert name_replacement_fault(replace_phrases(text)) == "too_many_edits"
    assert name_replacement_fault(replace_phrases(text), max_edited_words=100) is None


def test_a_phrase_is_written_with_alternatives_and_optional_words():
    assert expand_phrase("the? cat|dog says") == [
        "the cat says", "the dog says", "cat says", "dog says",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="phrase 'a\\?' may be empty"):
        expand_phrase("a?")


WORDS = st.sampled_from(
    ["The", "caption", "says", "the", "description", "of", "image", ",", ".", "\n", "x"]
)
PROSE = st.lists(WORDS, max_size=12).map(" ".join)


@given(PROSE, PROSE, PROSE)
def test_a_quote_comes_through_as_it_was(before, quote, after):
    inner = quote.strip() or "the caption"
    text = f'{before} "{inner}" {after}'
    assert f'"{inner}"' in replace_phrases(text).text


@given(st.text(max_size=200) | PROSE, PROSE)
def test_any_text_is_what_its_edits_say(text, question):
    result = replace_phrases(text, question)
    assert apply_edits(text, result.edits) == result.text
    for edit in result.edits:
        assert text[edit.start :].startswith(edit.before)


@pytest.mark.parametrize("name", HOSTILE_TEXTS)
def test_hostile_texts_take_linear_time(name):
    assert_linear(replace_phrases, HOSTILE_TEXTS[name])
