"""The model edge against a server with every fault, over real sockets."""

import asyncio
import random
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from yarl import URL

from schemas.errors import AccessError
from schemas.records import Reply, Request, Status
from tasks.sampling import ModelClient, Patience, transport
from tasks.sampling.retries import Fault
from tests.clients import HASTY, connect, dead_url, make_request
from tests.fakes import FakeModelServer
from tests.waiting import pass_time, until

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[FakeModelServer]:
    with FakeModelServer() as running:
        yield running


@pytest.fixture
async def client(server, tmp_path) -> AsyncIterator[ModelClient]:
    async with connect(server.url, store=str(tmp_path)) as connected:
        yield connected


def count_retries(client: ModelClient) -> int:
    return sum(client.figures().retries.values())


async def test_a_text_request_carries_its_sampling_and_seed(server, client):
    reply = await client.sample(make_request("Compute 2 + 3", index=7))
    assert reply.status is Status.OK and reply.finish_reason == "stop"
    assert reply.text is not None and "\\boxed{" in reply.text
    assert server.last_body == {
        "model": "fake-llm",
        "messages": [{"role": "user", "content": "Compute 2 + 3"}],
        "temperature": 0.6,
        "top_p": 0.9,
        "max_tokens": 4096,
        "seed": 1007,
    }
    assert (client.num_requests, count_retries(client), client.figures().num_reused) == (1, 0, 0)
    assert client.figures().prompt_tokens == reply.prompt_tokens == 4
    assert client.figures().completion_tokens == reply.completion_tokens


async def test_images_go_as_data_urls_before_the_text(server, client):
    reply = await client.sample(make_request("Describe.", image=b"\x89PNG"))
    assert reply.text is not None and reply.text.startswith("A figure")
    assert server.last_body["messages"][0]["content"] == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
        {"type": "text", "text": "Describe."},
    ]


async def test_a_large_image_arrives_whole(server, client):
    reply = await client.sample(make_request("Describe.", image=b"x" * 3_000_000))
    assert reply.status is Status.OK
    assert len(server.last_body["messages"][0]["content"][0]["image_url"]["url"]) > 4_000_000


async def test_a_kept_reply_is_returned_without_a_request(server, tmp_path):
    heard: list[tuple[Reply, bool]] = []
    for _ in range(2):
        async with connect(
            server.url, store=str(tmp_path), on_reply=lambda *pair: heard.append(pair)
        ) as client:
            await client.sample(make_request("Compute 1 + 1"))
            counts = (
                client.num_requests,
                client.figures().num_reused,
                client.figures().completion_tokens,
            )
    assert counts == (0, 1, 0)
    assert heard[0][0] == heard[1][0]
    assert [is_reused for _, is_reused in heard] == [False, True]


async def test_the_same_content_asked_at_once_is_paid_for_once(client):
    replies = await client.sample_all([make_request("Compute 4 + 4")] * 20)
    assert len(set(replies)) == 1
    assert (client.num_requests, client.figures().num_reused) == (1, 19)


async def test_a_cancelled_request_leaves_the_same_one_of_another_alone(tmp_path):
    with FakeModelServer(hold_at=0) as slow:
        async with connect(slow.url, store=str(tmp_path)) as client:
            first = asyncio.create_task(client.sample(make_request("Compute 1 + 2")))
            second = asyncio.create_task(client.sample(make_request("Compute 1 + 2")))
            await until(lambda: slow.counts["in_flight"] == 1, "a request")
            first.cancel()
            slow.hold_at = None
            assert (await second).status is Status.OK
            assert client.num_requests == 2


async def test_replies_come_in_the_order_of_the_requests(client):
    requests = [make_request("Compute 5 + 6", index=i) for i in range(300)]
    replies = await client.sample_all(iter(requests))
    assert len(replies) == 300
    for request, reply in zip(requests, replies, strict=True):
        assert await client.sample(request) == reply
    assert client.num_requests == 300


async def test_requests_are_drawn_only_as_replies_come_in(tmp_path):
    drawn = 0

    def draw() -> Iterator[Request]:
        nonlocal drawn
        for index in range(200):
            drawn += 1
            yield make_request("x", index=index)

    with FakeModelServer(fault="stall") as stalled:
        async with connect(stalled.url, store=str(tmp_path), max_in_flight=4) as client:
            calls = [asyncio.create_task(client.sample_all(draw())) for _ in range(3)]
            await until(lambda: stalled.counts["in_flight"] == 4, "all slots are taken")
            await asyncio.sleep(0.1)
            for call in calls:
                call.cancel()
            ends = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(end, asyncio.CancelledError) for end in ends)
    assert drawn < 20


async def test_a_source_of_requests_that_fails_leaves_the_client_in_order(tmp_path):
    def draw() -> Iterator[Request]:
        yield make_request("Compute 1 + 1")
        raise OSError("no such file")

    with FakeModelServer() as server:
        async with connect(server.url, store=str(tmp_path), max_in_flight=1) as client:
            for _ in range(10):
                with pytest.raises(OSError, match="no such file"):
                    await client.sample_all(draw())
            async with asyncio.timeout(120):
                (reply,) = await client.sample_all([make_request("Compute 2 + 2")])
    assert reply.status is Status.OK


async def test_no_more_are_in_flight_than_allowed(tmp_path):
    with FakeModelServer(latency_seconds=0.01) as slow:
        async with connect(slow.url, store=str(tmp_path), max_in_flight=3) as client:
            shards = [
                client.sample_all([make_request(f"{shard}", index=i) for i in range(20)])
                for shard in range(3)
            ]
            await asyncio.gather(*shards)
        assert slow.stats()["max_in_flight"] == 3


OVERLOADED = ["408", "429", "429:0", "429:date", "503:1", "502", "504", "529", "429:nan", "503:-5"]
OUTAGES = ["reset", "reset_middle", "break_off", "hang_up", "not_http"]


@pytest.mark.parametrize("fault", ["500", "error_200", "engine_abort", *OVERLOADED, *OUTAGES])
async def test_a_passing_fault_is_asked_again(client, fault):
    reply = await client.sample(make_request(f"Compute 1 + 1 [[{fault} x2]]"))
    assert reply.status is Status.OK
    assert (client.num_requests, count_retries(client)) == (3, 2)


@pytest.mark.parametrize("fault", ["500", "501", "error_200", *OVERLOADED, *OUTAGES])
async def test_a_lasting_fault_becomes_a_row_and_is_not_kept(server, client, fault):
    request = make_request(f"Compute 1 + 1 [[{fault}]]")
    reply = await client.sample(request)
    is_outage = fault in OVERLOADED or fault in OUTAGES
    assert reply.status is Status.SERVER_ERROR
    assert client.num_requests == (5 if is_outage else 3)
    assert reply.error is not None and reply.error.isprintable()
    again = await client.sample(request)
    assert again.status is Status.SERVER_ERROR and client.figures().num_reused == 0


@pytest.mark.parametrize("code", [400, 404, 405, 413, 422])
async def test_a_wrong_request_is_not_asked_again(client, code):
    reply = await client.sample(make_request(f"[[{code}]]"))
    assert reply == Reply(status=Status.REJECTED, error=f"{code}: fault {code} [31m of the test")
    assert client.num_requests == 1


async def test_a_redirect_is_not_followed(client):
    reply = await client.sample(make_request("[[redirect]]"))
    assert reply.status is Status.REJECTED and client.num_requests == 1
    assert "127.0.0.1:9/elsewhere" in (reply.error or "")


@pytest.mark.parametrize("code", [401, 402, 403])
async def test_refused_access_stops_the_run_at_once(server, client, code):
    requests = [make_request("[[stall]]"), make_request(f"[[{code}]]"), make_request("[[stall]]")]
    with pytest.raises(AccessError, match=rf"refuses access to 'fake-llm' \({code}: fault {code}"):
        await client.sample_all(requests)
    assert count_retries(client) == 0


UNPARSEABLE = {
    "html": "not JSON .*<h1>Sign in",
    "truncated": "not JSON",
    "invalid_utf8": "not JSON",
    "empty_body": "not JSON",
    "nested": "not JSON",
    "list": "not a JSON object: ",
    "wrong_shape": "no choices",
    "number_message": "no choices",
    "no_choices": r'no choices with a message: {"choices": \[\]}',
    "null_content": "no content",
    "number_content": "no content",
    "tool_call": "no content",
}


@pytest.mark.parametrize("fault", UNPARSEABLE)
async def test_an_answer_that_is_no_completion_is_a_row_with_its_text(client, fault):
    request = make_request(f"[[{fault}]]")
    reply = await client.sample(request)
    assert reply.status is Status.UNPARSEABLE and reply.text is None
    assert reply.error is not None and len(reply.error) <= 500 and reply.error.isprintable()
    assert re.search(UNPARSEABLE[fault], reply.error)
    assert client.num_requests == 1
    await client.sample(request)
    assert client.figures().num_reused == 0


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("unclosed", (Status.TRUNCATED, None, "I think")),
        ("reasoning", (Status.OK, "7", "I think")),
        ("reasoning_content", (Status.OK, "7", "I think")),
        ("only_reasoning", (Status.OK, None, "I think")),
        ("length", (Status.TRUNCATED, "cut of", None)),
        ("refusal", (Status.REFUSED, None, None)),
        ("content_filter", (Status.REFUSED, "", None)),
        ("parts", (Status.OK, "two parts", None)),
        ("empty_content", (Status.OK, "", None)),
        ("odd_usage", (Status.OK, "x", None)),
    ],
)
async def test_every_way_a_completion_can_end_is_kept(client, fault, expected):
    request = make_request(f"[[{fault}]]")
    reply = await client.sample(request)
    assert (reply.status, reply.text, reply.reasoning) == expected
    assert (reply.prompt_tokens, reply.completion_tokens) == (None, None)
    assert await client.sample(request) == reply and client.figures().num_reused == 1


async def test_a_completion_at_max_tokens_is_truncated(client):
    reply = await client.sample(make_request("Compute 1 + 1", max_tokens=2))
    assert (reply.status, reply.completion_tokens) == (Status.TRUNCATED, 2)


@pytest.mark.parametrize("fault", ["stall", "stall_middle", "drip"])
async def test_a_slow_server_frees_its_slot_at_the_deadline(tmp_path, fault):
    patience = Patience(base_seconds=600.0, attempt_seconds=600.0)
    with FakeModelServer() as server:
        async with connect(
            server.url, store=str(tmp_path), max_in_flight=1, patience=patience
        ) as client:
            slow = asyncio.create_task(client.sample(make_request(f"[[{fault} x1]]")))
            await until(lambda: server.counts["faults"] == 1, "a request that stalls")
            other = asyncio.create_task(client.sample(make_request("Compute 1 + 1")))
            await asyncio.sleep(0.05)
            assert client.num_requests == 1
            pass_time(600)
            assert (await other).status is Status.OK
            assert not slow.done() and client.figures().retries == {"timeout": 1}
            pass_time(600)
            assert (await slow).status is Status.OK


@pytest.mark.parametrize("fault", ["stall", "stall_middle", "drip"])
async def test_a_server_that_is_always_slow_becomes_a_row(server, tmp_path, fault):
    async with connect(server.url, store=str(tmp_path), patience=HASTY) as client:
        reply = await client.sample(make_request(f"[[{fault}]]"))
        assert client.num_requests == HASTY.max_attempts
    assert reply.status is Status.SERVER_ERROR
    assert "no whole answer within 0.4 s" in (reply.error or "")


async def test_all_attempts_together_have_a_deadline(tmp_path):
    patience = Patience(
        base_seconds=0.001, attempt_seconds=1_000, total_seconds=1_500, max_attempts=99
    )
    with FakeModelServer(fault="stall") as server:
        async with connect(server.url, store=str(tmp_path), patience=patience) as client:
            task = asyncio.create_task(client.sample(make_request("x")))
            for number in (1, 2):
                await until(lambda asked=number: server.counts["faults"] == asked, "a request")
                pass_time(1_000)
            assert (await task).status is Status.SERVER_ERROR
    assert client.num_requests == 2


@pytest.mark.parametrize("fault", ["huge", "endless"])
async def test_a_huge_answer_is_cut_at_the_cap(server, tmp_path, monkeypatch, fault):
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 2 << 20)
    async with connect(server.url, store=str(tmp_path)) as client:
        reply = await client.sample(make_request(f"[[{fault}]]"))
    assert reply.status is Status.UNPARSEABLE
    assert reply.error is not None and reply.error.startswith("longer than")
    assert len(reply.error) <= 500


async def test_a_text_that_is_not_unicode_is_asked_and_kept(client):
    request = make_request("odd \ud800 text")
    assert (await client.sample(request)).status is Status.OK
    assert (await client.sample(request)).status is Status.OK
    assert client.figures().num_reused == 1


async def test_a_server_that_restarts_loses_nothing(tmp_path):
    patience = Patience(base_seconds=0.05, max_delay_seconds=0.2, max_outage_attempts=10_000)
    running = FakeModelServer(latency_seconds=0.02)
    running.start()
    async with connect(
        running.url, store=str(tmp_path), patience=patience, max_in_flight=8
    ) as client:
        requests = [make_request("Compute 9 + 9", index=i) for i in range(60)]
        task = asyncio.create_task(client.sample_all(requests))
        await until(lambda: running.counts["answered"] > 9, "answers")
        await asyncio.to_thread(running.stop)
        assert not task.done()
        await until(lambda: client.figures().retries.get("refused", 0) > 2, "it is seen to be out")
        running.start()
        replies = await task
    running.stop()
    assert {reply.status for reply in replies} == {Status.OK}
    assert count_retries(client) > 0 and running.stats()["repeats"] <= 8


async def test_a_dead_server_of_two_is_left_out(server, tmp_path):
    async with connect(dead_url(), server.url, store=str(tmp_path)) as client:
        await client.check()
        requests = [make_request("Compute 9 + 9", index=i) for i in range(200)]
        replies = await client.sample_all(requests)
    assert {reply.status for reply in replies} == {Status.OK}


async def test_requests_go_to_the_least_loaded_server(tmp_path):
    with FakeModelServer(latency_seconds=0.2) as first, FakeModelServer() as second:
        async with connect(first.url, second.url, store=str(tmp_path), max_in_flight=8) as client:
            await client.sample_all([make_request("Compute 3 + 3", index=i) for i in range(200)])
        assert 0 < first.stats()["requests"] < second.stats()["requests"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://no-such-host.invalid/v1", "host name not found"),
        ("tls", "TLS failed"),
        ("dead", ""),
    ],
)
async def test_a_server_that_cannot_be_reached_is_a_row(server, tmp_path, url, reason):
    url = {"tls": server.url.replace("http:", "https:"), "dead": dead_url()}.get(url, url)
    async with connect(url, store=str(tmp_path)) as client:
        reply = await client.sample(make_request("Compute 1 + 1"))
    assert reply.status is Status.SERVER_ERROR
    assert (reason or "connection refused") in (reply.error or "")


async def test_a_host_name_that_no_encoding_knows_is_a_fault():
    sender = transport.Transport(None, connect_seconds=60.0)
    with pytest.raises(Fault, match="host name not found") as caught:
        await sender.send("GET", URL(f"http://{'a' * 64}/v1/models"), None, 60.0)
    await sender.close()
    assert caught.value.is_free


@pytest.mark.parametrize("fault", ["400", "500 x1", "empty_content"])
async def test_requests_that_cost_few_tokens_hold_up_no_others(server, tmp_path, fault):
    """Each is expected to take 4,096 of the 10,000 tokens that may go at once."""
    requests = [make_request(f"[[{fault}]]", index=index) for index in range(100)]
    async with connect(server.url, store=str(tmp_path), tpm=100_000) as client:
        started = asyncio.get_running_loop().time()
        task = asyncio.create_task(client.sample_all(requests))
        await until(lambda: task.done() or client.figures().num_replies > 90, "replies")
        # All together are expected to take four minutes.
        assert asyncio.get_running_loop().time() - started < 100
        await task


CLIENT = """
import asyncio, sys
from tests.clients import connect, make_request

async def main(url, store):
    async with connect(url, store=store, max_in_flight=16) as client:
        print("started", flush=True)
        requests = (make_request("Compute 8 + 8", index=i) for i in range(400))
        replies = await client.sample_all(requests)
        print(len(replies), client.num_requests)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("round", range(4))
def test_after_a_kill_only_what_was_in_flight_is_asked_again(tmp_path, round):
    dice = random.Random(round)
    with FakeModelServer(latency_seconds=0.02) as server:
        command = [sys.executable, "-c", CLIENT, server.url, str(tmp_path)]
        for _ in range(3):
            with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as client:
                assert client.stdout is not None and client.stdout.readline() == b"started\n"
                time.sleep(dice.uniform(0.0, 0.2))
                client.kill()
        last = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        stats = server.stats()
    assert stats["unique"] == 400
    assert last.stdout.split()[1] == "400"
    # Per kill: 16 in flight, and as many again that were answered but not yet synced.
    assert stats["repeats"] <= 3 * 2 * 16
