import polars as pl
import pytest

from tasks.curation.markers import (
    REFLECTION_MARKERS,
    VISION_R1_MARKERS,
    VISION_R1_PER_1000,
    count_markers,
    count_words,
)
from tests.tasks.curation.hostile import HOSTILE_TEXTS, assert_linear

THOUGHTS = pl.Series(
    [
        "Wait, wait. Hmm, hmmm. I made a mistake; let me double-check. Alternatively, check it.",
        "The waiter checked the await keyword. Another approach: verify it.",
        None,
        "",
    ]
)


def test_whole_words_count_in_any_case():
    table = count_markers(THOUGHTS, VISION_R1_MARKERS)
    assert table.select("marker", "num_marks", "num_rows").rows() == [
        ("Wait", 2, 1),
        ("Hmm", 2, 1),
        ("Mistake", 1, 1),
        ("Alternatively", 1, 1),
        ("Check", 3, 2),
    ]


def test_vision_r1s_counts_are_per_1000_of_its_200k_rows():
    assert list(VISION_R1_PER_1000) == list(VISION_R1_MARKERS)
    assert VISION_R1_PER_1000["Wait"] == pytest.approx(2928.6, abs=0.1)


def test_phrases_that_turn_back_count_too():
    table = dict(count_markers(THOUGHTS).select("marker", "num_marks").rows())
    assert (table["Let me check"], table["Another way"], table["Verify"]) == (1, 1, 1)


def test_no_rows_give_a_table_of_zeros():
    table = count_markers(pl.Series([], dtype=pl.String))
    assert table["num_marks"].to_list() == [0] * len(REFLECTION_MARKERS)
    assert table["num_rows"].to_list() == [0] * len(REFLECTION_MARKERS)


def test_words_are_counted_between_blanks():
    assert count_words(THOUGHTS).to_list() == [14, 10, 0, 0]


@pytest.mark.parametrize("name", sorted(HOSTILE_TEXTS.keys() - {"surrogates"}))
def test_hostile_texts_take_linear_time(name):
    assert_linear(lambda text: count_markers(pl.Series([text])), HOSTILE_TEXTS[name])
