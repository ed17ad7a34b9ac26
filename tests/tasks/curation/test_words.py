import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.curation.protection import find_protected, is_protected
from tasks.curation.words import count_words, fold_text, split_words
from tests.tasks.curation.hostile import HOSTILE_TEXTS, assert_linear


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's the user\u2019s 2nd try.", ["It's", "the", "user\u2019s", "2nd", "try"]),
        ("AB\u7b49\u4e8e5cm", ["AB", "\u7b49", "\u4e8e", "5cm"]),
        ("snake_case a-b 'quoted'", ["snake", "case", "a", "b", "quoted"]),
        ("", []),
    ],
)
def test_words_are_runs_of_letters_or_single_han_characters(text, words):
    assert split_words(text) == words


@pytest.mark.parametrize(
    ("text", "num_words"),
    [
        ("It's x = 3 - 4, so\n-1.", 8),
        ("\u56e0\u4e3a\uff0c\u6240\u4ee5\u3002", 4),
        ("AB\u7b49\u4e8e5cm\uff1b \uff08x = 1\uff09", 7),
        ("\u306f\u3044 \uc608 \u043d\u0435\u0442", 4),
        ("", 0),
    ],
)
def test_words_stand_between_blanks_but_han_characters_are_counted_each(text, num_words):
    assert count_words(text) == num_words


@given(st.text(alphabet="ab1 .,-\n\t'", max_size=60))
def test_where_no_han_stands_words_are_counted_as_between_blanks(text):
    assert count_words(text) == len(text.split())


def test_twins_fold_to_one_text():
    assert fold_text("\uff21\uff22  \u201cIs\u201d\n it\u2019s ") == 'ab "is" it\'s'


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ('say "one two" so', ['"one two"']),
        ("$a+b$ and \\(c\\) and `d`", ["$a+b$", "\\(c\\)", "`d`"]),
        ('```\n"x" $y$\n``` z', ['```\n"x" $y$\n```']),
        ("\u300c\u63cf\u8ff0\u300d \u201cq\u201d", ["\u300c\u63cf\u8ff0\u300d", "\u201cq\u201d"]),
        ("don't isn't $5 or $6 and 5\" by 6\"", []),
        ('an "open quote\n\nends "here"', ['"here"']),
        ("\\begin{align}x\\end{align}", ["\\begin{align}x\\end{"]),
    ],
)
def test_quotes_code_and_mathematics_are_protected(text, spans):
    assert [text[start:end] for start, end in find_protected(text)] == spans


@given(st.text(alphabet="ab \n\"'`$\\([])", max_size=60))
def test_protected_spans_are_in_order_and_overlap_as_told(text):
    spans = find_protected(text)
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    assert edges == sorted(edges)
    for place in range(len(text)):
        inside = any(start <= place < end for start, end in spans)
        assert is_protected(spans, place, place + 1) is inside


@pytest.mark.parametrize("name", HOSTILE_TEXTS)
def test_hostile_texts_take_linear_time(name):
    assert_linear(find_protected, HOSTILE_TEXTS[name])
    assert_linear(split_words, HOSTILE_TEXTS[name])
    assert_linear(count_words, HOSTILE_TEXTS[name])
    assert_linear(fold_text, HOSTILE_TEXTS[name])
