"""Concurrency follows the server: simulated servers, in their own time, with nothing to tune."""

import heapq
import math
import random
from collections import deque
from dataclasses import dataclass

import pytest

from tasks.sampling.limits import START, Limiter

TURN_SECONDS = 0.002
"""Between an answer and the request that takes its place."""


@dataclass
class Outcome:
    slot_use: float
    mean_waiting: float
    limit: int


class Simulation:
    """A server of `slots` with a queue; times are lognormal and follow the tokens."""

    def __init__(self, slots: int, total: int, seconds: float = 0.2, sigma: float = 0.35, **how):
        self.slots, self.left, self.seconds, self.sigma = slots, total, seconds, sigma
        self.how = how
        self.limiter = Limiter()
        self.dice = random.Random(7)
        self.now = self.last = self.busy_seconds = self.waiting_seconds = 0.0
        self.busy = self.in_flight = self.number = 0
        self.queue: deque[dict[str, float]] = deque()
        self.events: list[tuple[float, int, str, dict[str, float]]] = []

    def run(self) -> Outcome:
        self.fill()
        if self.how.get("metrics"):
            self.push(0.1, "poll", {})
        while self.in_flight or self.left:
            moment, _, kind, request = heapq.heappop(self.events)
            passed = moment - self.now
            self.busy_seconds += self.busy * passed
            self.waiting_seconds += len(self.queue) * passed
            self.now = moment
            getattr(self, kind)(request)
        return Outcome(
            self.busy_seconds / self.now / self.slots,
            self.waiting_seconds / self.now,
            self.limiter.limit,
        )

    def push(self, seconds: float, kind: str, request: dict[str, float]) -> None:
        self.number += 1
        heapq.heappush(self.events, (self.now + seconds, self.number, kind, request))

    def fill(self) -> None:
        while self.left and self.in_flight < self.limiter.limit:
            self.left -= 1
            self.in_flight += 1
            size = math.exp(self.sigma * self.dice.gauss(0, 1) - self.sigma**2 / 2)
            request = {"sent": self.now, "size": size}
            self.push(TURN_SECONDS * self.dice.uniform(0.5, 1.5), "arrive", request)

    def arrive(self, request: dict[str, float]) -> None:
        is_full = self.busy >= self.slots
        is_refused = is_full and len(self.queue) >= self.how.get("queue", 10**9)
        if not is_full and self.dice.random() >= self.how.get("refused", 0.0):
            self.start(request)
        elif is_refused or not is_full:
            self.in_flight -= 1
            self.limiter.add_overload(self.now)
            self.push(self.dice.uniform(0.5, 1.0), "again", request)
            self.fill()
        else:
            self.queue.append(request)

    def again(self, request: dict[str, float]) -> None:
        self.left += 1
        self.fill()

    def start(self, request: dict[str, float]) -> None:
        self.busy += 1
        request["started"] = self.now
        prefill = self.how.get("prefill", 0.0)
        self.push(prefill + self.seconds * request["size"], "end", request)

    def end(self, request: dict[str, float]) -> None:
        self.busy -= 1
        if self.queue:
            self.start(self.queue.popleft())
        tokens = None if self.how.get("no_tokens") else max(1, round(400 * request["size"]))
        first = request["started"] - request["sent"] if self.how.get("streamed") else None
        latency = self.now - request["sent"]
        self.limiter.add_answer(self.now, self.in_flight, latency, tokens, first)
        self.in_flight -= 1
        self.fill()

    def poll(self, _: dict[str, float]) -> None:
        self.limiter.add_state(len(self.queue), self.busy, self.in_flight)
        self.fill()
        if self.in_flight or self.left:
            self.push(0.5, "poll", {})


WAYS = {"metrics": {"metrics": True}, "tokens": {}, "streamed": {"streamed": True}}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("slots", [1, 4, 16, 64, 256])
def test_slots_are_full_and_few_requests_wait(way, slots):
    outcome = Simulation(slots, total=200 * slots + 1_000, **WAYS[way]).run()
    assert outcome.slot_use > 0.97
    assert outcome.limit >= slots
    assert outcome.limit <= 2.5 * slots + 20
    assert outcome.mean_waiting < 1.7 * slots + 30


@pytest.mark.parametrize("slots", [16, 64])
@pytest.mark.parametrize("how", [{"no_tokens": True}, {"prefill": 0.2}, {"sigma": 0.8}])
def test_a_server_that_is_hard_to_read_is_kept_busy(slots, how):
    outcome = Simulation(slots, total=200 * slots, **how).run()
    assert outcome.slot_use > 0.88


@pytest.mark.parametrize(("slots", "queue"), [(64, 8), (16, 0), (64, 64)])
def test_a_server_that_refuses_what_is_too_much_is_full_and_seldom_refuses(slots, queue):
    simulation = Simulation(slots, total=200 * slots, queue=queue)
    outcome = simulation.run()
    assert outcome.slot_use > 0.93
    assert outcome.limit <= 1.3 * (slots + queue)


def test_few_refusals_by_chance_cost_little():
    assert Simulation(64, total=12_800, refused=0.03).run().slot_use > 0.93


def test_refusals_alone_bring_the_limit_down_step_by_step():
    limiter = Limiter()
    limits = []
    for number in range(600):
        limiter.add_overload(0.01 * number)
        limits.append(limiter.limit)
    assert limits[-1] == 1 and limits == sorted(limits, reverse=True)
    assert limits[START // 2] >= START // 2


def test_a_server_short_of_memory_is_given_less():
    limiter = Limiter()
    limiter.add_state(0, 60, 64, is_pressed=True)
    assert limiter.limit < START


def test_an_idle_client_learns_nothing():
    limiter = Limiter()
    for number in range(1_000):
        limiter.add_answer(0.2 * number, 2, 0.2, 100)
        limiter.add_state(0, 2, 2)
    assert limiter.limit == START


def test_the_limit_is_never_above_what_is_allowed():
    limiter = Limiter(highest=5)
    for number in range(500):
        limiter.add_answer(0.01 * number, 5, 0.2, 100)
        limiter.add_state(0, 5, 5)
        assert 1 <= limiter.limit <= 5
