"""The model edge: requests in, replies out, whatever the server does.

A failed request is a `Reply` with its status; only what holds for the whole run is an exception
(`AccessError`). Requests are retried here and nowhere else: Prefect retries a shard whose server
is down, never a request. A reply that is final is durable before anyone sees it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import Self, TypeVar

from schemas.errors import AccessError
from schemas.records import Reply, Request, Status
from tasks.replies import ReplyStore, outrun_key, reply_key
from tasks.sampling.asking import Asked, Asker
from tasks.sampling.balancing import Server, Slots, make_servers
from tasks.sampling.bounds import TokenBound
from tasks.sampling.endpoints import Endpoint, check_endpoint, read_api_key
from tasks.sampling.figures import Counts, Figures
from tasks.sampling.limits import HIGHEST
from tasks.sampling.rates import RateLimit
from tasks.sampling.retries import Fault, Patience
from tasks.sampling.savings import Savings
from tasks.sampling.transport import Transport, allow_connections
from tasks.sampling.watching import watch_servers
from tasks.sampling.window import Window
from tasks.sampling.wire import one_line

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")


class ModelClient:
    """One model, as one process asks it; shared by all shards, bound to one event loop."""

    def __init__(
        self,
        endpoint: Endpoint,
        replies: ReplyStore,
        *,
        on_reply: Callable[[Reply, bool], None] | None = None,
        max_in_flight: int = HIGHEST,
        patience: Patience | None = None,
    ) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            endpoint: The model and its servers.
            replies: Where replies are kept; stays open.
            on_reply: Called with every reply, and whether it was had before.
            max_in_flight: Requests on the wire at most; how many there are follows the servers.
            patience: Limits of the retries.
        """
        self.endpoint = endpoint
        self._counts = Counts()
        self._savings = Savings()
        self._replies = replies
        self._on_reply = on_reply
        self._patience = patience or Patience()
        self._rates = RateLimit(endpoint.rpm, endpoint.tpm)
        highest = allow_connections(max_in_flight)
        servers = make_servers(endpoint.urls, highest)
        self._slots = Slots(servers, self._patience, self._rates, highest=highest)
        self._slots.max_unsynced = replies.max_unsynced
        self._window = Window(self._slots)
        self._num_pausing = 0
        self._asked: dict[str, asyncio.Future[Reply | None]] = {}
        self._transport: Transport | None = None
        self._asker: Asker | None = None
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections; the reply store stays open."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None
        if self._transport is not None:
            await self._transport.close()
            self._transport = None

    @property
    def num_requests(self) -> int:
        """Requests sent to a server in this run, repeated ones included."""
        return 0 if self._asker is None else self._asker.num_sent

    def figures(self) -> Figures:
        """Return what was done and is being done."""
        self._counts.num_requests = self.num_requests
        return self._counts.snapshot(
            self._slots, self._savings.estimate(), self._num_pausing, self.endpoint
        )

    async def check(self) -> None:
        """Make sure, before anything is spent, that the model is there.

        Raises:
            AccessError: It is not; the message is one sentence with the remedy.
        """
        await check_endpoint(self.endpoint, self._get_transport(), self._patience)

    async def sample_all(self, requests: Iterable[Request]) -> list[Reply]:
        """Return the replies to `requests`, in their order.

        `requests` is drawn from as replies come in, so a generator keeps few images in memory.

        Raises:
            AccessError: The server refuses this run.
            ReplyStoreError: A reply cannot be kept.
        """
        return await self.run_all(requests, self.sample)

    async def run_all(
        self,
        items: Iterable[Item],
        work: Callable[[Item], Awaitable[Result]],
        *,
        requests_each: int = 1,
    ) -> list[Result]:
        """Run `work` on every item, many at once; return what it returns, in their order.

        Items are drawn only as the servers have room for the `requests_each` requests that the
        work on one sends at most at a time, over all calls. The first exception ends all.
        """
        results: dict[int, Result] = {}

        async def work_into(index: int, item: Item) -> None:
            results[index] = await work(item)

        try:
            async with asyncio.TaskGroup() as group:
                for index, item in enumerate(items):
                    await self._window.enter(requests_each)
                    task = group.create_task(work_into(index, item))
                    # A task that is cancelled before it has begun runs nothing of its own.
                    task.add_done_callback(lambda _: self._window.leave(requests_each))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return [results[index] for index in range(len(results))]

    async def sample(self, request: Request, *, bound: TokenBound | None = None) -> Reply:
        """Return the reply to one request: the kept one, or a new one that is then kept.

        With a bound the completion is stopped, at the server too, as soon as it surely has more
        tokens; the reply is then `outrun`, with the tokens that were seen. A kept reply is
        returned however long it is; a kept `outrun` only where it passed the present bound.

        Raises:
            AccessError: The server refuses this run.
            ReplyStoreError: The reply cannot be kept.
        """
        key = reply_key(self.endpoint.model, self.endpoint.revision, request)
        if (reply := self._find_kept(key, bound)) is not None:
            return self._count(reply, is_reused=True)
        # The same content asked twice at once (one image under two questions) is paid for once.
        while (asked := self._asked.get(key)) is not None:
            await asyncio.wait([asked])
            reply = asked.result()
            if reply is not None and _is_of_use(reply, bound):
                return self._count(reply, is_reused=True)
        return self._count(await self._sample_new(key, request, bound), is_reused=False)

    def _find_kept(self, key: str, bound: TokenBound | None) -> Reply | None:
        if (reply := self._replies.get(key)) is not None:
            return reply
        number = 0
        while bound is not None and bound.tokens is not None:
            reply = self._replies.get(outrun_key(key, number))
            if reply is None or _is_of_use(reply, bound):
                return reply
            number += 1
        return None

    async def _sample_new(self, key: str, request: Request, bound: TokenBound | None) -> Reply:
        outcome: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        self._asked[key] = outcome
        try:
            reply = await self._ask(request, bound)
            await self._keep(key, reply)
            outcome.set_result(reply)
            return reply
        finally:
            del self._asked[key]
            if not outcome.done():
                outcome.set_result(None)

    async def _keep(self, key: str, reply: Reply) -> None:
        if reply.status is Status.OUTRUN and reply.completion_tokens:
            number = 0
            while self._replies.get(outrun_key(key, number)) is not None:
                number += 1
            key = outrun_key(key, number)
        elif not reply.status.is_final:
            return
        self._slots.num_settling += 1
        try:
            await self._replies.put(key, reply)
        finally:
            self._slots.settle()

    async def _ask(self, request: Request, bound: TokenBound | None) -> Reply:
        patience, loop = self._patience, asyncio.get_running_loop()
        tokens = self._rates.expect(request) if self._rates.is_limited else 0
        num_attempts, spent_seconds = 0, 0.0
        while True:
            started = loop.time()
            try:
                server = await self._slots.take(tokens)
                started = loop.time()
                return await self._attempt(server, request, bound, tokens)
            except Fault as fault:
                failed = fault
            num_attempts += 1
            delay = patience.draw_delay(num_attempts, failed.retry_after)
            spent_seconds += loop.time() - started + delay
            if patience.is_over(failed, num_attempts, spent_seconds):
                logger.info("gave up a request: %s", failed.reason)
                return Reply(
                    status=Status.SERVER_ERROR,
                    error=one_line(f"{failed.reason} (attempt {num_attempts}, the last)"),
                )
            logger.debug("asking again in %.1f s: %s", delay, failed.reason)
            self._counts.count_retry(failed.cause)
            await self._pause(delay)

    async def _attempt(
        self, server: Server, request: Request, bound: TokenBound | None, tokens: int
    ) -> Reply:
        """Ask one server once, and tell its limiter how that went; gives the slot back."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            if bound is not None and bound.is_hopeless:
                self._rates.cancel(tokens)
                return Reply(status=Status.OUTRUN, completion_tokens=0)
            asker = self._asker or self._open()
            asked = await asker.ask(server, request, bound)
            self._learn(server, asked, started)
            self._rates.settle(tokens, request, asked.reply)
            return asked.reply
        except Fault as fault:
            now = loop.time()
            if fault.is_free:
                self._rates.credit(tokens)
            if fault.is_outage:
                server.add_outage(now, self._patience, fault.retry_after)
            if fault.is_overload:
                server.limiter.add_overload(now)
            raise
        finally:
            self._slots.give(server)

    def _learn(self, server: Server, asked: Asked, started: float) -> None:
        server.add_success()
        reply, now = asked.reply, asyncio.get_running_loop().time()
        if reply.status in (Status.OK, Status.TRUNCATED, Status.OUTRUN):
            server.limiter.add_answer(
                now, server.in_flight, now - started, reply.completion_tokens, asked.first_seconds
            )

    async def _pause(self, seconds: float) -> None:
        self._num_pausing += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._num_pausing -= 1

    def _count(self, reply: Reply, *, is_reused: bool) -> Reply:
        self._counts.count_reply(reply, is_reused=is_reused)
        if not is_reused:
            self._savings.add(reply)
        if self._on_reply is not None:
            self._on_reply(reply, is_reused)
        return reply

    def _open(self) -> Asker:
        if not self._slots.servers:
            raise AccessError(f"no server for {self.endpoint.model!r}")
        transport = self._get_transport()
        self._asker = Asker(self.endpoint, transport, self._patience)
        self._watch = asyncio.create_task(watch_servers(self._slots, transport))
        return self._asker

    def _get_transport(self) -> Transport:
        if self._transport is None:
            key = read_api_key(self.endpoint)
            self._transport = Transport(key, connect_seconds=self._patience.connect_seconds)
        return self._transport


def _is_of_use(reply: Reply, bound: TokenBound | None) -> bool:
    """Whether a reply says all that a caller with this bound would learn."""
    if reply.status is not Status.OUTRUN:
        return True
    return bound is not None and bound.is_passed(reply.completion_tokens or 0)
