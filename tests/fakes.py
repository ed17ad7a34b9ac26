"""FakeModelServer: an OpenAI-protocol server that answers by the hash of the request.

An image gets a caption; a text gets a thought and a boxed answer, right or wrong by the hash.
A fault is chosen by a marker in the prompt or for all requests: `[[500]]`, `[[429:1]]` (with
Retry-After: 1), `[[reset x2]]` (the first two times for that body), any name in `FAULTS`.

    with FakeModelServer() as server: ... server.url ... server.stats()
    python -m tests.fakes --port 8100
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import math
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from tests.fake_faults import FAULTS, Exchange, send_code
from tests.fake_streams import HEAD, make_events, read_gone, send_block

TLS_HELLO = b"\x16"
MARKER = re.compile(r"\[\[(?P<name>\w+)(?::(?P<value>[\w.+-]+))?(?: x(?P<times>\d+))?\]\]")
SUM = re.compile(r"Compute (-?\d+) ([-+*]) (-?\d+)")


class FakeModelServer:
    """The server, in a thread of its own; may be stopped and started again on the same port."""

    def __init__(
        self,
        *,
        port: int = 0,
        models: Sequence[str] = ("fake-vlm", "fake-llm"),
        answers: Mapping[str, str] | None = None,
        replies: Mapping[str, str] | None = None,
        accuracy: float = 0.45,
        latency_seconds: float = 0.0,
        token_seconds: float = 0.0,
        chunk_tokens: int = 1,
        slots: int = 0,
        hold_at: int | None = None,
        on_request: Callable[[int], None] | None = None,
        metrics: bool = False,
        fault: str | None = None,
        models_fault: str | None = None,
        context_tokens: Any = None,
        api_key: str | None = None,
    ) -> None:
        """Prepare a server.

        `answers` maps parts of prompts to gold answers, the longest wins; `replies` maps parts of
        prompts to whole replies, the first wins. With `slots` so many requests are worked on at a
        time and the others wait; a streamed completion takes `token_seconds` a token, and comes
        `chunk_tokens` at a time. With `hold_at`, which may be changed at any time, no stream goes
        past so many tokens, and no other completion is sent. `on_request` is called with the
        number of each request, from 1, before anything is done for it.
        """
        self.port = port
        self.models = models
        self.context_tokens = context_tokens
        self.answers = sorted((answers or {}).items(), key=lambda pair: -len(pair[0]))
        self.replies = replies or {}
        self.accuracy = accuracy
        self.latency_seconds = latency_seconds
        self.token_seconds = token_seconds
        self.chunk_tokens = chunk_tokens
        self.hold_at = hold_at
        self.on_request = on_request
        self.metrics = metrics
        self._slots = asyncio.Semaphore(slots or 100_000)
        self.fault = f"[[{fault}]]" if fault else ""
        self.models_fault = f"[[{models_fault}]]" if models_fault else ""
        self.api_key = api_key
        self.counts: Counter[str] = Counter()
        self.asked: Counter[bytes] = Counter()
        self.last_body: dict[str, Any] = {}
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def stats(self) -> dict[str, int]:
        """Return the counts that GET /stats shows."""
        unique = len(self.asked)
        return {**self.counts, "unique": unique, "repeats": self.counts["requests"] - unique}

    @property
    def num_connections(self) -> int:
        """Connections that are open: of a client that is gone, until all it sent is read."""
        return len(self._writers)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        is_ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=lambda: self._loop.run_until_complete(self._run(is_ready))
        )
        self._thread.start()
        is_ready.wait()

    def stop(self) -> None:
        """Stop at once; open connections are reset."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._loop.close()

    async def _run(self, is_ready: threading.Event) -> None:
        self._stopping = asyncio.Event()
        try:
            server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=1024)
            self.port = server.sockets[0].getsockname()[1]
        finally:
            is_ready.set()
        await self._stopping.wait()
        server.close()
        for writer in self._writers:
            writer.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while not writer.is_closing() and (request := await _read_request(reader)):
                await self._answer(reader, writer, *request)
        except (OSError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            pass  # The server stops; asyncio would print the traceback of each cancelled handler.
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        path: str,
        headers: dict[str, str],
        data: bytes,
    ) -> None:
        exchange = Exchange(reader, writer, headers, json.loads(data or b"{}"), b"")
        is_known = self.api_key in (None, headers.get("authorization", "").removeprefix("Bearer "))
        if path == "/health":
            await exchange.send(200, b"ok", "Content-Type: text/plain\r\n")
        elif path == "/stats":
            await exchange.send(200, json.dumps(self.stats()).encode())
        elif path == "/metrics" and self.metrics:
            page = "vllm:num_requests_running {}.0\nvllm:num_requests_waiting {}.0\n"
            waiting = self.counts["in_flight"] - self.counts["working"]
            page = page.format(self.counts["working"], waiting)
            await exchange.send(200, page.encode(), "Content-Type: text/plain\r\n")
        elif not is_known:
            await exchange.send(401, b'{"error": {"message": "wrong key"}}')
        elif path == "/v1/models":
            more = {} if self.context_tokens is None else {"max_model_len": self.context_tokens}
            listed = [{"id": name, **more} for name in self.models]
            exchange.answer = json.dumps({"object": "list", "data": listed}).encode()
            await self._respond(exchange, self.models_fault)
        elif path == "/v1/chat/completions":
            await self._complete(exchange, data)
        else:
            await exchange.send(404, b"<html>not here</html>", "Content-Type: text/html\r\n")

    async def _complete(self, exchange: Exchange, data: bytes) -> None:
        self.counts["requests"] += 1
        if self.on_request:
            self.on_request(self.counts["requests"])
        self.counts["in_flight"] += 1
        self.counts["max_in_flight"] = max(self.counts["max_in_flight"], self.counts["in_flight"])
        key = hashlib.blake2b(data, digest_size=16).digest()
        self.asked[key] += 1
        self.last_body = exchange.body
        text, has_image = read_prompt(exchange.body)
        exchange.answer = json.dumps(
            self._make_completion(exchange.body, text, has_image, key)
        ).encode()
        try:
            async with self._slots:
                self.counts["working"] += 1
                try:
                    await self._work(exchange, text, key)
                finally:
                    self.counts["working"] -= 1
        finally:
            self.counts["in_flight"] -= 1

    async def _work(self, exchange: Exchange, text: str, key: bytes) -> None:
        is_gone = self.latency_seconds and await read_gone(exchange.reader, self.latency_seconds)
        if is_gone or await self._hold(exchange, 0 if exchange.is_streamed else math.inf):
            self.counts["aborted"] += 1
            return
        marked = text if MARKER.search(text) else self.fault
        if exchange.is_streamed and not MARKER.search(marked):
            await self._stream(exchange)
        else:
            await self._respond(exchange, marked, self.asked[key])
        self.counts["answered"] += 1

    async def _stream(self, exchange: Exchange) -> None:
        """Send tokens at their pace until the client goes away."""
        exchange.writer.write(HEAD)
        completion, options = json.loads(exchange.answer), exchange.body.get("stream_options")
        seconds = self.token_seconds * self.chunk_tokens
        for number, event in enumerate(make_events(completion, options, self.chunk_tokens)):
            await send_block(exchange.writer, event)
            self.counts["chunks"] += 1
            is_gone = seconds and await read_gone(exchange.reader, seconds)
            if is_gone or await self._hold(exchange, number * self.chunk_tokens):
                self.counts["aborted"] += 1
                raise ConnectionResetError
        exchange.writer.write(b"0\r\n\r\n")
        await exchange.writer.drain()

    async def _hold(self, exchange: Exchange, num_tokens: float) -> bool:
        """Wait while so many tokens are held; return whether the client went away."""
        while self.hold_at is not None and num_tokens >= self.hold_at:
            if await read_gone(exchange.reader, 0.01):
                return True
        return False

    async def _respond(self, exchange: Exchange, text: str, times_asked: int = 1) -> None:
        marker = MARKER.search(text)
        if marker is None or times_asked > int(marker["times"] or 10**9):
            if exchange.is_streamed:
                await exchange.send_events(exchange.events())
            else:
                await exchange.send(200, exchange.answer)
            return
        name, exchange.value = marker["name"], marker["value"]
        self.counts["faults"] += 1
        if name == "not_http":
            exchange.writer.write(b"garbage that is no HTTP at all\r\n\r\n")
        await (send_code(exchange, int(name)) if name.isdigit() else FAULTS[name](exchange))

    def _make_completion(
        self, body: dict[str, Any], text: str, has_image: bool, key: bytes
    ) -> dict[str, Any]:
        number = int.from_bytes(key[:4], "big")
        said = (
            f"A figure with the label {key[:4].hex()}." if has_image else self._solve(text, number)
        )
        words = re.findall(r"\s*\S+", said)
        kept = words[: body.get("max_tokens") or len(words)]
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": "".join(kept)},
            "finish_reason": "stop" if len(kept) == len(words) else "length",
        }
        usage = {"prompt_tokens": len(text.split()), "completion_tokens": len(kept)}
        return {
            "id": f"chatcmpl-{key.hex()}",
            "model": body.get("model"),
            "choices": [choice],
            "usage": usage,
        }

    def _solve(self, text: str, number: int) -> str:
        for part, reply in self.replies.items():
            if part in text:
                return reply
        answer = next((gold for part, gold in self.answers if part in text), None)
        if answer is None:
            sums = SUM.search(text)
            answer = str(compute(*sums.groups()) if sums else number % 1000)
        if number / 2**32 >= self.accuracy:
            answer = make_wrong(answer)
        thought = " ".join(["so"] * (3 + number % 50))
        thought = f"<think>\nI reason, {thought} it follows.\n</think>"
        return f"{thought}\n\nThe answer is \\boxed{{{answer}}}."


def compute(first: str, operator: str, second: str) -> int:
    a, b = int(first), int(second)
    return {"+": a + b, "-": a - b, "*": a * b}[operator]


def make_wrong(answer: str) -> str:
    """Return an answer that is not this one, of the same kind."""
    swaps = {"yes": "no", "no": "yes", "true": "false", "false": "true"}
    if answer.lower() in swaps:
        return swaps[answer.lower()]
    if len(answer) == 1 and answer.isalpha():
        return "A" if answer.upper() != "A" else "B"
    with contextlib.suppress(ValueError):
        return f"{float(answer.replace(',', '')) + 1:g}"
    return f"something other than {answer[:20]}"


def read_prompt(body: dict[str, Any]) -> tuple[str, bool]:
    """Return all text of a request, and whether it has an image."""
    texts, has_image = [], False
    for message in body.get("messages", []):
        content = message["content"]
        for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            has_image = has_image or part["type"] == "image_url"
            texts.append(part.get("text", ""))
    return "\n".join(texts), has_image


async def _read_request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes] | None:
    try:
        if await reader.readexactly(1) == TLS_HELLO:
            return "/", {}, b""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    pairs = (line.split(":", 1) for line in head[1:] if ":" in line)
    headers = {name.lower(): value.strip() for name, value in pairs}
    data = await reader.readexactly(int(headers.get("content-length", 0)))
    return head[0].split(" ")[1], headers, data


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--latency-seconds", type=float, default=0.0)
    parser.add_argument("--accuracy", type=float, default=0.7)
    parser.add_argument("--fault", help="for every request, as in a marker")
    parser.add_argument("--answers", help="JSON file: part of a prompt to gold answer")
    options = vars(parser.parse_args())
    if options["answers"]:
        options["answers"] = json.loads(Path(options["answers"]).read_text("utf-8"))
    with FakeModelServer(**options) as server:
        print(server.url, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
