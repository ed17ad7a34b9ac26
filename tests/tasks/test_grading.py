"""Claims about grading together: the same verdicts as one by one, in order, each pair once."""

import pytest

from tasks import grading
from tasks.algebra import AlgebraPool
from tasks.answers import check_answer, type_gold
from tasks.grading import grade_answers
from tests.benchmarks.pairs import draw_pairs

OPEN = (type_gold("$\\int 2x dx$"), "$x^2$")


@pytest.fixture(scope="module")
def items():
    drawn = [
        (type_gold(pair.gold, pair.options), pair.answer)
        for pair in draw_pairs(1_200, seed=5)
        if pair.kind != "integral"
    ]
    return [*drawn, *drawn[:50], (type_gold("5"), ""), (type_gold("\u03c0 + 1"), "\ud800")]


@pytest.fixture(scope="module")
def one_by_one(items):
    return [check_answer(*item) for item in items]


@pytest.fixture(scope="module")
def algebra():
    with AlgebraPool(deadline_seconds=20.0) as pool:
        yield pool


def test_verdicts_are_those_of_one_by_one_in_order(items, one_by_one):
    assert grade_answers(items) == one_by_one


def test_every_verdict_is_the_drawn_label():
    pairs = list(draw_pairs(2_000, seed=6))
    verdicts = grade_answers([(type_gold(p.gold, p.options), p.answer) for p in pairs])
    wrong = [
        (pair, verdict.is_correct)
        for pair, verdict in zip(pairs, verdicts, strict=True)
        if verdict.is_correct is not pair.is_right and pair.kind != "integral"
    ]
    assert wrong == []


def test_equal_pairs_are_checked_once(monkeypatch):
    checked = []
    monkeypatch.setattr(
        grading, "check_answer", lambda *given: checked.append(given) or check_answer(*given)
    )
    assert len(grade_answers([(type_gold("5"), "5"), (type_gold("6"), "5")] * 100)) == 200
    assert len(checked) == 2


def test_only_what_no_rule_settles_goes_to_the_algebra_workers_and_all_at_once():
    class Spy:
        calls = ()

        def compare(self, pairs):
            self.calls += (list(pairs),)
            return [True] * len(pairs)

    spy = Spy()
    items = [(type_gold("5"), "5"), OPEN, (type_gold("2x"), "x+x"), OPEN]
    verdicts = grade_answers(items, algebra=spy)
    assert [verdict.is_correct for verdict in verdicts] == [True] * 4
    assert len(spy.calls) == 1
    assert [pair for pair in spy.calls[0] if "int" not in pair[0]] == []


def test_algebra_settles_each_pair_for_all_that_ask(algebra):
    verdicts = grade_answers([OPEN, (OPEN[0], "$2x^2$")] * 600, algebra=algebra)
    assert [verdict.is_correct for verdict in verdicts] == [True, False] * 600
    assert {verdict.rule for verdict in verdicts} == {"algebra"}


def test_a_sum_with_bounds_is_an_expression_that_algebra_settles(algebra):
    gold = type_gold("$\\sum_{i=1}^{4} i$")
    verdicts = grade_answers([(gold, "10"), (gold, "$11$")], algebra=algebra)
    assert [verdict.is_correct for verdict in verdicts] == [True, False]
