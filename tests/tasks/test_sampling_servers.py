"""Servers that are slow, full, dead or limited: all slots are used, and no request is lost."""

import asyncio
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest

from schemas.errors import AccessError
from schemas.records import Reply, Status
from tasks.sampling import ModelClient, Patience, TokenBound, watching
from tests.clients import connect, dead_url, make_request
from tests.fakes import FakeModelServer

QUICK = Patience(base_seconds=0.02, max_delay_seconds=0.1, attempt_seconds=20.0)
"""A minute of the default patience is a fifth of a second of this one."""


def make_requests(count: int, text: str = "Compute 9 + 9"):
    return (make_request(text, index=index) for index in range(count))


def statuses(replies: list[Reply]) -> set[Status]:
    return {reply.status for reply in replies}


async def test_a_server_that_says_how_it_is_gets_a_small_queue(tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "FIRST_SECONDS", 0.02)
    with FakeModelServer(slots=8, metrics=True, latency_seconds=0.05) as server:
        async with connect(server.url, store=str(tmp_path), patience=QUICK) as client:
            task = asyncio.create_task(client.sample_all(make_requests(400)))
            await asyncio.sleep(1.0)
            figures = client.figures()
            assert figures.limit <= 20
            assert figures.server_running == 8 and figures.server_waiting is not None
            assert figures.waiting <= 2 * figures.limit + 64
            assert statuses(await task) == {Status.OK}


async def test_a_server_that_says_nothing_gets_a_bounded_queue(tmp_path):
    with FakeModelServer(slots=8, latency_seconds=0.02) as server:
        async with connect(server.url, store=str(tmp_path), patience=QUICK) as client:
            await client.sample_all(make_requests(1_000))
            assert 8 <= client.figures().limit <= 40
        assert server.stats()["max_in_flight"] <= 128


async def test_work_on_several_requests_each_is_drawn_as_there_is_room(tmp_path):
    inside = most = 0

    async def work(number: int) -> int:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.001)
        inside -= 1
        return number

    async with connect(dead_url(), store=str(tmp_path), max_in_flight=8) as client:
        assert await client.run_all(range(50), work, requests_each=4) == list(range(50))
        assert most == 3 * 8 // 4
        most = 0
        assert await client.run_all(range(5), work, requests_each=1_000) == list(range(5))
        assert most == 1


async def test_all_servers_dead_for_long_are_waited_for(tmp_path):
    first, second = FakeModelServer(latency_seconds=0.01), FakeModelServer(latency_seconds=0.01)
    first.start()
    second.start()
    async with connect(first.url, second.url, store=str(tmp_path), patience=QUICK) as client:
        task = asyncio.create_task(client.sample_all(make_requests(2_000)))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(first.stop)
        await asyncio.to_thread(second.stop)
        await asyncio.sleep(0.2)
        sent = client.num_requests
        await asyncio.sleep(1.0)
        # Each server is tried again and again, by one request at a time.
        assert 5 <= client.num_requests - sent <= 80
        first.start()
        second.start()
        replies = await task
        figures = client.figures()
    first.stop()
    second.stop()
    assert statuses(replies) == {Status.OK}
    assert set(figures.retries) <= {"refused", "reset"}
    assert second.stats()["requests"] > 200


async def test_one_server_that_dies_leaves_its_requests_to_the_other(tmp_path):
    dying, living = FakeModelServer(latency_seconds=0.01), FakeModelServer(latency_seconds=0.01)
    dying.start()
    with living:
        async with connect(dying.url, living.url, store=str(tmp_path), patience=QUICK) as client:
            task = asyncio.create_task(client.sample_all(make_requests(2_000)))
            await asyncio.sleep(0.1)
            await asyncio.to_thread(dying.stop)
            replies = await task
    assert statuses(replies) == {Status.OK}
    assert living.stats()["unique"] + dying.stats()["unique"] >= 2_000


async def test_a_server_that_comes_back_is_used_again(tmp_path):
    back, steady = FakeModelServer(), FakeModelServer(latency_seconds=0.3)
    back.start()
    await asyncio.to_thread(back.stop)
    with steady:
        async with connect(back.url, steady.url, store=str(tmp_path), patience=QUICK) as client:
            task = asyncio.create_task(client.sample_all(make_requests(3_000)))
            await asyncio.sleep(0.2)
            back.start()
            assert statuses(await task) == {Status.OK}
    back.stop()
    assert back.stats()["requests"] > 500


async def test_a_dead_server_is_not_waited_for_forever(tmp_path):
    patience = Patience(
        base_seconds=0.01, max_delay_seconds=0.02, max_outage_attempts=10**6, outage_seconds=0.3
    )
    async with connect(dead_url(), store=str(tmp_path), patience=patience) as client:
        started = time.monotonic()
        replies = await client.sample_all(make_requests(500))
        assert time.monotonic() - started < 5
    assert statuses(replies) == {Status.SERVER_ERROR}
    assert any("no server has answered for" in (reply.error or "") for reply in replies)


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_faults_by_chance_cost_no_row_and_little_time(tmp_path, is_streamed):
    faults = ["500 x1", "429:0 x1", "503 x1", "reset x1", "reset_middle x1", "stall_middle x1"]
    patience = Patience(base_seconds=0.01, max_delay_seconds=0.05, attempt_seconds=3.0)
    bound = TokenBound(10**9) if is_streamed else None

    def draw():
        for index in range(600):
            fault = f" [[{faults[index // 20 % 6]}]]" if index % 20 == 0 else ""
            yield make_request(f"Compute {index} + 1{fault}")

    with FakeModelServer() as server:
        async with connect(server.url, store=str(tmp_path), patience=patience) as client:
            started = time.monotonic()
            replies = await client.run_all(draw(), lambda it: client.sample(it, bound=bound))
            assert time.monotonic() - started < 30
            figures = client.figures()
    assert statuses(replies) == {Status.OK}
    # 30 of the requests fail once, each for its own cause.
    assert figures.retries == {"500": 5, "429": 5, "503": 5, "reset": 10, "timeout": 5}
    assert figures.num_requests == 630 and figures.num_replies == 600


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("fault", ["429:1", "503:1", "429:date"])
async def test_a_server_that_says_when_is_asked_then(tmp_path, fault, is_streamed):
    patience = Patience(base_seconds=0.01, attempt_seconds=20.0)
    bound = TokenBound(10**9) if is_streamed else None
    with FakeModelServer() as server:
        async with connect(server.url, store=str(tmp_path), patience=patience) as client:
            started = time.monotonic()
            reply = await client.sample(make_request(f"x [[{fault} x1]]"), bound=bound)
            passed = time.monotonic() - started
    assert reply.status is Status.OK
    # A date has whole seconds, so a date one second from now may be nearer.
    assert (0.0 if fault == "429:date" else 0.99) <= passed < 3.0


@pytest.mark.parametrize("code", [401, 403])
async def test_refused_access_to_a_stream_stops_the_run_at_once(tmp_path, code):
    with FakeModelServer() as server:
        async with connect(server.url, store=str(tmp_path), patience=QUICK) as client:
            with pytest.raises(AccessError, match=rf"refuses access .*\({code}: fault {code}"):
                await client.sample(make_request(f"[[{code}]]"), bound=TokenBound(9))


async def test_a_provider_is_asked_no_faster_than_it_allows(tmp_path):
    with FakeModelServer() as server:
        async with connect(server.url, store=str(tmp_path), patience=QUICK, rpm=1_200) as client:
            started = time.monotonic()
            await client.sample_all(make_requests(140))
            # 120 may go at once, then 20 a second.
            assert 0.9 < time.monotonic() - started < 5.0


async def test_figures_tell_what_is_done_and_what_it_costs(tmp_path):
    prices = {"price_in": 2.0, "price_out": 10.0}
    with FakeModelServer(latency_seconds=0.2) as server:
        async with connect(
            server.url, store=str(tmp_path), max_in_flight=3, patience=QUICK, **prices
        ) as client:
            task = asyncio.create_task(client.sample_all(make_requests(8)))
            await asyncio.sleep(0.1)
            during = client.figures()
            replies = await task
            await client.sample(make_request("Compute 9 + 9"))
            after = client.figures()
    assert (during.in_flight, during.limit, during.waiting) == (3, 3, 5)
    assert (after.in_flight, after.waiting, after.num_replies, after.num_reused) == (0, 0, 8, 1)
    assert after.prompt_tokens == sum(reply.prompt_tokens or 0 for reply in replies)
    assert after.completion_tokens == sum(reply.completion_tokens or 0 for reply in replies)
    cost = (2.0 * after.prompt_tokens + 10.0 * after.completion_tokens) / 1e6
    assert after.cost_usd == pytest.approx(cost)


async def test_a_run_that_is_cancelled_frees_every_slot(tmp_path):
    def slots_of(client: ModelClient) -> tuple[int, int]:
        figures = client.figures()
        return figures.in_flight, figures.waiting

    with ExitStack() as stack:
        server = stack.enter_context(FakeModelServer(latency_seconds=5.0))
        async with connect(server.url, store=str(tmp_path), max_in_flight=4) as client:
            for _ in range(3):
                task = asyncio.create_task(client.sample_all(make_requests(50)))
                await asyncio.sleep(0.05)
                assert slots_of(client)[0] == 4
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert slots_of(client)[0] == 0


LIMITED = """
import resource
from tasks.sampling.transport import OTHER_FILES, allow_connections
resource.setrlimit(resource.RLIMIT_NOFILE, (600, 1024))
assert allow_connections(50) == 50 and resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 600
assert allow_connections(8_192) == 1024 - OTHER_FILES
assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 1024
"""


def test_no_more_connections_are_made_than_the_system_allows():
    subprocess.run([sys.executable, "-c", LIMITED], check=True)
