"""Who is asked next, and when: slots at the servers of one model, given out in order.

A server has as many slots as its `Limiter` says. One that fails again and again is left out, then
tried with one request at a time; what it leaves undone goes to the others. Where all are out,
requests wait for the first that answers, and take turns at trying, so that none spends all its
attempts on one outage.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from yarl import URL

from tasks.sampling.limits import HIGHEST, Limiter
from tasks.sampling.metrics import ServerState
from tasks.sampling.rates import RateLimit
from tasks.sampling.retries import NO_SERVER, Fault, Patience
from tasks.sampling.wire import Streaming

OUTAGES_IN_A_ROW = 3
"""Without an answer in between, from which a server counts as out."""


@dataclass(slots=True)
class Server:
    """One URL of the endpoint."""

    url: URL
    metrics_url: URL
    shown: str
    limiter: Limiter
    in_flight: int = 0
    num_sent: int = 0
    num_outages: int = 0
    """In a row."""
    num_rests: int = 0
    """In a row; each is longer than the one before."""
    out_since: float = 0.0
    resting_until: float = 0.0
    is_probed: bool = False
    """It is out, and one request tries whether it is back."""
    streaming: Streaming = Streaming.COUNTED
    """The most that it is known to understand."""
    is_counted: bool | None = None
    """Whether its deltas hold a token or more each, as far as whole streams have shown."""
    state: ServerState | None = None
    """What it last said of itself."""

    @property
    def is_out(self) -> bool:
        """Whether it is left out."""
        return self.num_outages >= OUTAGES_IN_A_ROW

    def has_room(self, now: float) -> bool:
        """Whether it may be sent one more request."""
        if self.is_out:
            return not self.is_probed and self.resting_until <= now
        return self.in_flight < self.limiter.limit

    def add_outage(self, now: float, patience: Patience, retry_after: float | None) -> None:
        """Take in that it could not be reached; faults while it rests make no rest longer."""
        self.num_outages += 1
        if self.num_outages == OUTAGES_IN_A_ROW:
            self.out_since = now
        if self.is_out and self.resting_until <= now:
            self.num_rests += 1
            self.resting_until = now + patience.rest_seconds(self.num_rests, retry_after)

    def add_success(self) -> None:
        """Take in that it answers."""
        self.num_outages = self.num_rests = 0


def make_servers(base_urls: Sequence[str], highest: int = HIGHEST) -> list[Server]:
    """Make the servers of an endpoint."""
    bases = [url.rstrip("/") for url in base_urls]
    return [
        Server(
            URL(f"{base}/chat/completions"),
            URL(f"{base.removesuffix('/v1')}/metrics"),
            base,
            Limiter(highest),
        )
        for base in bases
    ]


@dataclass(slots=True, eq=False)
class _Waiter:
    tokens: int
    server: asyncio.Future[Server] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Slots:
    """The slots of all servers of one model; those who wait are served in order."""

    def __init__(
        self, servers: list[Server], patience: Patience, rates: RateLimit, *, highest: int = HIGHEST
    ) -> None:
        self.servers = servers
        self.num_settling = 0
        """Answers that are not yet durable; as many as the limit, and no more is sent."""
        self.max_unsynced = 0
        self.in_flight = 0
        self._patience = patience
        self._rates = rates
        self._highest = highest
        self._waiters: deque[_Waiter] = deque()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def limit(self) -> int:
        """Requests that all servers together may have now."""
        total = 0
        for server in self.servers:  # A sum over a generator takes twice the time.
            total += server.limiter.limit
        return min(self._highest, total)

    @property
    def num_waiting(self) -> int:
        """Requests that wait for a slot."""
        return len(self._waiters)

    async def take(self, tokens: int = 0) -> Server:
        """Wait for a slot; whoever has one gives it back with `give`.

        Raises:
            Fault: No server could be reached for longer than the patience allows.
        """
        if not self._waiters and (server := self._find(tokens)) is not None:
            return self._send(server)
        waiter = _Waiter(tokens)
        self._waiters.append(waiter)
        self.wake()  # Those before it may have gone.
        try:
            return await waiter.server
        except asyncio.CancelledError:
            given = waiter.server
            if given.done() and not given.cancelled() and given.exception() is None:
                self.give(given.result())
            raise

    def give(self, server: Server) -> None:
        """Give a slot back."""
        server.in_flight -= 1
        self.in_flight -= 1
        server.is_probed = False
        if self._waiters:
            self.wake()

    def settle(self) -> None:
        """Say that an answer is durable."""
        self.num_settling -= 1
        if self._waiters and self.in_flight < self.limit:
            self.wake()

    def wake(self) -> None:
        """Give out what slots there are."""
        if self._waiters and (fault := self._find_fault()):
            for waiter in self._waiters:
                if not waiter.server.done():
                    waiter.server.set_exception(fault)
            self._waiters.clear()
        while self._waiters:
            waiter = self._waiters[0]
            if waiter.server.done():
                self._waiters.popleft()
                continue
            server = self._find(waiter.tokens)
            if server is None:
                return
            self._waiters.popleft()
            waiter.server.set_result(self._send(server))

    def _send(self, server: Server) -> Server:
        server.in_flight += 1
        server.num_sent += 1
        server.is_probed = server.is_out
        self.in_flight += 1
        return server

    def _find(self, tokens: int) -> Server | None:
        """Return the least loaded server that has room, if it may be sent something now."""
        limit = self.limit
        if self.in_flight >= limit or self.num_settling > limit + self.max_unsynced:
            return None
        now = asyncio.get_running_loop().time()
        fit = [server for server in self.servers if server.has_room(now)]
        if not fit:
            rests = [s.resting_until for s in self.servers if s.is_out and not s.is_probed]
            self._wake_at(min(rests, default=None))
            return None
        if self._rates.is_limited and (wait := self._rates.take(now, tokens)):
            self._wake_at(now + wait)
            return None
        if len(fit) == 1:
            return fit[0]
        return min(fit, key=_rank)

    def _wake_at(self, moment: float | None) -> None:
        if moment is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(moment + 0.001, self.wake)

    def _find_fault(self) -> Fault | None:
        """Return why nobody need wait: no server has answered for long, and none is being tried."""
        if not all(server.is_out for server in self.servers):
            return None
        now = asyncio.get_running_loop().time()
        silent = now - max(server.out_since for server in self.servers)
        if silent < self._patience.outage_seconds or any(s.has_room(now) for s in self.servers):
            return None
        return Fault(f"no server has answered for {silent:.0f} s", NO_SERVER, is_outage=True)


def _rank(server: Server) -> tuple[bool, float, int]:
    return server.is_out, server.in_flight / server.limiter.limit, server.num_sent
