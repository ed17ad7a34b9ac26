import polars as pl
import pytest

from tasks.selection import name_drop_reasons, select_rollouts

SCHEMA = {
    "problem_id": pl.String,
    "rollout_index": pl.Int32,
    "status": pl.String,
    "is_correct": pl.Boolean,
    "completion_tokens": pl.Int32,
    "reasoning": pl.String,
    "answer_text": pl.String,
}


def make_rollouts(*rows: tuple) -> pl.DataFrame:
    """Rows of (problem, index, is_correct, tokens), status ok."""
    return pl.DataFrame(
        [(p, i, "ok", correct, tokens, "r" * 9, "a") for p, i, correct, tokens in rows],
        schema=SCHEMA,
        orient="row",
    )


def chosen(rollouts: pl.DataFrame, rule: str = "shortest") -> list[tuple[str, int]]:
    return select_rollouts(rollouts, rule).select("problem_id", "rollout_index").rows()


def test_the_shortest_correct_rollout_is_kept():
    rollouts = make_rollouts(
        ("a", 0, True, 30), ("a", 1, False, 5), ("a", 2, True, 20), ("b", 0, False, 1)
    )
    assert chosen(rollouts) == [("a", 2)]


def test_ties_go_to_the_lowest_index():
    assert chosen(make_rollouts(("a", 3, True, 9), ("a", 1, True, 9))) == [("a", 1)]


def test_the_order_of_rows_does_not_matter():
    rows = [(p, i, (i + ord(p)) % 3 > 0, 50 - i * 7 % 20) for p in "abcdef" for i in range(4)]
    rollouts = make_rollouts(*rows)
    for seed in range(5):
        assert chosen(rollouts.sample(fraction=1, shuffle=True, seed=seed)) == chosen(rollouts)


def test_an_undecided_or_cut_rollout_never_wins():
    rollouts = make_rollouts(("a", 0, None, 1), ("a", 1, True, 2), ("a", 2, True, 3))
    cut = rollouts.with_columns(
        status=pl.when(pl.col("rollout_index") == 1)
        .then(pl.lit("truncated"))
        .otherwise(pl.col("status"))
    )
    assert chosen(cut) == [("a", 2)]


def test_without_token_counts_characters_decide():
    rollouts = make_rollouts(("a", 0, True, None), ("a", 1, True, None)).with_columns(
        reasoning=pl.Series(["long" * 10, "short"])
    )
    assert chosen(rollouts) == [("a", 1)]


def test_first_takes_the_lowest_index():
    assert chosen(make_rollouts(("a", 2, True, 1), ("a", 1, True, 9)), "first") == [("a", 1)]


RULES = ("shortest", "first", "longest", "second_longest", "median")


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([], [None] * 5),
        ([7], [0, 0, 0, 0, 0]),
        ([7, 9], [0, 0, 1, 0, 0]),
        ([9, 7], [1, 0, 0, 1, 1]),
        ([5, 5], [0, 0, 0, 1, 0]),
        ([30, 10, 20, 50, 40], [1, 0, 3, 4, 0]),
        ([30, 10, 50, 50, 40], [1, 0, 2, 3, 4]),
        ([8, 8, 8, 8], [0, 0, 0, 1, 1]),
    ],
)
def test_every_rule_has_its_rollout_of_0_to_5_correct_ones(tokens, expected):
    rollouts = make_rollouts(
        *(("a", i, True, count) for i, count in enumerate(tokens)), ("a", 9, False, 1)
    )
    picked = [next(iter(chosen(rollouts, rule)), (None, None))[1] for rule in RULES]
    assert picked == expected


@pytest.mark.parametrize("rule", RULES)
def test_no_rule_depends_on_the_order_of_rows_or_on_other_problems(rule):
    rows = [(p, i, (i + ord(p)) % 3 > 0, 50 - i * 7 % 20) for p in "abcdef" for i in range(5)]
    rollouts = make_rollouts(*rows)
    assert chosen(rollouts.sample(fraction=1, shuffle=True, seed=1), rule) == chosen(rollouts, rule)
    alone = [pair for p in "abcdef" for pair in chosen(rollouts.filter(problem_id=p), rule)]
    assert chosen(rollouts, rule) == alone


def reasons(rollouts: pl.DataFrame, rule: str) -> list[str]:
    return name_drop_reasons(rollouts, rule)["drop_reason"].to_list()


def test_every_dropped_rollout_has_a_reason():
    rollouts = make_rollouts(
        ("a", 0, True, 9), ("a", 1, False, 1), ("a", 2, None, 1), ("a", 3, True, 5)
    )
    assert reasons(rollouts, "shortest")[:3] == ["longer_than_shortest", "wrong", "undecided"]


@pytest.mark.parametrize(
    ("rule", "tokens", "kept", "expected"),
    [
        ("shortest", [7, 7, 9], 0, {1: "tied_with_shortest", 2: "longer_than_shortest"}),
        ("first", [7, 7, 9], 0, {1: "later_than_first", 2: "later_than_first"}),
        ("longest", [7, 9, 9], 1, {0: "shorter_than_longest", 2: "tied_with_longest"}),
        (
            "second_longest",
            [5, 8, 8, 9],
            1,
            {0: "not_second_longest", 2: "tied_with_second_longest", 3: "not_second_longest"},
        ),
        (
            "median",
            [7, 7, 7, 2],
            0,
            {1: "tied_with_median", 2: "tied_with_median", 3: "not_median"},
        ),
    ],
)
def test_a_tie_is_told_from_a_loss(rule, tokens, kept, expected):
    rows = [("a", i, True, count) for i, count in enumerate(tokens)]
    rollouts = make_rollouts(*rows, ("b", 0, True, 1), ("c", 0, False, 7))
    assert chosen(rollouts, rule)[0] == ("a", kept)
    found = reasons(rollouts, rule)
    assert {i: found[i] for i in range(len(tokens)) if i != kept} == expected
    assert found[-1] == "wrong"
    backwards = reasons(rollouts.reverse(), rule)[::-1]
    assert {i: backwards[i] for i in expected} == expected


def test_ties_are_told_by_characters_where_a_server_counts_no_tokens():
    rollouts = make_rollouts(("a", 0, True, None), ("a", 1, True, None))
    assert reasons(rollouts, "shortest")[1] == "tied_with_shortest"
