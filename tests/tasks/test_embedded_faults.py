"""What the embedded server tells when something else than a reply comes, and while it is busy."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

pytest.importorskip("torch", reason="the extra 'embedded' is not installed")
pytest.importorskip("transformers", reason="the extra 'embedded' is not installed")

from aiohttp import ClientPayloadError
from aiohttp.test_utils import TestClient

from tasks.embedded import api
from tasks.embedded.model import ServedModel
from tasks.embedded.processor import ChatProcessor
from tests.tasks.test_embedded_server import ask, chat, open_client, read_metrics, refuse, texts
from tests.tiny_checkpoint import write_text_checkpoint
from tests.waiting import GUARD_SECONDS, LOOK_SECONDS

MAX_BODY_BYTES = 100_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_text_checkpoint(tmp_path_factory.mktemp("text") / "tiny-text")


@pytest_asyncio.fixture
async def client(folder: Path) -> AsyncGenerator[TestClient]:
    async with open_client(folder, max_body_bytes=MAX_BODY_BYTES) as one:
        yield one


class Gate:
    """A function that waits in its thread until it is let go."""

    def __init__(self, function: Any) -> None:
        self._function = function
        self._is_open = threading.Event()

    def bind(self) -> Any:
        def wait_and_call(*arguments: Any) -> Any:
            assert self._is_open.wait(GUARD_SECONDS)
            return self._function(*arguments)

        return wait_and_call

    def open(self) -> None:
        self._is_open.set()


async def await_gauges(client: TestClient, *, running: float, waiting: float) -> None:
    async with asyncio.timeout(GUARD_SECONDS):
        while True:
            metrics = await read_metrics(client)
            found = metrics["vllm:num_requests_running"], metrics["vllm:num_requests_waiting"]
            if found == (running, waiting):
                return
            await asyncio.sleep(LOOK_SECONDS)


@pytest.mark.parametrize(
    ("owner", "name", "running", "waiting"),
    [(ServedModel, "read_prompts", 3, 0), (ChatProcessor, "prepare", 0, 3)],
)
async def test_what_is_being_read_runs_and_what_is_being_prepared_waits(
    client: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    name: str,
    running: int,
    waiting: int,
):
    gate = Gate(getattr(owner, name))
    monkeypatch.setattr(owner, name, gate.bind())
    request = asyncio.create_task(ask(client, chat("x", n=3)))
    try:
        await await_gauges(client, running=running, waiting=waiting)
    finally:
        gate.open()
    await request
    await await_gauges(client, running=0, waiting=0)


async def test_negative_seeds_give_samples_of_their_own(client: TestClient):
    body = chat("Dream.", max_tokens=20, ignore_eos=True)
    assert len(set(texts(await ask(client, body | {"seed": -1, "n": 3})))) == 3
    negative, positive = [await ask(client, body | {"seed": seed}) for seed in (-7, 7)]
    assert texts(negative) != texts(positive)
    row = texts(await ask(client, body | {"seed": -1, "n": 2}))
    assert row[1:] == texts(await ask(client, body | {"seed": 0}))


async def test_a_broken_compressed_body_gets_400(client: TestClient):
    headers = {"Content-Encoding": "gzip"}
    url = client.make_url("/v1/chat/completions")
    async with client.session.post(url, data=b"abc", headers=headers, compress=None) as response:
        assert response.status == 400
        error = (await response.json())["error"]
    assert "the body cannot be read" in error["message"]


async def test_an_unforeseen_fault_gets_500_in_json_and_stands_in_the_log(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("by surprise")

    monkeypatch.setattr(ChatProcessor, "prepare", fail)
    said = await refuse(client, chat("x"), 500)
    assert "its log" in said
    assert "by surprise" not in said
    assert "by surprise" in caplog.text
    await await_gauges(client, running=0, waiting=0)


async def test_a_stream_that_cannot_go_on_is_broken_off(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
):
    async def break_off(*_: Any) -> AsyncGenerator[bytes]:
        yield b"data: {}\n\n"
        raise ZeroDivisionError

    monkeypatch.setattr(api, "stream_reply", break_off)
    async with client.post("/v1/chat/completions", json=chat("x", stream=True)) as response:
        assert response.status == 200
        with pytest.raises(ClientPayloadError):
            await response.read()


async def test_a_wrong_method_is_told_the_right_one(client: TestClient):
    async with client.put("/v1/chat/completions") as response:
        assert response.status == 405
        assert response.headers["Allow"] == "POST"
        assert (await response.json())["error"]["code"] == 405


async def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(client: TestClient):
    assert client.port is not None
    reader, writer = await asyncio.open_connection(client.host, client.port)
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n"
    writer.write(head.encode())
    async with asyncio.timeout(GUARD_SECONDS):
        assert b" 413 " in await reader.readline()
        assert b"at most 100000 are read" in await reader.readuntil(b"413}}")
    writer.close()


async def test_without_max_tokens_a_long_prompt_is_told_so(client: TestClient):
    body = chat("x" * 600)
    del body["max_tokens"]
    said = await refuse(client, body)
    assert "None" not in said
    assert "a reply needs one; together at most 512 fit" in said
