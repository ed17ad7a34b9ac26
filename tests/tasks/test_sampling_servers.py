"""Servers that are slow, full, dead or limited: all slots are used, and no request is lost."""

import asyncio
import subprocess
import sys

import pytest

from schemas.errors import AccessError
from schemas.records import Reply, Status
from tasks.sampling import ModelClient, Patience, TokenBound, rates, watching
from tests.clients import FAST, connect, dead_url, make_request
from tests.fakes import FakeModelServer
from tests.waiting import pass_time, until

QUICK = Patience(base_seconds=0.02, max_delay_seconds=0.1)
"""A minute of the default patience is a fifth of a second of this one."""


def make_requests(count: int, text: str = "Compute 9 + 9"):
    return (make_request(text, index=index) for index in range(count))


def statuses(replies: list[Reply]) -> set[Status]:
    return {reply.status for reply in replies}


async def test_a_server_that_says_how_it_is_gets_a_small_queue(tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "FIRST_SECONDS", 0.02)
    monkeypatch.setattr(watching, "STEADY_SECONDS", 0.05)

    def has_a_small_queue(client: ModelClient) -> bool:
        figures = client.figures()
        says_how_it_is = figures.server_running == 8 and figures.server_waiting is not None
        # What was drawn while the limit was wide is sent first.
        return says_how_it_is and figures.limit <= 20 and figures.waiting <= 2 * figures.limit

    with FakeModelServer(slots=8, metrics=True, latency_seconds=0.05) as server:
        async with connect(server.url, store=str(tmp_path), patience=QUICK) as client:
            task = asyncio.create_task(client.sample_all(make_requests(1_000)))
            await until(lambda: has_a_small_queue(client) or task.done(), "a small queue")
            assert not task.done()
            server.latency_seconds = 0.0
            assert statuses(await task) == {Status.OK}


async def test_a_server_that_says_nothing_gets_a_bounded_queue(tmp_path):
    # So slow that the server limits the pace, not this machine.
    with FakeModelServer(slots=8, latency_seconds=0.2) as server:
        async with connect(server.url, store=str(tmp_path), patience=QUICK) as client:
            task = asyncio.create_task(client.sample_all(make_requests(400)))
            await until(lambda: 8 <= client.figures().limit <= 40 or task.done(), "a bounded queue")
            assert not task.done()
            assert server.stats()["max_in_flight"] <= 128
            task.cancel()


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
        await until(lambda: min(first.counts["answered"], second.counts["answered"]) > 9, "answers")
        await asyncio.to_thread(first.stop)
        await asyncio.to_thread(second.stop)
        servers = client._slots.servers
        await until(lambda: all(server.is_out for server in servers), "both are out")
        await until(lambda: client.figures().in_flight <= 2, "all that was sent has failed")
        sent, moment = client.num_requests, asyncio.get_running_loop().time()
        await until(lambda: client.num_requests >= sent + 30, "both are tried again and again")
        num_tries = client.num_requests - sent
        seconds = asyncio.get_running_loop().time() - moment
        # By one request at a time, each after a rest; the first rests are shorter.
        assert client.figures().in_flight <= 2
        assert num_tries <= 2 * (5 + seconds / QUICK.max_delay_seconds)
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
            await until(lambda: dying.counts["answered"] > 9, "answers of the one that dies")
            await asyncio.to_thread(dying.stop)
            assert not task.done()
            replies = await task
    assert statuses(replies) == {Status.OK}
    assert living.stats()["unique"] + dying.stats()["unique"] >= 2_000


async def test_a_server_that_comes_back_is_used_again(tmp_path):
    back, steady = FakeModelServer(), FakeModelServer(latency_seconds=0.3, slots=16)
    back.start()
    await asyncio.to_thread(back.stop)
    with steady:
        async with connect(back.url, steady.url, store=str(tmp_path), patience=QUICK) as client:
            task = asyncio.create_task(client.sample_all(make_requests(3_000)))
            await until(lambda: client.figures().retries.get("refused", 0) > 2, "one is out")
            back.start()
            assert statuses(await task) == {Status.OK}
    back.stop()
    assert back.stats()["requests"] > 500


async def test_a_dead_server_is_not_waited_for_forever(tmp_path):
    patience = Patience(
        base_seconds=0.01, max_delay_seconds=0.02, max_outage_attempts=10**6, outage_seconds=0.3
    )
    async with connect(dead_url(), store=str(tmp_path), patience=patience) as client:
        async with asyncio.timeout(120):
            replies = await client.sample_all(make_requests(500))
    assert statuses(replies) == {Status.SERVER_ERROR}
    assert any("no server has answered for" in (reply.error or "") for reply in replies)


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_faults_by_chance_cost_no_row_and_one_more_request_each(tmp_path, is_streamed):
    faults = ["500 x1", "429:0 x1", "503 x1", "reset x1", "reset_middle x1", "stall_middle x1"]
    patience = Patience(base_seconds=0.01, max_delay_seconds=0.05)
    bound = TokenBound(10**9) if is_streamed else None

    def draw():
        for index in range(600):
            fault = f" [[{faults[index // 20 % 6]}]]" if index % 20 == 0 else ""
            yield make_request(f"Compute {index} + 1{fault}")

    with FakeModelServer() as server:
        async with connect(server.url, store=str(tmp_path), patience=patience) as client:
            work = client.run_all(draw(), lambda it: client.sample(it, bound=bound))
            task = asyncio.create_task(work)
            # All others come while five stall.
            await until(lambda: client.figures().num_replies == 595, "all but those that stall")
            pass_time(patience.attempt_seconds)
            replies = await task
            figures = client.figures()
    assert statuses(replies) == {Status.OK}
    # 30 of the requests fail once, each for its own cause.
    assert figures.retries == {"500": 5, "429": 5, "503": 5, "reset": 10, "timeout": 5}
    assert figures.num_requests == 630 and figures.num_replies == 600


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("fault", ["429:1000", "503:1000", "429:date"])
async def test_a_server_that_says_when_is_asked_then(tmp_path, fault, is_streamed):
    patience = Patience(base_seconds=0.01, max_retry_after_seconds=2_000)
    bound = TokenBound(10**9) if is_streamed else None
    with FakeModelServer() as server:
        async with connect(server.url, store=str(tmp_path), patience=patience) as client:
            work = client.sample(make_request(f"x [[{fault} x1]]"), bound=bound)
            task = asyncio.create_task(work)
            await until(lambda: sum(client.figures().retries.values()) == 1, "a refusal")
            pass_time(900)
            await asyncio.sleep(0.1)
            assert client.num_requests == 1
            pass_time(101)
            async with asyncio.timeout(60):
                assert (await task).status is Status.OK


@pytest.mark.parametrize("code", [401, 403])
async def test_refused_access_to_a_stream_stops_the_run_at_once(tmp_path, code):
    with FakeModelServer() as server:
        async with connect(server.url, store=str(tmp_path), patience=QUICK) as client:
            with pytest.raises(AccessError, match=rf"refuses access .*\({code}: fault {code}"):
                await client.sample(make_request(f"[[{code}]]"), bound=TokenBound(9))


async def test_a_provider_is_asked_as_fast_as_it_allows_and_no_faster(tmp_path, monkeypatch):
    monkeypatch.setattr(rates, "BURST_SECONDS", 720.0)
    # 120 may go at once, then one in 6 s.
    with FakeModelServer() as server:
        async with connect(server.url, store=str(tmp_path), patience=FAST, rpm=10) as client:
            started = asyncio.get_running_loop().time()
            task = asyncio.create_task(client.sample_all(make_requests(140)))
            await until(lambda: client.figures().num_replies >= 120, "what may go at once")
            await asyncio.sleep(0.2)
            sent = client.num_requests
            assert sent <= 120 + (asyncio.get_running_loop().time() - started) / 6
            pass_time(20 * 6)
            async with asyncio.timeout(60):
                await task


async def test_figures_tell_what_is_done_and_what_it_costs(tmp_path):
    prices = {"price_in": 2.0, "price_out": 10.0}
    with FakeModelServer(hold_at=0) as server:
        async with connect(
            server.url, store=str(tmp_path), max_in_flight=3, patience=QUICK, **prices
        ) as client:
            task = asyncio.create_task(client.sample_all(make_requests(8)))
            await until(lambda: server.counts["in_flight"] == 3, "three at the server")
            during = client.figures()
            server.hold_at = None
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
    with FakeModelServer(hold_at=0) as server:
        async with connect(server.url, store=str(tmp_path), max_in_flight=4) as client:
            for _ in range(3):
                task = asyncio.create_task(client.sample_all(make_requests(50)))
                await until(lambda: client.figures().in_flight == 4, "all slots are taken")
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert client.figures().in_flight == 0


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
