"""Claims about grading in batches: the same verdicts as one by one, in order, in bounded memory."""

import os
import signal
import threading
from itertools import count, islice

import psutil
import pytest

from tasks import grading
from tasks.algebra import AlgebraPool
from tasks.answers import Policy, check_answer, type_gold
from tasks.grading import (
    BATCH_CHARS,
    BATCH_ITEMS,
    GradingPool,
    grade_answers,
    make_batches,
)
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


def list_children() -> list[int]:
    return [child.pid for child in psutil.Process().children(recursive=True)]


def test_verdicts_are_those_of_one_by_one_in_order(items, one_by_one):
    assert grade_answers(items) == one_by_one
    with GradingPool(2) as pool:
        assert list(pool.grade(iter(items))) == one_by_one


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


@pytest.mark.parametrize("num_workers", [1, 2])
def test_algebra_settles_the_same_with_any_number_of_processes(num_workers):
    wrong = (OPEN[0], "$2x^2$")
    with AlgebraPool(deadline_seconds=20.0) as algebra, GradingPool(num_workers) as pool:
        verdicts = list(pool.grade([OPEN, wrong] * 600, algebra=algebra))
    assert [verdict.is_correct for verdict in verdicts] == [True, False] * 600
    assert {verdict.rule for verdict in verdicts} == {"algebra"}


def test_a_sum_with_bounds_is_an_expression_that_algebra_settles():
    gold = type_gold("$\\sum_{i=1}^{4} i$")
    with AlgebraPool(deadline_seconds=20.0) as algebra:
        verdicts = grade_answers([(gold, "10"), (gold, "$11$")], algebra=algebra)
    assert [verdict.is_correct for verdict in verdicts] == [True, False]


def test_the_policy_applies_in_the_processes_too():
    policy, items = Policy(relative_tolerance=0.05), [(type_gold("2.5"), "2.6")]
    with GradingPool(1) as pool:
        (verdict,) = pool.grade(items, policy)
    assert [verdict] == grade_answers(items, policy)
    assert (verdict.is_correct, verdict.policy) == (True, policy.description)


@pytest.mark.parametrize("num_workers", [1, 3])
def test_a_stream_without_end_is_read_no_further_than_needed(num_workers):
    read = count()

    def draw():
        gold = type_gold("5")
        while True:
            yield gold, str(next(read))

    with GradingPool(num_workers) as pool:
        right = [verdict.is_correct for verdict in islice(pool.grade(draw()), 10)]
    assert right == [False] * 5 + [True] + [False] * 4
    assert next(read) <= BATCH_ITEMS * 2 * num_workers


def test_batches_are_bounded_in_items_and_in_characters():
    short, long = (type_gold("5"), "5"), (type_gold("5"), "5" * (BATCH_CHARS // 2))
    assert list(map(len, make_batches([short] * (BATCH_ITEMS + 1)))) == [BATCH_ITEMS, 1]
    assert list(map(len, make_batches([long] * 5))) == [2, 2, 1]
    assert list(make_batches([])) == []


def test_a_grading_process_that_is_killed_is_replaced(items, one_by_one):
    before = set(list_children())
    with GradingPool(2) as pool:
        assert list(pool.grade(items)) == one_by_one
        for pid in set(list_children()) - before:
            os.kill(pid, signal.SIGKILL)
        assert list(pool.grade(items)) == one_by_one
    assert set(list_children()) <= before


def test_a_stream_may_be_graded_in_a_thread(items, one_by_one):
    found = []
    with GradingPool(2) as pool:
        thread = threading.Thread(target=lambda: found.extend(pool.grade(items)))
        thread.start()
        thread.join(60)
    assert found == one_by_one


def test_a_pool_without_processes_is_refused():
    with pytest.raises(ValueError, match="at least one process, got num_workers=0"):
        GradingPool(0)
