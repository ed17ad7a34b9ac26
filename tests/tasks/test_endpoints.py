"""The check before a run: one sentence for every way that a server can be of no use."""

import asyncio
import logging
from collections.abc import Iterator

import pytest

from schemas.errors import AccessError, ContractError
from schemas.records import Status
from tasks.sampling import Endpoint, Patience
from tasks.sampling.transport import Answer, Transport
from tests.clients import FAST, HASTY, connect, dead_url, make_request
from tests.fakes import FakeModelServer
from tests.waiting import until

KEY = "sk-very-secret-0123456789"


@pytest.fixture(scope="module")
def server() -> Iterator[FakeModelServer]:
    with FakeModelServer() as running:
        yield running


async def test_check_passes_where_the_model_is(server):
    async with connect(server.url) as client:
        await client.check()
        assert client.num_requests == 0


async def test_check_names_the_known_models(server):
    known = r"does not serve 'other'; it serves 'fake-vlm', 'fake-llm'; correct --vlm$"
    async with connect(server.url, model="other", option="--vlm") as client:
        with pytest.raises(AccessError, match=known):
            await client.check()


async def test_check_says_that_a_server_is_down():
    url = dead_url()
    why = f"^cannot reach {url}: connection refused; start the server or correct --llm$"
    async with connect(url, option="--llm") as client:
        with pytest.raises(AccessError, match=why):
            await client.check()


async def test_check_waits_for_a_server_that_comes_up():
    with FakeModelServer(models_fault="503") as starting:
        patience = Patience(base_seconds=0.2, check_attempts=3)
        async with connect(starting.url, patience=patience) as client:
            task = asyncio.create_task(client.check())
            await until(lambda: starting.counts["faults"] == 1, "a first attempt")
            starting.models_fault = ""
            await task


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("html", r"has no list of models \(200: Sign in\).*ends in /v1, correct its URL"),
        ("list", "does not serve 'fake-llm'; it serves nothing"),
        ("wrong_shape", "has no list of models"),
        ("404", r"has no list of models \(404"),
        ("401", r"refuses access to 'fake-llm' \(401: .*api_key_env"),
        ("403", r"refuses access to 'fake-llm' \(403"),
        ("500", "answers 500: fault 500"),
        ("redirect", "redirects to http://127.0.0.1:9/elsewhere"),
        ("stall", "cannot reach .*: no whole answer within 0.4 s"),
        ("reset", "cannot reach .*: (connection reset|the server closed the connection)"),
    ],
)
async def test_check_says_in_one_sentence_what_is_wrong(fault, why):
    patience = HASTY if fault == "stall" else FAST
    with FakeModelServer(models_fault=fault) as wrong:
        async with connect(wrong.url, patience=patience) as client:
            with pytest.raises(AccessError, match=why) as caught:
                await client.check()
    assert str(caught.value).isprintable() and len(str(caught.value)) < 600


async def test_no_server_is_refused_with_the_option_to_give():
    async with connect(option="--vlm") as client:
        with pytest.raises(AccessError, match="no server for 'fake-llm'; name one with --vlm"):
            await client.check()


def test_a_url_that_is_none_is_refused():
    with pytest.raises(ContractError, match="got 'localhost:8000'"):
        Endpoint(model="m", urls=("localhost:8000",))
    with pytest.raises(ContractError, match="give api_key_env") as caught:
        Endpoint(model="m", urls=(f"http://me:{KEY}@h:99999/v1",))
    assert KEY not in str(caught.value)


# The API key: from the environment, and nowhere to be seen.


async def test_the_key_is_sent_and_never_shown(tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TEST_MODEL_KEY", KEY)
    with FakeModelServer(api_key=KEY) as locked:
        async with connect(locked.url, store=str(tmp_path), api_key_env="TEST_MODEL_KEY") as client:
            await client.check()
            assert (await client.sample(make_request("Compute 1 + 1"))).status is Status.OK
            reply = await client.sample(make_request("[[echo_key]]"))
            assert (await client.sample(make_request("[[500]]"))).status is Status.SERVER_ERROR
        assert reply.error == "400: wrong key Bearer [key]"
        monkeypatch.setenv("TEST_MODEL_KEY", KEY + "-old")
        async with connect(locked.url, api_key_env="TEST_MODEL_KEY") as client:
            with pytest.raises(AccessError, match="check the key in TEST_MODEL_KEY"):
                await client.check()
    assert KEY not in caplog.text
    assert all(KEY.encode() not in file.read_bytes() for file in tmp_path.rglob("*.log"))


@pytest.mark.parametrize(
    "answer",
    [
        Answer(400, b'{"error": "wrong key sk\\/very/secret"}', False, None, None),
        Answer(400, b"<p>sk/very/secret</p>", False, None, None),
        Answer(302, b"", False, None, "http://h/?key=sk/very/secret"),
    ],
)
async def test_a_key_is_not_shown_however_a_server_writes_it(answer):
    words = Transport("sk/very/secret", connect_seconds=1.0).describe(answer)
    assert "[key]" in words and "secret" not in words


@pytest.mark.parametrize(
    ("value", "why"), [("", "set the environment"), ("a\nb", "no HTTP header")]
)
async def test_a_key_that_cannot_be_used_is_named(server, monkeypatch, value, why):
    monkeypatch.setenv("TEST_MODEL_KEY", value)
    async with connect(server.url, api_key_env="TEST_MODEL_KEY") as client:
        with pytest.raises(AccessError, match=why) as caught:
            await client.check()
    assert "a\nb" not in str(caught.value)
