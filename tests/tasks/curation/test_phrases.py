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
from tasks.curation.wording import find_doubled_words, find_stuck_words
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


@pytest.mark.parametrize(
    ("text", "doubles"),
    [
        ("The image displays displays a cat.", ["displays displays"]),
        ("It depicts shows a bar", ["depicts shows"]),
        ("The the end", ["the the"]),
        ("I know that that is so. No no, very very big. Hmm hmm.", []),
        ("It is. Is it? A A, 5 5, AB. AB", []),
        ("\u597d \u597d", []),
    ],
)
def test_doubled_words_are_found(text, doubles):
    assert find_doubled_words(text) == doubles


@pytest.mark.parametrize(
    ("text", "stuck"),
    [
        ("Two tangentstouching the circle", ["tangentstouching"]),
        ("The tangents touching, hypotenuse", []),
        ("understanding", []),
        ("x" * 300, []),
    ],
)
def test_stuck_words_are_found(text, stuck):
    vocabulary = {"tangents", "touching", "under", "standing", "understanding", "circle"}
    assert find_stuck_words(text, vocabulary) == stuck


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
    assert_linear(find_doubled_words, HOSTILE_TEXTS[name])
    assert_linear(lambda text: find_stuck_words(text, {"a" * 4}), HOSTILE_TEXTS[name])
