"""One server looked at before a run: what it says to a text, an image and a stream, one by one."""

import asyncio
from collections.abc import Sequence

import pytest

from schemas.checks import Check
from tasks.sampling import Endpoint, transport
from tasks.sampling.checkup import Demands, check_server
from tests.clients import FAST
from tests.fake_faults import FAULTS
from tests.fakes import FakeModelServer
from tests.waiting import pass_time, until

STREAMS = Demands(max_tokens=100, is_streamed=True)
NEVER_ENDS = {"stall", "stall_middle", "drip", "stall_stream"}
IS_A_STREAM = {
    *("refuse", "answer_whole", "answer_untyped", "letters", "linger", "shape", "parts", "length"),
    *("reasoning", "reasoning_content", "only_reasoning", "unclosed", "odd_usage", "empty_content"),
    *("refusal", "content_filter"),
}


async def check(server: FakeModelServer, demands: Demands) -> Sequence[Check]:
    endpoint = Endpoint(model="fake-llm", urls=(server.url,), option="--llm")
    return await check_server("llm", server.url, endpoint, demands, FAST)


@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_whatever_a_server_streams_is_told(monkeypatch, fault):
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 1 << 20)
    monkeypatch.setattr(transport, "LINGER_SECONDS", 0.05)

    def begin(number: int) -> None:
        server.fault = f"[[{fault}]]" if number >= 2 else ""

    with FakeModelServer(on_request=begin) as server:
        task = asyncio.create_task(check(server, STREAMS))
        if fault in NEVER_ENDS:
            await until(lambda: server.counts["faults"] == 1, "an answer that never ends")
            pass_time(FAST.attempt_seconds)
        checks = await task
    assert [check.verdict for check in checks[:-1]] == ["ok"] * 3
    assert checks[-1].subject.endswith(", a stream")
    assert (checks[-1].verdict == "fault") == (fault not in IS_A_STREAM)
    assert checks[-1].found.isprintable() and len(checks[-1].found) <= 300
    assert (checks[-1].remedy is None) == (checks[-1].verdict == "ok")


async def test_images_are_sent_as_many_and_as_large_as_they_may_be():
    with FakeModelServer() as server:
        checks = await check(server, Demands(max_tokens=9, max_images=3, max_side=200))
        parts = server.last_body["messages"][0]["content"]
    assert [part["type"] for part in parts] == ["image_url"] * 3 + ["text"]
    assert checks[-1].found == "3 images of 200 pixels a side: answered; 2 tokens in"


@pytest.mark.parametrize(
    ("context", "verdict"),
    [(None, "ok"), (64, "fault"), (100, "warning"), (4_096, "ok"), ("long", "ok")],
)
async def test_the_context_is_compared_with_what_may_be_written(context, verdict):
    with FakeModelServer(context_tokens=context) as server:
        checks = await check(server, Demands(max_tokens=90))
    (found,) = [check for check in checks if check.subject.endswith(", context")]
    assert found.verdict == verdict


@pytest.mark.parametrize("code", [429, 503, 529])
async def test_a_server_that_is_full_is_to_be_looked_at_later(code):
    with FakeModelServer(fault=str(code)) as server:
        checks = await check(server, STREAMS)
    assert checks[-1].verdict == "fault" and "look again later" in (checks[-1].remedy or "")


@pytest.mark.parametrize("code", [401, 403])
async def test_a_server_that_refuses_a_request_names_the_key(code):
    with FakeModelServer(fault=str(code)) as server:
        checks = await check(server, STREAMS)
    assert checks[-1].verdict == "fault"
    assert checks[-1].remedy == "name the environment variable that holds its key in api_key_env"
