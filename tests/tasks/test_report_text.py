import html

import pytest

from tasks.report.text import clean_text, clip, count_noun, write_percent, write_word


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "\u241b[31mred\u241b[0m"),
        ("a\x00b\x7f", "a\u2400b\u2421"),
        ("one\r\ntwo\n\tthree", "one\ntwo\n\tthree"),
        ("\u202egpj.exe\u2066", "\ufffdgpj.exe\ufffd"),
        ("\ud800 \x9b", "\ufffd \ufffd"),
    ],
)
def test_controls_become_signs_that_show_them(text, shown):
    assert clean_text(text) == shown


def test_a_short_text_stays_as_it_is():
    assert clip("abc", 3) == "abc"


def test_a_long_text_says_how_much_is_gone():
    assert clip("a" * 1_500, 10) == "a" * 10 + " ... (1,490 more characters)"


@pytest.mark.parametrize("sign", ["<", '"', "\U0001f600", "\x1b", "&"])
def test_a_cut_counts_the_bytes_of_the_page(sign):
    cut, _ = clip(sign * 10_000, 600).split(" ... ")
    assert 590 < len(html.escape(clean_text(cut)).encode()) <= 600


def test_counts_agree_with_their_nouns():
    assert [count_noun(n, "token") for n in (0, 1, 1200)] == ["0 tokens", "1 token", "1,200 tokens"]


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "-"),
        (0, 9, "0%"),
        (1, 1000, "<1%"),
        (999, 1000, ">99%"),
        (9, 9, "100%"),
        (1, 3, "33%"),
    ],
)
def test_a_share_is_round_only_where_it_is(part, whole, text):
    assert write_percent(part, whole) == text


def test_names_are_written_as_people_write_them():
    names = ("yes_no", "tied_with_shortest", "exact")
    assert [write_word(name) for name in names] == ["yes/no", "tied with shortest", "exact"]
