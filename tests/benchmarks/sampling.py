"""The model edge beside its goals: full slots, processor time, memory, streams.

    python -m tests.benchmarks.sampling [slots] [cpu] [memory] [streamed] [--rounds 3]

The server is a process of its own (`load_server.c` of ../shared where gcc is, and for streams one
of this module); the client is a child whose processor time and largest resident set the system
reports at its end, start-up removed by a run of one request. Every reply is made durable.

slots: 2,000 problems of 4 rollouts at 64 slots, 200 ms mean (lognormal): busy slot seconds / (slots
    x time from the first request to the last answer), as the server counts them; goal 0.985.
cpu: client processor time a request, text (goal 0.25 ms) and a 56 kB image (goal 0.5 ms).
memory: largest resident set at 2,000 images of 56 kB (goal 250 MB) and at 20,000 (no more), asked
    in shards of 1,000, whose replies the caller then lets go, as the stages do.
streamed: client processor time for 1,000 tokens that come 16 at a time (goal 1 ms): as fast as the
    server can, and 20 times a second for each request, each chunk a wake-up; beside each the time
    of bare asyncio that reads the same bytes and does nothing with them.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from schemas.records import ImagePart, Message, Request, SamplingParams
from tasks.replies import ReplyStore
from tasks.sampling import Endpoint, ModelClient, TokenBound
from tasks.sampling.wire import Streaming, build_body
from tests.benchmarks.pipeline import LOAD_SERVER, ROOT, find_port, run_server
from tests.fake_streams import DONE, HEAD, make_event

IMAGE_BYTES = 56_000
CHUNK_TOKENS = 16
CHUNKS = 128
CHUNK_SECONDS = 0.05
SHARD = 1_000
FAR = 10**9


def make_requests(kind: str, count: int) -> Iterator[Request]:
    """Make requests of which none is like another."""
    sampling = SamplingParams(temperature=0.6, top_p=0.95, max_tokens=4_096)
    noise = random.Random(0).randbytes(IMAGE_BYTES)
    for index in range(count):
        images: tuple[ImagePart, ...] = ()
        if kind == "image":
            data = noise[:-8] + index.to_bytes(8, "big")
            images = (ImagePart(sha256=f"{index:064x}", data=data, media_type="image/jpeg"),)
        text = f"Compute {index // 4} * 17 and put the final answer in a box. " + "Think. " * 20
        message = Message(role="user", text=text, images=images)
        yield Request(messages=(message,), sampling=sampling, sample_index=index % 4, seed=index)


async def run_client(url: str, kind: str, count: int) -> None:
    """Ask for `count` completions and keep them."""
    with tempfile.TemporaryDirectory() as folder:
        endpoint = Endpoint(model="mock", urls=(url,))
        async with ReplyStore.open(folder) as store, ModelClient(endpoint, store) as client:
            requests = make_requests(kind, count)
            if kind == "streamed":
                bound = TokenBound(FAR)
                await client.run_all(requests, lambda request: client.sample(request, bound=bound))
            elif kind == "image":
                for _ in range(0, count, SHARD):
                    await client.sample_all(islice(requests, SHARD))
            else:
                await client.sample_all(requests)
            assert client.figures().num_replies == len(store) == count
            print(client.figures(), flush=True)


class NullReader(asyncio.Protocol):
    """Sends a request and reads until the end of its stream, the least that asyncio can do."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.is_read = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        head = b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n"
        transport.write(head % len(self._body) + self._body)

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"0\r\n\r\n"):
            self.is_read.set_result(None)


async def read_only(port: int, count: int) -> None:
    """Read `count` streams and do nothing with them."""
    loop, slots = asyncio.get_running_loop(), asyncio.Semaphore(96)

    async def read(request: Request) -> None:
        body = build_body("mock", request, Streaming.COUNTED)
        async with slots:
            transport, reader = await loop.create_connection(
                lambda: NullReader(body), "127.0.0.1", port
            )
            await reader.is_read
            transport.close()

    await asyncio.gather(*map(read, make_requests("streamed", count)))


class StreamServer(asyncio.Protocol):
    """Streams chunks of 16 tokens at a pace, as vLLM writes them."""

    seconds = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._data = bytearray()

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, found, body = bytes(self._data).partition(b"\r\n\r\n")
        if not found:
            return
        if head.startswith(b"GET"):
            self._data.clear()
            code = 200 if b"/health" in head else 404
            self._transport.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % code)
        elif len(body) >= int(head.lower().split(b"content-length: ")[1].split(b"\r")[0]):
            self._data.clear()
            self._transport.write(HEAD)
            self._send(0)

    def _send(self, number: int) -> None:
        if self._transport.is_closing():
            return
        if number == len(EVENTS):
            self._transport.write(b"0\r\n\r\n")
            return
        event = EVENTS[number]
        self._transport.write(b"%x\r\n%b\r\n" % (len(event), event))
        loop = asyncio.get_running_loop()
        if self.seconds:
            loop.call_later(self.seconds * random.uniform(0.5, 1.5), self._send, number + 1)
        else:
            loop.call_soon(self._send, number + 1)


def make_stream_events() -> Iterator[bytes]:
    head = {"id": "chatcmpl-0123456789abcdef0123456789abcdef", "object": "chat.completion.chunk"}
    head |= {"created": 1_700_000_000, "model": "mock"}
    for number in range(CHUNKS):
        delta = {"content": " token" * CHUNK_TOKENS}
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
        tokens = (number + 1) * CHUNK_TOKENS
        usage = {"prompt_tokens": 40, "total_tokens": 40 + tokens, "completion_tokens": tokens}
        yield make_event({**head, "choices": [choice], "usage": usage})
    choice = {"index": 0, "delta": {"content": ""}, "logprobs": None, "finish_reason": "stop"}
    yield make_event({**head, "choices": [choice], "usage": usage})
    yield DONE


EVENTS = list(make_stream_events())


async def serve_streams(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(StreamServer, "127.0.0.1", port)
    await server.serve_forever()


def measure(url: str, kind: str, count: int) -> tuple[float, float]:
    """Run a client; return its processor seconds and its largest resident set in MB."""
    command = [sys.executable, "-m", "tests.benchmarks.sampling", "client"]
    command += ["--url", url, "--kind", kind, "--count", str(count)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, code, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(code)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def measure_cpu(url: str, kind: str, count: int) -> float:
    """Return the processor time of a request in ms, start-up removed."""
    return (measure(url, kind, count)[0] - measure(url, kind, 1)[0]) / (count - 1) * 1000


@contextmanager
def run_load_server(folder: Path, latency_ms: float) -> Iterator[str]:
    program = folder / "load_server"
    if not program.exists():
        subprocess.run(["gcc", "-O2", "-o", program, LOAD_SERVER, "-lm"], check=True)
    port = find_port()
    command = [str(program), "--port", str(port), "--slots", "64", "--lat", str(latency_ms)]
    base = f"http://127.0.0.1:{port}"
    with run_server(command, f"{base}/health"):
        yield base


def get_json(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.loads(answer.read())


def compare(name: str, values: list[float], goal: float, unit: str) -> None:
    shown = ", ".join(f"{value:.3f}" for value in values)
    middle = median(values)
    print(f"{name}: {middle:.3f}{unit} (runs {shown}), of the goal {middle / goal:.2f}", flush=True)


def bench_slots(folder: Path, rounds: int) -> None:
    with run_load_server(folder, 200) as base:
        uses: list[float] = []
        for _ in range(rounds):
            urllib.request.urlopen(f"{base}/reset", timeout=10).close()
            measure(f"{base}/v1", "text", 8_000)
            stats = get_json(f"{base}/stats")
            uses.append(stats["utilization"])
            print(f"  most at the server at once {stats['max_open']}, mean {stats['mean_open']}")
    compare("slots in use", uses, 0.985, "")


def bench_cpu(folder: Path, rounds: int) -> None:
    with run_load_server(folder, 0) as base:
        for kind, count, goal in (("text", 5_000, 0.25), ("image", 2_000, 0.5)):
            costs = [measure_cpu(f"{base}/v1", kind, count) for _ in range(rounds)]
            compare(f"{kind}, processor time a request", costs, goal, " ms")


def bench_memory(folder: Path, rounds: int) -> None:
    with run_load_server(folder, 0) as base:
        small = [measure(f"{base}/v1", "image", 2_000)[1] for _ in range(rounds)]
        large = [measure(f"{base}/v1", "image", 20_000)[1]]
    compare("memory at 2,000 images", small, 250, " MB")
    compare("memory at 20,000 images", large, 250, " MB")
    print(f"ratio {large[0] / median(small):.2f}")


def bench_streamed(folder: Path, rounds: int) -> None:
    thousands = CHUNKS * CHUNK_TOKENS / 1000
    for name, kind, count in (("at once", "serve", 400), ("20 a second", "serve-slowly", 128)):
        port = find_port()
        base = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "tests.benchmarks.sampling", kind, "--count", str(port)]
        with run_server(command, f"{base}/health"):
            ours, floor = list[float](), list[float]()
            for _ in range(rounds):
                ours.append(measure_cpu(f"{base}/v1", "streamed", count) / thousands)
                floor.append(measure_cpu(str(port), "read-only", count) / thousands)
        compare(f"streamed {name}, processor time for 1,000 tokens", ours, 1.0, " ms")
        print(f"  bare asyncio {median(floor):.3f} ms; ratio {median(ours) / median(floor):.2f}")


BENCHES = {
    "slots": bench_slots,
    "cpu": bench_cpu,
    "memory": bench_memory,
    "streamed": bench_streamed,
}


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="*", default=list(BENCHES), help=", ".join(BENCHES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--kind", help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.what == ["client"] and options.kind == "read-only":
        asyncio.run(read_only(int(options.url), options.count))
    elif options.what == ["client"]:
        asyncio.run(run_client(options.url, options.kind, options.count))
    elif options.what in (["serve"], ["serve-slowly"]):
        StreamServer.seconds = CHUNK_SECONDS if options.what == ["serve-slowly"] else 0.0
        asyncio.run(serve_streams(options.count))
    else:
        with tempfile.TemporaryDirectory() as folder:
            for what in options.what:
                BENCHES[what](Path(folder), options.rounds)


if __name__ == "__main__":
    main()
