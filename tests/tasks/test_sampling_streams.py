"""A streamed completion is the same reply as an unstreamed one, and stops where it must."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from schemas.records import Reply, Status
from tasks.sampling import ModelClient, Patience, TokenBound, transport
from tests.clients import HASTY, connect, make_request
from tests.fake_faults import FAULTS
from tests.fakes import FakeModelServer
from tests.waiting import pass_time, until

LONG = " ".join(f"word{number} \u00e9\u20ac\U0001f600" for number in range(20))
FAR = 10**9


@pytest.fixture(scope="module")
def server() -> Iterator[FakeModelServer]:
    with FakeModelServer(replies={"long": LONG}) as running:
        yield running


@pytest.fixture
async def client(server, tmp_path) -> AsyncIterator[ModelClient]:
    async with connect(server.url, store=str(tmp_path)) as connected:
        yield connected


def far() -> TokenBound:
    return TokenBound(FAR)


async def sample_both(server: FakeModelServer, store: str, text: str) -> tuple[Reply, Reply]:
    """Return the replies to the same request unstreamed and streamed, as two models' answers."""
    async with connect(server.url, store=f"{store}/plain") as client:
        plain = await client.sample(make_request(text))
    async with connect(server.url, store=f"{store}/streamed") as client:
        streamed = await client.sample(make_request(text), bound=far())
    assert server.last_body["stream"] is True
    return plain, streamed


STREAMLESS = {
    *("not_http", "letters", "answer_whole", "answer_untyped", "shape", "refuse", "linger"),
    "stall_stream",
}
BREAKS_STREAMS = {"fail_middle", "garble", "garble_text", "nest", "say_nothing"}
LOOKS_ELSE = {"truncated", "endless", "huge", "redirect", "echo_key"}
NEVER_ENDS = {"drip", "stall", "stall_middle"}


OTHERS = STREAMLESS | BREAKS_STREAMS | LOOKS_ELSE | NEVER_ENDS


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - OTHERS))
async def test_every_answer_is_the_same_reply_streamed(server, tmp_path, fault):
    plain, streamed = await sample_both(server, str(tmp_path), f"Compute 1 + 1 [[{fault}]]")
    assert streamed.status == plain.status
    has_own_words = plain.status in (Status.UNPARSEABLE, Status.SERVER_ERROR)
    assert streamed.completion_tokens == plain.completion_tokens
    if has_own_words:
        assert bool(streamed.error) and (streamed.text, streamed.reasoning) == (None, None)
    else:
        assert streamed == plain


@pytest.mark.parametrize(
    "shape", ["bytes", "sevens", "together", "crlf", "comments", "lines", "tight", "no_end"]
)
async def test_a_stream_may_be_cut_into_blocks_anywhere(server, tmp_path, shape):
    async with connect(server.url, store=str(tmp_path)) as client:
        reply = await client.sample(make_request(f"long [[shape:{shape}]]"), bound=far())
    assert reply == Reply(
        status=Status.OK,
        text=LONG,
        finish_reason="stop",
        prompt_tokens=2,
        # Where the end is missing, so is the usage; what was counted until then is kept.
        completion_tokens=len(LONG.split()),
    )


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        ("fail_middle", Status.SERVER_ERROR, "engine died"),
        ("garble", Status.UNPARSEABLE, 'not JSON: {"choices": ['),
        ("garble_text", Status.UNPARSEABLE, "not JSON: "),
        ("nest", Status.UNPARSEABLE, "not JSON: [[["),
        ("truncated", Status.UNPARSEABLE, "not JSON (unexpected end"),
        ("say_nothing", Status.UNPARSEABLE, "no content: data: [DONE]"),
        ("reset_middle", Status.SERVER_ERROR, "broke off"),
        ("break_off", Status.SERVER_ERROR, "broke off"),
        ("redirect", Status.REJECTED, "redirects to"),
    ],
)
async def test_a_stream_that_fails_is_a_row_with_its_reason(client, fault, status, error):
    request = make_request(f"Compute 1 + 1 [[{fault}]]")
    reply = await client.sample(request, bound=far())
    assert (reply.status, reply.text) == (status, None)
    assert reply.error is not None and error in reply.error
    assert len(reply.error) <= 500 and reply.error.isprintable()
    await client.sample(request, bound=far())
    assert client.figures().num_reused == 0


@pytest.mark.parametrize("fault", ["drip", "stall", "stall_middle"])
async def test_a_stream_that_is_always_slow_is_a_row(server, tmp_path, fault):
    async with connect(server.url, store=str(tmp_path), patience=HASTY) as client:
        reply = await client.sample(make_request(f"Compute 1 + 1 [[{fault}]]"), bound=far())
        assert client.num_requests == HASTY.max_attempts
    assert (reply.status, reply.text) == (Status.SERVER_ERROR, None)
    assert "no whole answer within 0.4 s" in (reply.error or "")


async def test_a_stream_that_stalls_once_is_asked_again_at_the_deadline(tmp_path):
    with FakeModelServer() as server:
        async with connect(server.url, store=str(tmp_path), patience=Patience()) as client:
            request = make_request("Compute 1 + 1 [[stall_middle x1]]")
            task = asyncio.create_task(client.sample(request, bound=far()))
            await until(lambda: server.counts["faults"] == 1, "a stream that stalls")
            pass_time(Patience().attempt_seconds)
            assert (await task).status is Status.OK
            assert client.figures().retries == {"timeout": 1}


@pytest.mark.parametrize("fault", ["fail_middle", "reset_middle", "break_off"])
async def test_a_stream_that_fails_once_is_asked_again(client, fault):
    request = make_request(f"Compute 1 + 1 [[{fault} x1]]")
    reply = await client.sample(request, bound=far())
    assert reply.status is Status.OK and client.num_requests == 2


@pytest.mark.parametrize("fault", ["endless", "huge"])
async def test_a_huge_stream_is_cut_at_the_cap(server, tmp_path, monkeypatch, fault):
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 1 << 20)
    async with connect(server.url, store=str(tmp_path)) as client:
        reply = await client.sample(make_request(f"Compute 1 + 1 [[{fault}]]"), bound=far())
    assert reply.status is Status.UNPARSEABLE
    assert reply.error is not None and reply.error.startswith("longer than 1 MB")


async def test_a_stream_whose_connection_lingers_is_whole(server, tmp_path, monkeypatch):
    monkeypatch.setattr(transport, "LINGER_SECONDS", 0.05)
    async with connect(server.url, store=str(tmp_path)) as client, asyncio.timeout(120):
        reply = await client.sample(make_request("long [[linger]]"), bound=far())
    assert (reply.status, reply.text) == (Status.OK, LONG)


@pytest.mark.parametrize(
    "fault",
    ["answer_whole", "answer_untyped", "answer_untyped:plain", "answer_untyped:event-stream"],
)
async def test_a_server_that_does_not_stream_is_understood(client, fault):
    reply = await client.sample(make_request(f"long [[{fault}]]"), bound=far())
    assert (reply.status, reply.text, client.num_requests) == (Status.OK, LONG, 1)


@pytest.mark.parametrize("fault", ["garble", "garble_text", "nest"])
async def test_a_stream_that_breaks_keeps_the_tokens_until_then(client, fault):
    reply = await client.sample(make_request(f"long [[{fault}]]"), bound=far())
    assert (reply.status, reply.prompt_tokens) in [
        (Status.UNPARSEABLE, 2),
        (Status.UNPARSEABLE, None),
    ]
    assert reply.completion_tokens == (None if fault == "nest" else 2)


@pytest.mark.parametrize(
    ("refused", "num_requests"), [("continuous", 2), ("include_usage", 3), ("stream", 4)]
)
async def test_an_option_that_a_server_refuses_is_left_out_from_then_on(
    client, refused, num_requests
):
    reply = await client.sample(make_request(f"long [[refuse:{refused}]]"), bound=far())
    assert (reply.status, reply.text) == (Status.OK, LONG)
    assert client.num_requests == num_requests
    await client.sample(make_request(f"long [[refuse:{refused}]]", index=1), bound=far())
    assert client.num_requests == num_requests + 1


@pytest.mark.parametrize("refused", ["continuous", "include_usage", "stream"])
async def test_an_option_that_a_server_refuses_to_many_at_once_is_left_out(tmp_path, refused):
    with FakeModelServer(fault=f"refuse:{refused}", hold_at=0) as strict:
        async with connect(strict.url, store=str(tmp_path), max_in_flight=16) as client:
            requests = [make_request("Compute 1 + 1", index=index) for index in range(48)]
            work = client.run_all(requests, lambda request: client.sample(request, bound=far()))
            task = asyncio.create_task(work)
            await until(lambda: strict.counts["in_flight"] == 16, "many at once")
            strict.hold_at = None
            replies = await task
            asked = client.num_requests
            await client.sample(make_request("Compute 2 + 2"), bound=far())
            assert client.num_requests == asked + 1
    assert {reply.status for reply in replies} == {Status.OK}


async def test_a_refusal_that_only_speaks_of_streams_costs_no_streaming(server, client):
    reply = await client.sample(make_request("[[400]] stream"), bound=far())
    assert reply.status is Status.REJECTED
    await client.sample(make_request("Compute 1 + 1"), bound=far())
    assert server.last_body["stream_options"]["continuous_usage_stats"] is True


# The bound: requests that pass it are stopped, at the server too, and no others.


def long_server(hold_at: int | None = None, **options) -> FakeModelServer:
    """Return a server that sends no more than `hold_at` of 400 tokens."""
    return FakeModelServer(replies={"long": " ".join(["so"] * 400)}, hold_at=hold_at, **options)


@pytest.mark.parametrize(("chunk_tokens", "num_seen"), [(1, 51), (16, 64)])
async def test_a_completion_is_stopped_as_soon_as_it_has_passed_the_bound(
    tmp_path, chunk_tokens, num_seen
):
    with long_server(hold_at=num_seen, chunk_tokens=chunk_tokens) as slow:
        async with connect(slow.url, store=str(tmp_path)) as client:
            reply = await client.sample(make_request("long"), bound=TokenBound(50))
            await until(lambda: slow.counts["aborted"] == 1, "the server stops")
            figures = client.figures()
    assert reply == Reply(status=Status.OUTRUN, prompt_tokens=1, completion_tokens=num_seen)
    assert figures.num_outrun == 1 and figures.outrun_tokens == reply.completion_tokens
    assert slow.counts["answered"] == 0


async def test_a_completion_of_exactly_the_bound_is_whole(tmp_path):
    with long_server() as server:
        async with connect(server.url, store=str(tmp_path)) as client:
            reply = await client.sample(make_request("long"), bound=TokenBound(400))
    assert (reply.status, reply.completion_tokens) == (Status.OK, 400)


async def test_a_bound_that_is_lowered_stops_what_runs_at_once(tmp_path):
    # The stop does not wait for the next chunk, which never comes.
    with long_server(hold_at=100, chunk_tokens=100) as slow:
        async with connect(slow.url, store=str(tmp_path)) as client:
            bound = TokenBound()
            task = asyncio.create_task(client.sample(make_request("long"), bound=bound))
            await until(lambda: slow.counts["chunks"] >= 2, "a chunk")
            await asyncio.sleep(0.05)
            bound.tokens = 99
            reply = await task
            await until(lambda: slow.counts["aborted"] == 1, "the server stops")
    assert (reply.status, reply.completion_tokens) == (Status.OUTRUN, 100)


async def test_a_bound_of_nothing_sends_nothing_and_stops_what_has_not_begun(tmp_path):
    with FakeModelServer(hold_at=0) as slow:
        async with connect(slow.url, store=str(tmp_path), max_in_flight=1) as client:
            bound = TokenBound()
            tasks = [
                asyncio.create_task(client.sample(make_request("x", index=index), bound=bound))
                for index in range(3)
            ]
            await until(lambda: slow.counts["in_flight"] == 1, "a request")
            bound.tokens = 0
            replies = await asyncio.gather(*tasks)
            assert slow.counts["requests"] == client.num_requests == 1
    assert {reply.status for reply in replies} == {Status.OUTRUN}


async def test_a_stopped_completion_is_kept_and_asked_again_only_under_a_wider_bound(tmp_path):
    async def sample(tokens: int | None) -> tuple[Reply, int]:
        with long_server(hold_at=tokens and tokens + 1) as server:
            async with connect(server.url, store=str(tmp_path)) as client:
                bound = None if tokens is None else TokenBound(tokens)
                reply = await client.sample(make_request("long"), bound=bound)
                return reply, client.num_requests

    stopped, _ = await sample(50)
    assert await sample(50) == (stopped, 0)
    assert await sample(20) == (stopped, 0)
    seen = stopped.completion_tokens
    # Of exactly as many tokens as were seen it might still be, so it is not known to be longer.
    wider, num_requests = await sample(seen)
    assert num_requests == 1 and wider.completion_tokens > seen
    assert await sample(seen) == (wider, 0)
    whole, num_requests = await sample(None)
    assert (whole.status, num_requests) == (Status.OK, 1)
    assert await sample(20) == (whole, 0)


async def test_one_who_wants_more_of_the_same_request_gets_it(tmp_path):
    with long_server(hold_at=31) as slow:
        async with connect(slow.url, store=str(tmp_path)) as client:
            first, second = (
                asyncio.create_task(client.sample(make_request("long"), bound=TokenBound(tokens)))
                for tokens in (30, 60)
            )
            assert (await first).completion_tokens == 31
            await until(lambda: slow.counts["aborted"] == 1, "the server stops")
            slow.hold_at = 61
            assert (await second).completion_tokens == 61


async def test_deltas_count_only_where_the_server_has_shown_what_they_hold(tmp_path):
    """Without usage in every chunk nothing is stopped before one whole stream has been seen."""
    with long_server(hold_at=51) as server:
        async with connect(server.url, store=str(tmp_path)) as client:
            await client.sample(make_request("x [[refuse:continuous]]"), bound=far())
            learned = await client.sample(make_request("long"), bound=TokenBound(50))
            assert (learned.status, learned.completion_tokens) == (Status.OUTRUN, 51)


async def test_deltas_of_less_than_a_token_are_not_counted(tmp_path):
    with long_server() as server:
        async with connect(server.url, store=str(tmp_path)) as client:
            # Five tokens by its usage, in eleven deltas.
            reply = await client.sample(make_request("[[letters]]"), bound=TokenBound(6))
            assert (reply.status, reply.completion_tokens) == (Status.OK, 5)
            reply = await client.sample(make_request("[[letters]]", index=1), bound=TokenBound(6))
            assert (reply.status, reply.completion_tokens) == (Status.OK, 5)
