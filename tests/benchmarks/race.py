"""What a race to the shortest saves, beside what it must save.

    python -m tests.benchmarks.race [server] [curve] [--problems 2000] [--slots 256] [--pace 50]
        [--k 4] [--rate 0.5]

server: 2,000 problems with independent lognormal lengths (sigma 0.6) against a streaming server in
    a process of its own with so many slots, through the reason stage and the model edge, every
    reply durable. Tokens are those that the server produced by its own count, until it saw that a
    request was gone. Printed: whether each problem's selection is that of full sampling, tokens
    over those of full sampling beside the exact expectation, and the time that all slots were
    full, from the first request to the last moment that they were, over that of full sampling
    (where a k was sampled in full, which is measured for the first point only).
curve: the same over sigma, k and correct rate, by the sampling of rollouts in process with a client
    that keeps exact time in place of a server.

What takes time after a rollout's end (its check, its sync to disk, the way to the server) costs
tokens, and the faster the pace and the shorter the rollouts, the more; a machine that is busy with
something else, which the printed lateness of a timer of the client shows, costs most.
"""

import argparse
import asyncio
import json
import math
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import polars as pl

from schemas.recipe import ReasonParams, VerifyParams
from schemas.records import Message, Reply, Request, SamplingParams, Status
from tasks.attempts import Attempts
from tasks.budget import Budget
from tasks.budgeted import BudgetedClient
from tasks.reason import SEED_STRIDE, reason_problems
from tasks.replies import ReplyStore
from tasks.sampling import Endpoint, TokenBound
from tests.benchmarks.pipeline import ROOT, find_port
from tests.benchmarks.race_share import expect_share
from tests.fake_streams import DONE, HEAD, make_event

MEAN_TOKENS = 200
CHUNK_TOKENS = 2
TICK_SECONDS = 0.004
MAIN_POINTS = [(0.6, 4, 0.5), (0.6, 8, 0.5), (0.6, 4, 0.9), (0.6, 8, 0.9)]
SIGMAS, COUNTS, RATES = (0.3, 0.6, 1.0), (2, 4, 8, 16), (0.1, 0.5, 0.9)
GOAL = 0.03


@dataclass(frozen=True)
class World:
    """What the model says: lengths and correctness follow from the problem and the index."""

    sigma: float
    rate: float

    def draw(self, problem: int, index: int) -> tuple[int, bool]:
        """Return the tokens of a rollout, and whether it is correct."""
        dice = random.Random(f"{problem} {index}")
        z, u = dice.gauss(), dice.random()
        return max(1, round(self._median * math.exp(self.sigma * z))), u < self.rate

    @property
    def _median(self) -> float:
        return MEAN_TOKENS / math.exp(self.sigma**2 / 2)

    def expect_share(self, k: int) -> float:
        """Return the exact expectation, by the quantiles of the distribution."""
        normal, steps = NormalDist(), 20_000
        zs = [normal.inv_cdf((step + 0.5) / steps) for step in range(steps)]
        lengths = [max(1, round(self._median * math.exp(self.sigma * z))) for z in zs]
        return expect_share(lengths, self.rate, k)

    def select(self, problem: int, k: int) -> int | None:
        """Return the index that full sampling selects."""
        drawn = [(*self.draw(problem, index), index) for index in range(k)]
        right = [(tokens, index) for tokens, is_correct, index in drawn if is_correct]
        return min(right)[1] if right else None

    def count_tokens(self, num_problems: int, k: int) -> int:
        """Return the tokens of full sampling."""
        return sum(self.draw(p, index)[0] for p in range(num_problems) for index in range(k))


# The server.


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


@contextmanager
def run_server(slots: int, pace: float) -> Iterator[str]:
    port = find_port()
    command = [sys.executable, "-m", "tests.benchmarks.race", "serve", "--port", str(port)]
    command += ["--slots", str(slots), "--pace", str(pace)]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/stats")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def wait_for(url: str) -> None:
    for _ in range(200):
        try:
            get_json(url)
            return
        except OSError:
            time.sleep(0.1)


def get_json(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.loads(answer.read())


# Against the server.


async def run_stage(url: str, num_problems: int, params: ReasonParams) -> list[dict[str, Any]]:
    """Reason about problems as the stage does, with a new store; return rows of ROLLOUTS."""
    problems = pl.DataFrame(
        {
            "problem_id": [f"{number:08x}" + "0" * 24 for number in range(num_problems)],
            "question": [f"What is number {number}?" for number in range(num_problems)],
            "options": pl.Series([None] * num_problems, dtype=pl.List(pl.String)),
            "source": "bench",
            "gold_answer": "7",
            "unit": pl.Series([None] * num_problems, dtype=pl.String),
            "text": "A figure.",
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        endpoint = Endpoint(model="mock", urls=(f"{url}/v1",))
        async with (
            ReplyStore.open(folder) as store,
            BudgetedClient(endpoint, store, Budget()) as client,
        ):
            watch = asyncio.create_task(watch_lateness())
            rows = await reason_problems(
                problems.iter_rows(named=True), client, params, VerifyParams()
            )
            watch.cancel()
            return rows


LATENESS: list[float] = []
"""Seconds by which a timer of the client came late in this run."""


async def watch_lateness() -> None:
    LATENESS.clear()
    while True:
        due = time.monotonic() + 0.01
        await asyncio.sleep(0.01)
        LATENESS.append(time.monotonic() - due)


def find_selected(rows: list[dict[str, Any]]) -> dict[int, int]:
    """Return the shortest correct rollout of each problem that has one."""
    best: dict[int, tuple[int, int]] = {}
    for row in rows:
        if row["status"] == "ok" and "{7}" in row["answer_text"]:
            number = int(row["problem_id"][:8], 16)
            found = row["completion_tokens"], row["rollout_index"]
            best[number] = min(found, best.get(number, found))
    return {number: index for number, (_, index) in best.items()}


def bench_server(options: argparse.Namespace) -> None:
    first_k, whole_seconds = MAIN_POINTS[0][1], 0.0
    points = [
        (sigma, k, rate)
        for sigma, k, rate in MAIN_POINTS
        if options.k in (None, k) and options.rate in (None, rate)
    ]
    with run_server(options.slots, options.pace) as url:
        for sigma, k, rate in points:
            world = World(sigma, rate)
            whole = world.count_tokens(options.problems, k)
            if k == first_k and not whole_seconds:
                params = ReasonParams(num_rollouts=first_k, race=False)
                whole_seconds, tokens, _ = measure(url, world, options.problems, params)
                assert abs(tokens / whole - 1) < 0.01, (tokens, whole)
                print(
                    f"full sampling, k {first_k}: {tokens:,} tokens, {whole_seconds:.1f} s",
                    flush=True,
                )
            params = ReasonParams(num_rollouts=k, race=True)
            seconds, tokens, rows = measure(url, world, options.problems, params)
            numbers = range(options.problems)
            chosen = {n: i for n in numbers if (i := world.select(n, k)) is not None}
            is_same = find_selected(rows) == chosen
            exact, share = world.expect_share(k), tokens / whole
            print(
                f"k {k}, {rate:.0%} correct: the same selection {is_same};"
                f" tokens {share:.3f} of full sampling, exact {exact:.3f}"
                f" ({share / exact - 1:+.1%}, goal within {GOAL:.0%});"
                f" {seconds:.1f} s"
                + (f", {seconds / whole_seconds:.3f} of full sampling" if k == first_k else "")
                + f"; late by {1000 * sum(LATENESS) / len(LATENESS):.0f} ms,"
                f" at most {1000 * max(LATENESS):.0f} ms",
                flush=True,
            )


def measure(
    url: str, world: World, num_problems: int, params: ReasonParams
) -> tuple[float, int, list[dict[str, Any]]]:
    """Return the seconds at full slots, the server's tokens, and the rows."""
    get_json(f"{url}/reset/{world.sigma}/{world.rate}")
    rows = asyncio.run(run_stage(url, num_problems, params))
    time.sleep(0.1)
    stats = get_json(f"{url}/stats")
    return stats["seconds"], stats["tokens"], rows


# The curve.


class ExactClient:
    """A client whose rollouts of one problem run in lockstep, a token a unit of exact time."""

    def __init__(self, world: World, k: int) -> None:
        self.world, self.k = world, k
        self.problem, self.tokens = 0, 0
        self.running: dict[int, tuple[int, TokenBound | None, asyncio.Future[Reply]]] = {}
        self.now = 0

    def find(self, request: Request) -> Reply | None:
        return None

    async def sample(self, request: Request, *, bound: TokenBound | None = None) -> Reply:
        index = request.sample_index
        ended: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.running[index] = self.world.draw(self.problem, index)[0], bound, ended
        if len(self.running) == self.k:
            self.now = 0
            asyncio.get_running_loop().call_soon(self.advance)
        return await ended

    def advance(self) -> None:
        """Go on to the next moment at which a rollout ends or passes its bound."""
        index = min(self.running, key=lambda index: (self.stop_at(index), index))
        length, bound, ended = self.running.pop(index)
        self.now = max(self.now, self.stop_at_of(length, bound))
        tokens = min(length, self.now)
        self.tokens += tokens
        is_whole = tokens == length and not (bound and bound.is_passed(tokens))
        text = "7" if self.world.draw(self.problem, index)[1] else "8"
        status = Status.OK if is_whole else Status.OUTRUN
        ended.set_result(Reply(status=status, text=text, completion_tokens=tokens))
        if self.running:
            # After the one who waits for this reply has set the bounds by it.
            loop = asyncio.get_running_loop()
            loop.call_soon(lambda: loop.call_soon(self.advance))

    def stop_at(self, index: int) -> int:
        length, bound, _ = self.running[index]
        return self.stop_at_of(length, bound)

    @staticmethod
    def stop_at_of(length: int, bound: TokenBound | None) -> int:
        if bound is None or bound.tokens is None:
            return length
        return min(length, bound.tokens + 1)


async def simulate(world: World, num_problems: int, k: int) -> tuple[int, int]:
    """Return the tokens that races spend, and the problems with another selection."""
    client, num_wrong = ExactClient(world, k), 0
    attempts = Attempts(client, ReasonParams(num_rollouts=k, race=True))
    sampling = SamplingParams(temperature=1.0, top_p=1.0, max_tokens=1 << 20)
    messages = (Message(role="user", text="?"),)
    requests = [Request(messages=messages, sampling=sampling, sample_index=i) for i in range(k)]
    for problem in range(num_problems):
        client.problem = problem
        replies = await attempts.sample(requests, lambda reply: reply.text == "7")
        right = [
            (reply.completion_tokens, index)
            for index, reply in enumerate(replies)
            if reply.status is Status.OK and reply.text == "7"
        ]
        num_wrong += (min(right)[1] if right else None) != world.select(problem, k)
    return client.tokens, num_wrong


def bench_curve(options: argparse.Namespace) -> None:
    print("tokens over those of full sampling, measured / exact; rows k, columns correct rate")
    for sigma in SIGMAS:
        print(f"sigma {sigma}: " + "  ".join(f"{rate:>13.0%}" for rate in RATES))
        for k in COUNTS:
            cells: list[str] = []
            for rate in RATES:
                world = World(sigma, rate)
                tokens, num_wrong = asyncio.run(simulate(world, options.problems, k))
                assert num_wrong == 0, f"{num_wrong} problems with another selection"
                share = tokens / world.count_tokens(options.problems, k)
                cells.append(f"{share:.3f} / {world.expect_share(k):.3f}")
            print(f"     k {k:>2}: " + "  ".join(cells), flush=True)


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="*", default=["server", "curve"])
    parser.add_argument("--problems", type=int, default=2000)
    parser.add_argument("--slots", type=int, default=256)
    parser.add_argument("--pace", type=float, default=50.0, help="tokens a second of each slot")
    parser.add_argument("--k", type=int, help="of the server's points only those of this k")
    parser.add_argument("--rate", type=float, help="only those of this correct rate")
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.what == ["serve"]:
        asyncio.run(serve(options.port, options.slots, options.pace))
    for what, bench in (("server", bench_server), ("curve", bench_curve)):
        if what in options.what:
            bench(options)


if __name__ == "__main__":
    main()
