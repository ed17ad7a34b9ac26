import random
from itertools import combinations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.curation.near_duplicates import find_links, group_problems
from tasks.curation.question_pairs import QuestionRule
from tasks.curation.splits import assign_splits

LONG = "A ladder of 13 feet leans against a wall; its foot is 5 feet away. How high does it reach?"
SCHEMA = {"problem_id": pl.String, "question": pl.String, "image_hashes": pl.List(pl.String)}


def make_hash(seed: int, num_flipped: int = 0) -> str:
    value = random.Random(seed).getrandbits(256)
    for place in range(num_flipped):
        value ^= 1 << (place * 19)
    return f"{value:064x}"


def make_problems(*rows: tuple) -> pl.DataFrame:
    """Rows of (id, question, [hash])."""
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def link(*rows: tuple, **options) -> list[tuple]:
    return find_links(make_problems(*rows), **options).select(pl.exclude("score")).rows()


def ask(*questions: str, rule: QuestionRule | None = None) -> list[tuple[str, str]]:
    rows = ((f"p{i}", question, None) for i, question in enumerate(questions))
    return [row[:2] for row in link(*rows, rule=rule)]


@pytest.mark.parametrize(
    ("other", "is_linked"),
    [
        (LONG, True),
        (LONG.upper(), True),
        (f"<image>\n{LONG}  ", True),
        (LONG.replace("ladder", "Ladder").replace("feet", "ft"), True),
        (LONG.replace("How high", "How far up"), True),
        (LONG.replace("13", "15"), False),
        (LONG + " Give the answer in inches, and explain each of your steps in detail.", False),
        ("A train of 13 cars leaves at 5 o'clock. When does it reach the next town?", False),
    ],
)
def test_questions_that_ask_the_same_are_linked(other, is_linked):
    assert ask(LONG, other) == ([("p0", "p1")] if is_linked else [])


def test_numbers_may_differ_where_the_rule_says_so():
    rule = QuestionRule(has_same_numbers=False)
    assert ask(LONG, LONG.replace("13", "15"), rule=rule) == [("p0", "p1")]


def test_short_questions_and_templates_link_nothing():
    assert ask("Find x.", "Find x.") == []
    assert ask("Find x.", "Find x.", rule=QuestionRule(min_words=1)) == [("p0", "p1")]
    assert ask(*[LONG] * 9) == []
    assert len(ask(*[LONG] * 8)) == 7


def test_images_that_look_alike_are_linked():
    rows = [
        ("a", "?", [make_hash(1)]),
        ("b", "?", [make_hash(2), make_hash(1, 12)]),
        ("c", "?", [make_hash(3), None]),
        ("d", "?", [make_hash(3)]),
        ("e", "?", [make_hash(1, 13)]),
        ("f", "?", []),
        ("g", "?", None),
        ("h", "?", [None]),
    ]
    expected = {("a", "b", "image"), ("c", "d", "image"), ("b", "e", "image")}
    assert set(link(*rows)) == expected
    assert set(link(*rows, max_distance=0)) == {("c", "d", "image")}


def test_scores_say_how_alike():
    links = find_links(make_problems(("a", LONG, [make_hash(1)]), ("b", LONG, [make_hash(1, 8)])))
    assert links.select("kind", "score").rows() == [("image", 1 - 8 / 256), ("question", 1.0)]


def test_a_group_is_all_that_is_linked_at_any_remove():
    problems = make_problems(
        ("d", LONG, [make_hash(1)]),
        ("c", "?", [make_hash(1)]),
        ("b", LONG, [make_hash(2)]),
        ("a", "?", [make_hash(3)]),
    )
    groups = group_problems(problems, find_links(problems))
    assert groups.rows() == [("a", "a"), ("b", "b"), ("c", "b"), ("d", "b")]
    shuffled = problems.sample(fraction=1, shuffle=True, seed=1)
    assert group_problems(shuffled, find_links(shuffled)).equals(groups)


def test_no_problems_have_no_groups():
    empty = make_problems()
    assert group_problems(empty, find_links(empty)).height == 0


PROBLEMS = st.lists(
    st.tuples(
        st.sampled_from([LONG, LONG.replace("wall", "tree"), LONG.replace("13", "17"), "Why?"]),
        st.lists(st.integers(0, 9).map(make_hash), max_size=2),
    ),
    max_size=14,
)


@settings(max_examples=60)
@given(PROBLEMS, st.integers(0, 6), st.integers(0, 6), st.integers(0, 3))
def test_splits_share_neither_image_nor_question(rows, test_size, grpo_size, seed):
    problems = make_problems(*((f"{i:02}", *row) for i, row in enumerate(rows)))
    groups = group_problems(problems, find_links(problems))
    sizes = {"test": test_size, "grpo": grpo_size, "sft": None}
    splits = assign_splits(groups, sizes, seed=seed)
    assert splits["problem_id"].to_list() == sorted(problems["problem_id"])
    placed = problems.join(splits, on="problem_id").rows(named=True)
    for first, second in combinations(placed, 2):
        is_same = first["question"] == second["question"] != "Why?"
        if is_same or set(first["image_hashes"]) & set(second["image_hashes"]):
            assert first["split"] == second["split"]
    counts = [row["split"] for row in placed]
    assert counts.count("test") <= test_size
    assert counts.count("grpo") <= grpo_size
    assert None not in counts


def make_groups(*groups: str, **fits: list[bool]) -> pl.DataFrame:
    ids = [f"{i:02}" for i in range(len(groups))]
    return pl.DataFrame({"problem_id": ids, "group": list(groups), **fits})


def split_of(rows: pl.DataFrame, sizes: dict, **options) -> list[tuple]:
    return assign_splits(rows, sizes, **options).select("split", "drop_reason").rows()


def test_a_row_that_does_not_fit_its_groups_split_is_dropped_with_a_reason():
    rows = make_groups("a", "a", "a", "b", "c", sft=[True, True, False, False, False],
                       grpo=[False, False, True, True, False])  # fmt: skip
    assert split_of(rows, {"sft": None, "grpo": None}) == [
        ("sft", None),
        ("sft", None),
        (None, "other_split"),
        ("grpo", None),
        (None, "no_split"),
    ]


def test_a_group_too_large_for_a_split_goes_elsewhere():
    rows = make_groups(*"aaaab")
    placed = split_of(rows, {"test": 3, "sft": None})
    assert placed == [("sft", None)] * 4 + [("test", None)]
    assert split_of(rows, {"test": 3}) == [(None, "no_split")] * 4 + [("test", None)]


def test_another_seed_deals_otherwise_and_more_rows_move_few():
    rows = make_groups(*(f"g{i}" for i in range(400)))
    sizes = {"test": 100, "sft": None}
    first, second = (assign_splits(rows, sizes, seed=seed) for seed in (0, 1))
    assert (first["split"] == "test").sum() == (second["split"] == "test").sum() == 100
    assert 40 < ((first["split"] == "test") & (second["split"] == "test")).sum() + 20 < 60
    fewer = assign_splits(rows.head(390), sizes)
    kept = fewer.join(first, on=["problem_id", "split"]).height
    assert kept > 380


def test_null_means_that_a_row_does_not_fit():
    rows = make_groups("a", sft=[None])
    assert split_of(rows.cast({"sft": pl.Boolean}), {"sft": None}) == [(None, "no_split")]


def test_a_negative_size_is_refused():
    with pytest.raises(ValueError, match="size of split 'test' must not be negative, got -1"):
        assign_splits(make_groups("a"), {"test": -1})
