"""A streaming server for the race benchmark: completions of known lengths, at a pace, in slots.

    python -m tests.benchmarks.race_server --port 8200 --slots 256 --pace 50

It counts the tokens that it produced, until it saw that a request was gone (`/stats`), and the
seconds from the first request to the last moment that all slots were full. `/reset/SIGMA/RATE`
starts anew.
"""

import argparse
import asyncio
import json
import time
from collections import deque
from typing import Any

from tasks.reason import SEED_STRIDE
from tests.benchmarks.race_world import World
from tests.fake_streams import DONE, HEAD, make_event

CHUNK_TOKENS = 2
TICK_SECONDS = 0.004


class Generation:
    """One completion that is being written."""

    def __init__(self, connection: "Connection", tokens: int, answer: str, is_streamed: bool):
        self.connection, self.tokens, self.answer = connection, tokens, answer
        self.is_streamed = is_streamed
        self.started = 0.0
        self.sent = 0

    def write(self, produced: int) -> None:
        """Send what is whole of the tokens so far; at the end also the usage."""
        is_over = produced >= self.tokens
        whole = self.tokens if is_over else produced - produced % CHUNK_TOKENS
        if self.is_streamed and whole > self.sent:
            text = " so" * (whole - self.sent) + (self.answer if is_over else "")
            self.connection.send_event(text, whole, "stop" if is_over else None)
            self.sent = whole
        if is_over and self.is_streamed:
            self.connection.end()
        elif is_over:
            self.connection.send_whole(" so" * self.tokens + self.answer, self.tokens)


class Engine:
    """Writes completions at a pace in so many slots; the others wait."""

    def __init__(self, slots: int, pace: float) -> None:
        self.slots, self.pace = slots, pace
        self.world = World(0.6, 0.5)
        self.running: set[Generation] = set()
        self.waiting: deque[Generation] = deque()
        self.reset(self.world)

    def reset(self, world: World) -> None:
        self.world, self.tokens, self.aborted = world, 0, 0
        self.first = self.last_full = 0.0

    def add(self, generation: Generation) -> None:
        self.first = self.first or time.monotonic()
        self.waiting.append(generation)
        self.fill()

    def fill(self) -> None:
        while self.waiting and len(self.running) < self.slots:
            generation = self.waiting.popleft()
            generation.started = time.monotonic()
            self.running.add(generation)

    def remove(self, generation: Generation, *, is_aborted: bool) -> None:
        if generation in self.running:
            self.running.discard(generation)
            self.tokens += self.count(generation, time.monotonic())
        elif generation in self.waiting:
            self.waiting.remove(generation)
        self.aborted += is_aborted
        self.fill()

    def count(self, generation: Generation, now: float) -> int:
        return min(generation.tokens, int((now - generation.started) * self.pace))

    async def run(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = time.monotonic()
            if len(self.running) == self.slots:
                self.last_full = now
            for generation in list(self.running):
                produced = self.count(generation, now)
                if produced >= generation.tokens:
                    self.remove(generation, is_aborted=False)
                    generation.connection.generation = None
                generation.write(produced)


class Connection(asyncio.Protocol):
    """One client connection; when it is lost its completion ends."""

    engine: Engine

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.data = bytearray()
        self.generation: Generation | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self.generation is not None:
            self.engine.remove(self.generation, is_aborted=True)

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, found, body = bytes(self.data).partition(b"\r\n\r\n")
        if not found:
            return
        if head.startswith(b"GET"):
            self.data.clear()
            self.answer_get(head.split(b" ")[1].decode())
        elif len(body) >= int(head.lower().split(b"content-length: ")[1].split(b"\r")[0]):
            self.data.clear()
            self.begin(json.loads(body))

    def answer_get(self, path: str) -> None:
        engine = self.engine
        if path.startswith("/reset/"):
            sigma, rate = map(float, path.split("/")[2:])
            engine.reset(World(sigma, rate))
        stats = {"tokens": engine.tokens, "seconds": engine.last_full - engine.first}
        page = json.dumps(stats | {"aborted": engine.aborted})
        if path == "/metrics":
            page = f"vllm:num_requests_running {len(engine.running)}\n"
            page += f"vllm:num_requests_waiting {len(engine.waiting)}\n"
        self.send_page(page.encode())

    def begin(self, body: dict[str, Any]) -> None:
        tokens, is_correct = self.engine.world.draw(*divmod(body["seed"], SEED_STRIDE))
        answer = f" \\boxed{{{7 if is_correct else 8}}}"
        is_streamed = bool(body.get("stream"))
        self.generation = Generation(self, tokens, answer, is_streamed)
        if is_streamed:
            self.transport.write(HEAD)
        self.engine.add(self.generation)

    def send_event(self, text: str, tokens: int, finish: str | None) -> None:
        event = EVENT % (text.replace("\\", "\\\\").encode(), json.dumps(finish).encode(), tokens)
        self.transport.write(b"%x\r\n%b\r\n" % (len(event), event))

    def end(self) -> None:
        self.transport.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(DONE), DONE))

    def send_whole(self, text: str, tokens: int) -> None:
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 40, "completion_tokens": tokens}
        self.send_page(json.dumps({"choices": [choice], "usage": usage}).encode())

    def send_page(self, page: bytes) -> None:
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(page), page))


def make_template() -> bytes:
    """Make an event with holes for text, finish reason and tokens, as vLLM writes it."""
    choice = {"index": 0, "delta": {"content": "TEXT"}, "logprobs": None, "finish_reason": "END"}
    usage = {"prompt_tokens": 40, "completion_tokens": "TOKENS"}
    head = {"id": "chatcmpl-0123456789abcdef", "object": "chat.completion.chunk", "model": "mock"}
    event = make_event({**head, "choices": [choice], "usage": usage})
    return event.replace(b"TEXT", b"%b").replace(b'"END"', b"%b").replace(b'"TOKENS"', b"%d")


EVENT = make_template()


async def serve(port: int, slots: int, pace: float) -> None:
    Connection.engine = Engine(slots, pace)
    await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", port, backlog=4096)
    await Connection.engine.run()


def main() -> None:
    """Serve until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--slots", type=int, required=True)
    parser.add_argument("--pace", type=float, required=True, help="tokens a second of each slot")
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.slots, options.pace))


if __name__ == "__main__":
    main()
