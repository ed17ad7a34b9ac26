import polars as pl
import pytest

from tasks.curation.markers import (
    REFLECTION_MARKERS,
    VISION_R1_MARKERS,
    VISION_R1_PER_1000,
    count_markers,
    count_words,
    summarize_lengths,
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


def test_counts_are_also_per_1000_rows_and_a_share_of_the_rows():
    row = count_markers(THOUGHTS).row(by_predicate=pl.col("marker") == "Wait", named=True)
    assert (row["marks_per_1000"], row["row_fraction"]) == (500.0, 0.25)
    assert VISION_R1_PER_1000["Wait"] == pytest.approx(2928.6, abs=0.1)


def test_phrases_that_turn_back_count_too():
    table = dict(count_markers(THOUGHTS).select("marker", "num_marks").rows())
    assert (table["Let me check"], table["Another way"], table["Verify"]) == (1, 1, 1)


def test_no_rows_give_a_table_of_zeros():
    table = count_markers(pl.Series([], dtype=pl.String))
    assert table["num_marks"].to_list() == [0] * len(REFLECTION_MARKERS)
    assert table["row_fraction"].sum() == 0


def test_lengths_are_summed_up_by_values_that_occur():
    lengths = pl.DataFrame({"words": [1, 2, 3, 4, 100], "tokens": [None, 5, 5, 5, 5]})
    words, tokens = summarize_lengths(lengths, quantiles=(0.5, 0.99)).rows(named=True)
    assert words == {
        "measure": "words", "num_rows": 5, "mean": 22.0, "p50": 3.0, "p99": 100.0, "max": 100.0
    }  # fmt: skip
    assert (tokens["num_rows"], tokens["max"]) == (4, 5.0)


def test_no_lengths_have_no_mean():
    empty = pl.DataFrame({"words": []}, schema={"words": pl.Int64})
    assert summarize_lengths(empty).row(0)[:3] == ("words", 0, None)


def test_words_are_counted_between_blanks():
    assert count_words(THOUGHTS).to_list() == [14, 10, 0, 0]


@pytest.mark.parametrize("name", sorted(HOSTILE_TEXTS.keys() - {"surrogates"}))
def test_hostile_texts_take_linear_time(name):
    assert_linear(lambda text: count_markers(pl.Series([text])), HOSTILE_TEXTS[name])
