"""Rows are counted as they end, never more than there are, whatever is asked for them."""

import asyncio

import pytest

from schemas.records import Reply, Status
from tasks.meter import Meter, RowCount

REPLY = Reply(status=Status.OK, text="A chart.", completion_tokens=5)


def test_a_row_counts_once_however_many_replies_it_takes():
    meter = Meter()
    stage = meter.begin("formalize", 2)
    with meter.count_rows("formalize") as count:
        for _ in range(2):
            with count.row():
                for _ in range(3):
                    meter.count_reply("formalize", REPLY, is_reused=False)
    assert (stage.done, stage.reused, stage.completion_tokens) == (2, 0, 30)


def test_a_row_is_found_only_where_all_its_replies_were_kept():
    meter = Meter()
    stage = meter.begin("formalize", 2)
    with meter.count_rows("formalize") as count:
        for kept in ([True, True], [True, False]):
            with count.row():
                for is_reused in kept:
                    meter.count_reply("formalize", REPLY, is_reused=is_reused)
    assert (stage.done, stage.reused, stage.completion_tokens) == (2, 1, 5)


async def test_replies_count_for_the_row_that_asked_when_rows_run_together():
    meter = Meter()
    stage = meter.begin("reason", 20)

    async def ask(is_reused: bool) -> None:
        await asyncio.sleep(0)
        meter.count_reply("reason", REPLY, is_reused=is_reused)

    with meter.count_rows("reason") as count:

        async def make(number: int) -> None:
            with count.row():
                await asyncio.gather(ask(True), ask(number % 2 == 0), ask(True))

        await asyncio.gather(*(make(number) for number in range(20)))
    assert (stage.done, stage.reused) == (20, 10)


def test_the_rows_of_a_shard_that_is_tried_again_count_once():
    meter = Meter()
    stage = meter.begin("formalize", 3)

    def try_shard(*, fails: bool) -> None:
        with meter.count_rows("formalize") as count:
            for _ in range(3):
                with count.row():
                    meter.count_reply("formalize", REPLY, is_reused=not fails)
            if fails:
                raise ConnectionError("the server is gone")

    with pytest.raises(ConnectionError, match="gone"):
        try_shard(fails=True)
    assert (stage.done, stage.reused) == (0, 0)
    try_shard(fails=False)
    assert (stage.done, stage.reused) == (3, 3)


def test_a_stage_of_a_second_run_in_one_process_starts_anew():
    meter = Meter()
    for _ in range(2):
        stage = meter.begin("formalize", 3)
        assert (stage.done, stage.ended) == (0, None)
        meter.advance("formalize", 3)
        meter.end("formalize")


def test_a_row_that_fails_is_not_done():
    meter = Meter()
    count = RowCount(meter.begin("formalize", 1))
    with pytest.raises(ValueError, match="bad"), count.row():
        raise ValueError("bad")
    assert meter.stages["formalize"].done == 0
