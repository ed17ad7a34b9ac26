import random
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.curation.banding import group_rows, pair_across, pair_within
from tasks.curation.minhash import MinHashPlan, make_keys, sign_texts
from tasks.curation.shingles import shingle_characters, shingle_words


def jaccard(first: str, second: str, size: int = 5) -> float:
    sets = [{t[i : i + size] for i in range(max(1, len(t) - size + 1))} for t in (first, second)]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def make_pair(rng: random.Random, num_changes: int) -> tuple[str, str]:
    letters = [rng.choice("abcdefghijklmnop ") for _ in range(200)]
    changed = list(letters)
    for place in rng.sample(range(200), num_changes):
        changed[place] = rng.choice("qrstuvwxyz")
    return "".join(letters), "".join(changed)


@pytest.mark.parametrize("num_changes", [0, 2, 5, 10, 20, 40])
def test_equal_entries_estimate_the_jaccard_similarity(num_changes):
    rng = random.Random(num_changes)
    errors = []
    for _ in range(30):
        first, second = make_pair(rng, num_changes)
        signatures = sign_texts([first, second])
        errors.append((signatures[0] == signatures[1]).mean() - jaccard(first, second))
    assert abs(np.mean(errors)) < 0.02
    assert np.abs(errors).max() < 0.2


@pytest.mark.parametrize(("low", "high", "least"), [(0.8, 1.0, 0.99), (0.6, 0.8, 0.9)])
def test_similar_texts_become_candidates(low, high, least):
    rng = random.Random(7)
    pairs = [make_pair(rng, rng.randint(1, 12)) for _ in range(400)]
    pairs = [pair for pair in pairs if low <= jaccard(*pair) < high]
    texts = [text for pair in pairs for text in pair]
    found = {tuple(pair) for pair in pair_within(make_keys(sign_texts(texts))).tolist()}
    assert len(pairs) > 30
    assert sum((2 * i, 2 * i + 1) in found for i in range(len(pairs))) >= least * len(pairs)


def test_unlike_texts_are_hardly_ever_candidates():
    rng = random.Random(1)
    texts = ["".join(rng.choice("abcdefgh ") for _ in range(80)) for _ in range(500)]
    assert len(pair_within(make_keys(sign_texts(texts)))) < 5


def test_signatures_do_not_depend_on_neighbors_blocks_or_process(monkeypatch):
    texts = ["the area of the circle", "", "x", "\u4e09\u89d2\u5f62\u7684\u9762\u79ef", "z" * 9000]
    whole = sign_texts(texts)
    monkeypatch.setattr("tasks.curation.minhash.BLOCK_SHINGLES", 10)
    assert (sign_texts(texts) == whole).all()
    assert (sign_texts(texts[3:4])[0] == whole[3]).all()
    # A change of this value makes kept signatures useless.
    assert int(sign_texts(["the area of the circle"])[0, 0]) == EXPECTED
    assert (sign_texts(texts[:1], MinHashPlan(seed=1)) != whole[0]).all()


EXPECTED = 517164038385942792


def test_empty_texts_are_nobodys_candidates():
    keys = make_keys(sign_texts(["", "", "a", ""]))
    assert len(pair_within(keys)) == 0
    assert sign_texts([]).shape == (0, 112)
    assert sign_texts(["\ud800"]).shape == (1, 112)


@given(st.lists(st.text(max_size=12), max_size=8), st.integers(1, 6))
def test_shingles_are_the_runs_of_each_text(texts, size):
    shingles = shingle_characters(texts, size)
    runs = [[t[i : i + size] for i in range(max(len(t) - size + 1, bool(t)))] for t in texts]
    assert np.diff(shingles.starts).tolist() == [len(own) for own in runs]
    flat = [run for own in runs for run in own]
    hashes = shingles.hashes.tolist()
    assert len(set(zip(flat, hashes, strict=True))) == len(set(flat)) == len(set(hashes))
    assert len(shingles.list_texts()) == len(flat)


def test_word_shingles_do_not_cross_texts():
    shingles = shingle_words([["a", "b", "c"], ["b", "c"], []], 2)
    assert np.diff(shingles.starts).tolist() == [2, 1, 0]
    assert shingles.hashes[1] == shingles.hashes[2]


KEYS = st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=3), max_size=12)


def shares(first: list[int], second: list[int]) -> bool:
    return any(a == b for a, b in zip(first, second, strict=True))


@given(KEYS, KEYS)
def test_pairs_are_those_that_share_a_key(first, second):
    rows, others = (np.array(keys, dtype=np.uint64).reshape(-1, 3) for keys in (first, second))
    shares = lambda a, b: any(x == y for x, y in zip(a, b, strict=True))  # noqa: E731
    across = [[i, j] for i, a in enumerate(first) for j, b in enumerate(second) if shares(a, b)]
    within = [
        [i, j]
        for i, a in enumerate(first)
        for j, b in enumerate(first[:])
        if i < j and shares(a, b)
    ]
    assert pair_across(rows, others).tolist() == across
    assert pair_within(rows).tolist() == within


@given(st.integers(1, 12), st.data())
def test_groups_are_the_connected_rows(num_rows, data):
    row = st.integers(0, num_rows - 1)
    pairs = data.draw(st.lists(st.tuples(row, row), max_size=15))
    groups = group_rows(num_rows, np.array(pairs, dtype=np.int64).reshape(-1, 2)).tolist()
    expected = list(range(num_rows))
    for _ in range(num_rows):
        for a, b in pairs:
            expected[a] = expected[b] = min(expected[a], expected[b])
    assert groups == expected


@given(st.integers(2, 40))
def test_a_key_that_all_share_gives_few_candidates_each_and_one_group(max_partners):
    keys = np.zeros((300, 1), dtype=np.uint64)
    pairs = pair_within(keys, max_partners)
    assert len(pairs) <= 300 * max_partners
    assert set(group_rows(300, pairs).tolist()) == {0}
    assert len(pair_across(keys, keys, max_partners)) == 300 * max_partners


def test_a_hundred_thousand_equal_keys_are_not_all_compared():
    start = time.thread_time()
    pair_within(np.zeros((100_000, 2), dtype=np.uint64), max_partners=16)
    # Three seconds; all pairs, which are 50,000 times as many, would take days.
    assert time.thread_time() - start < 60
