from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tasks.report.bins import choose_edges, fill_bins, find_quantile, is_linear, name_bin

COUNTS = st.dictionaries(st.integers(0, 200_000), st.integers(1, 50), min_size=1, max_size=40)


def test_the_median_is_a_value_that_occurred():
    assert find_quantile({1: 2, 5: 1, 9: 1}, 0.5) == 1
    assert find_quantile({1: 1, 5: 1, 9: 1}, 0.5) == 5


def test_like_lengths_get_a_linear_scale_of_round_steps():
    assert choose_edges({300: 5, 420: 5, 480: 1}) == list(range(300, 481, 10))


def test_a_long_tail_gets_a_logarithmic_scale():
    edges = choose_edges({3: 90, 40: 10, 900: 10})
    assert edges == [3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700]
    assert not is_linear(edges)


def test_the_last_bin_has_what_is_longer():
    edges = choose_edges(Counter({10: 1_000, 9_999: 1}))
    assert fill_bins({10: 1_000, 9_999: 1}, edges)[-1] == 1_001
    assert name_bin(len(edges) - 1, edges) == "10 tokens and more"


@given(COUNTS)
def test_no_rollout_is_lost_between_bins(counts):
    edges = choose_edges(counts)
    assert edges == sorted(set(edges))
    assert 1 <= len(edges) <= 40
    assert sum(fill_bins(counts, edges)) == sum(counts.values())
