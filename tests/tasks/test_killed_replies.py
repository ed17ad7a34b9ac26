"""Killed 200 times in a run of 2,000 requests that race, a client loses, doubles and repeats none.

Every child does the same work on the same store until it is killed; it notes what it was given
in a file, which outlives it. At-least-once calls: only what was on its way may be asked again.
"""

import asyncio
import multiprocessing
import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from schemas.recipe import ReasonParams
from schemas.records import Reply, Request, Status
from tasks.attempts import Attempts
from tasks.budget import Budget
from tasks.budgeted import BudgetedClient
from tasks.replies import ReplyStore
from tasks.replies.local_journal import LocalJournal
from tasks.sampling import Endpoint, TokenBound
from tests.clients import FAST, make_request
from tests.fake_faults import Exchange
from tests.fakes import FakeModelServer

pytestmark = pytest.mark.slow

NUM_KILLS = 200
NUM_PROBLEMS = 500
K = 4
MAX_IN_FLIGHT = 16
FORKS = multiprocessing.get_context("forkserver")

Key = tuple[int, int]
"""Problem and rollout index."""


class NotingClient(BudgetedClient):
    """A client that notes every reply that it gives, in a file that outlives it."""

    notes = -1

    async def sample(self, request: Request, *, bound: TokenBound | None = None) -> Reply:
        reply = await super().sample(request, bound=bound)
        if bound is None or not bound.is_hopeless:
            number = int(request.messages[0].text.split()[1])
            os.write(self.notes, b"%d %d\n" % (number, request.sample_index))
        return reply


async def do_work(url: str, store: str, notes: Path) -> list[list[Reply]]:
    """Race all problems; the same work every time."""
    endpoint = Endpoint(model="fake-llm", urls=(url,))
    async with (
        ReplyStore.open(store) as replies,
        NotingClient(
            endpoint, replies, Budget(), max_in_flight=MAX_IN_FLIGHT, patience=FAST
        ) as client,
    ):
        client.notes = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        attempts = Attempts(client, ReasonParams(num_rollouts=K, race=True))

        async def race(number: int) -> list[Reply]:
            asked = [make_request(f"Compute {number} + 1", index=index) for index in range(K)]
            right = f"\\boxed{{{number + 1}}}"
            return await attempts.sample(asked, lambda reply: right in (reply.text or ""))

        return await client.run_all(range(NUM_PROBLEMS), race, requests_each=K)


def run_child(url: str, store: str, notes: Path) -> None:
    asyncio.run(do_work(url, store, notes))


class CountingServer(FakeModelServer):
    """A streaming server that knows how often each rollout was asked for."""

    def __init__(self) -> None:
        super().__init__(token_seconds=0.0004, chunk_tokens=8, accuracy=0.5)
        self.keys: list[Key] = []

    async def _complete(self, exchange: Exchange, data: bytes) -> None:
        text, seed = exchange.body["messages"][0]["content"], exchange.body["seed"]
        self.keys.append((int(text.split()[1]), seed - 1000))
        await super()._complete(exchange, data)


@dataclass
class Run:
    """One store, worked on by child after child."""

    folder: Path
    server: CountingServer
    num_kills: int = 0
    num_asked_before: int = 0
    given: set[Key] = field(default_factory=set)
    num_in_flight: int = 0
    """Asked for and not given when a child was killed, over all kills."""

    @property
    def arguments(self) -> tuple[Any, ...]:
        return self.server.url, str(self.folder), self.folder / "notes"

    def start(self) -> Any:
        self.folder.mkdir(exist_ok=True)
        child = FORKS.Process(target=run_child, args=self.arguments)
        child.start()
        return child

    def kill(self, child: Any, dice: random.Random) -> bool:
        """Kill the child a few requests later; return whether it was still at work."""
        due = len(self.server.keys) + dice.randint(1, 18)
        while child.is_alive() and len(self.server.keys) < due:
            time.sleep(0.001)
        time.sleep(dice.uniform(0, 0.02))
        child.kill()
        child.join()
        self.num_kills += child.exitcode != 0
        return child.exitcode != 0

    def check(self) -> None:
        """Claim that what was given before was not asked for again, and little was on its way."""
        asked = set(self.server.keys[self.num_asked_before :])
        repeated = self.given & asked
        assert not repeated, f"given and asked again after kill {self.num_kills}: {repeated}"
        self.num_asked_before = len(self.server.keys)
        lines = (self.folder / "notes").read_text().split("\n")[:-1]
        self.given |= {(int(n), int(i)) for n, i in (line.split() for line in lines)}
        in_flight = len(asked - self.given)
        # On the wire, and on their way to the disk.
        assert in_flight <= 2 * MAX_IN_FLIGHT + 1
        self.num_in_flight += in_flight

    def count_records(self) -> Counter[tuple[int, int]]:
        """Return how often each key is in the store's segments."""
        journal = LocalJournal(self.folder / "replies")
        return Counter(
            (int(entry["high"]), int(entry["low"]))
            for _, entries in journal.load()
            for entry in entries
        )


def test_killed_at_200_moments_nothing_is_lost_doubled_or_asked_again(tmp_path):
    FORKS.set_forkserver_preload([__name__])
    dice, num_kills, runs = random.Random(200), 0, 0
    expected: list[list[Reply]] | None = None
    while num_kills < NUM_KILLS:
        runs += 1
        with CountingServer() as server:
            run = Run(tmp_path / f"run-{runs}", server)
            while num_kills + run.num_kills < NUM_KILLS:
                was_at_work = run.kill(run.start(), dice)
                run.check()
                if not was_at_work:
                    break
            num_kills += run.num_kills
            rows = asyncio.run(do_work(*run.arguments))
            run.check()
            assert len(server.keys) - len(set(server.keys)) <= run.num_in_flight
            asked = len(server.keys)
            assert asyncio.run(do_work(*run.arguments)) == rows
            assert len(server.keys) == asked
        assert max(run.count_records().values()) == 1
        assert len(rows) == NUM_PROBLEMS
        assert {len(replies) for replies in rows} == {K}
        expected = expected or rows
        assert rows == expected
    undisturbed = tmp_path / "undisturbed"
    undisturbed.mkdir()
    with CountingServer() as server:
        rows = asyncio.run(do_work(server.url, str(undisturbed), undisturbed / "notes"))
        assert len(server.keys) == len(set(server.keys)) == NUM_PROBLEMS * K
    assert rows == expected
    assert Counter(reply.status for replies in rows for reply in replies)[Status.OUTRUN] > 100
