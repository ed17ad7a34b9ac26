"""Single calls become batches, and boxes that show one thing become one."""

import asyncio
import threading
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.grounding import Finding
from tasks.grounding.batching import Batcher
from tasks.grounding.overlaps import MAX_FINDINGS, drop_overlaps, measure_overlap
from tests.waiting import GUARD_SECONDS, until


def find(label, box, score=0.5):
    return Finding(label=label, box=box, score=score)


def make_batcher(**options):
    """Return a batcher that squares, the batches that it began, and what lets it go on."""
    batches, go = [], threading.Event()

    def compute(items):
        batches.append(list(items))
        go.wait(GUARD_SECONDS)
        return [item * item for item in items]

    return Batcher(compute, max_items=4, name="test", **options), batches, go


async def test_calls_that_wait_are_computed_together_and_each_gets_its_own():
    batcher, batches, go = make_batcher()
    calls = [asyncio.create_task(batcher.call(number)) for number in range(9)]
    await asyncio.sleep(0)  # Each is put into the queue before it waits.
    go.set()
    assert await asyncio.gather(*calls) == [number * number for number in range(9)]
    assert sorted(chain(*batches)) == list(range(9))
    assert max(map(len, batches)) == 4


def test_one_batcher_serves_several_event_loops():
    batcher, _, go = make_batcher()
    go.set()
    assert [asyncio.run(batcher.call(number)) for number in (2, 3)] == [4, 9]


async def test_a_fault_reaches_every_caller_and_the_next_call_is_served():
    def compute(items):
        if 0 in items:
            raise ValueError("no zero")
        return items

    batcher = Batcher(compute, max_items=1, name="test")
    with pytest.raises(ValueError, match="no zero"):
        await batcher.call(0)
    assert await batcher.call(1) == 1


async def test_a_call_that_was_cancelled_is_left_out():
    batcher, batches, go = make_batcher()
    first = asyncio.create_task(batcher.call(1))
    await until(lambda: batches, "a batch that is computed")
    second, third = (asyncio.create_task(batcher.call(number)) for number in (2, 3))
    await asyncio.sleep(0)
    third.cancel()
    await asyncio.gather(third, return_exceptions=True)
    go.set()
    assert await first == 1 and await second == 4
    assert batches == [[1], [2]]


def test_overlap_is_intersection_over_union():
    assert measure_overlap((0, 0, 10, 10), (0, 0, 10, 10)) == 1.0
    assert measure_overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert measure_overlap((0, 0, 10, 10), (10, 0, 20, 10)) == 0.0


def test_of_boxes_that_show_one_thing_the_best_stays_and_other_labels_stay_too():
    best, worse = find("cup", (0, 0, 10, 10), 0.9), find("cup", (1, 0, 10, 10), 0.8)
    other, far = find("mug", (0, 0, 10, 10), 0.7), find("cup", (50, 50, 60, 60), 0.4)
    assert drop_overlaps([far, worse, other, best]) == [best, other, far]


def test_an_image_has_a_bounded_number_of_findings():
    many = [find("dot", (20 * n, 0, 20 * n + 10, 10), 0.5 + n / 10_000) for n in range(900)]
    kept = drop_overlaps(many)
    assert len(kept) == MAX_FINDINGS and kept[0] == many[-1]


BOXES = st.tuples(*[st.integers(0, 30)] * 2, *[st.integers(31, 60)] * 2)


@given(st.lists(st.builds(find, st.sampled_from("ab"), BOXES, st.floats(0, 1)), max_size=30))
def test_the_order_of_findings_does_not_count(findings):
    assert drop_overlaps(findings) == drop_overlaps(findings[::-1])
