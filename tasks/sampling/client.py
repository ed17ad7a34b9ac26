"""The model edge: requests in, replies out, whatever the server does.

A failed request is a `Reply` with its status; only what holds for the whole run is an exception
(`AccessError`). Requests are retried here and nowhere else: Prefect retries a shard whose server
is down, never a request. A reply that is final is durable before anyone sees it.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from schemas.errors import AccessError
from schemas.records import Reply, Request, Status
from tasks.replies import ReplyStore, reply_key
from tasks.sampling.balancing import Server, make_servers, pick_server
from tasks.sampling.bounds import TokenBound
from tasks.sampling.endpoints import Endpoint, check_endpoint, describe_refusal, read_api_key
from tasks.sampling.retries import ACCESS_CODES, OVERLOAD_CODES, Fault, Patience, parse_retry_after
from tasks.sampling.transport import MAX_ANSWER_BYTES, Answer, Transport
from tasks.sampling.wire import build_body, one_line, parse_completion, read_words

logger = logging.getLogger(__name__)

WINDOW = 4
"""Requests of all calls that are held at a time, as a multiple of those in flight."""


class ModelClient:
    """One model, as one process asks it; shared by all shards, bound to one event loop."""

    def __init__(
        self,
        endpoint: Endpoint,
        replies: ReplyStore,
        *,
        on_reply: Callable[[Reply, bool], None] | None = None,
        max_in_flight: int = 64,
        patience: Patience | None = None,
    ) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            endpoint: The model and its servers.
            replies: Where replies are kept; stays open.
            on_reply: Called with every reply, and whether it was had before.
            max_in_flight: Requests on the wire at most, over all callers.
            patience: Limits of the retries.
        """
        self.endpoint = endpoint
        self.num_requests = 0
        self.num_retries = 0
        self.num_reused = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self._replies = replies
        self._on_reply = on_reply
        self._patience = patience or Patience()
        self._slots = asyncio.Semaphore(max_in_flight)
        # What a kill can cost: requests on the wire, and replies that wait for the disk.
        self._unsettled = asyncio.Semaphore(2 * max_in_flight + replies.max_unsynced)
        self._window = asyncio.Semaphore(WINDOW * max_in_flight)
        self._asked: dict[str, asyncio.Future[Reply | None]] = {}
        self._transport: Transport | None = None
        self._servers = make_servers(endpoint.urls)

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
        if self._transport is not None:
            await self._transport.close()
            self._transport = None

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
        replies: dict[int, Reply] = {}

        async def sample_into(index: int, request: Request) -> None:
            replies[index] = await self.sample(request)

        try:
            async with asyncio.TaskGroup() as group:
                for index, request in enumerate(requests):
                    await self._window.acquire()
                    task = group.create_task(sample_into(index, request))
                    # A task that is cancelled before it has begun runs nothing of its own.
                    task.add_done_callback(lambda _: self._window.release())
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return [replies[index] for index in range(len(replies))]

    async def sample(self, request: Request, *, bound: TokenBound | None = None) -> Reply:
        """Return the reply to one request: the kept one, or a new one that is then kept.

        With a bound the completion is stopped, at the server too, as soon as it surely has more
        tokens; the reply is then `outrun`, with the tokens that were seen. A kept reply is
        returned however long it is; a kept `outrun` only where it passed the present bound.

        Raises:
            AccessError: The server refuses this run.
            ReplyStoreError: The reply cannot be kept.
        """
        if bound is not None and bound.is_hopeless:
            return self._count(Reply(status=Status.OUTRUN, completion_tokens=0), is_reused=False)
        key = reply_key(self.endpoint.model, self.endpoint.revision, request)
        if (reply := self._replies.get(key)) is not None:
            return self._count(reply, is_reused=True)
        # The same content asked twice at once (one image under two questions) is paid for once.
        while (asked := self._asked.get(key)) is not None:
            await asyncio.wait([asked])
            if (reply := asked.result()) is not None:
                return self._count(reply, is_reused=True)
        return self._count(await self._sample_new(key, request), is_reused=False)

    async def _sample_new(self, key: str, request: Request) -> Reply:
        outcome: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        self._asked[key] = outcome
        try:
            async with self._unsettled:
                reply = await self._ask(request)
                if reply.status.is_final:
                    await self._replies.put(key, reply)
            outcome.set_result(reply)
            return reply
        finally:
            del self._asked[key]
            if not outcome.done():
                outcome.set_result(None)

    async def _ask(self, request: Request) -> Reply:
        patience, loop = self._patience, asyncio.get_running_loop()
        num_attempts, spent_seconds = 0, 0.0
        while True:
            async with self._slots:
                started = loop.time()
                try:
                    return await self._attempt(request)
                except Fault as fault:
                    failed = fault
            num_attempts += 1
            delay = patience.draw_delay(num_attempts, failed.retry_after)
            spent_seconds += loop.time() - started + delay
            limit = patience.max_outage_attempts if failed.is_outage else patience.max_attempts
            if num_attempts >= limit or spent_seconds >= patience.total_seconds:
                logger.info("gave up a request: %s", failed.reason)
                return Reply(
                    status=Status.SERVER_ERROR,
                    error=one_line(f"{failed.reason} (attempt {num_attempts}, the last)"),
                )
            logger.debug("asking again in %.1f s: %s", delay, failed.reason)
            self.num_retries += 1
            await asyncio.sleep(delay)

    async def _attempt(self, request: Request) -> Reply:
        if not self._servers:
            raise AccessError(f"no server for {self.endpoint.model!r}")
        loop = asyncio.get_running_loop()
        server = pick_server(self._servers, loop.time())
        body = build_body(self.endpoint.model, request)
        server.in_flight += 1
        server.num_sent += 1
        self.num_requests += 1
        try:
            answer = await self._get_transport().send(
                "POST", server.url, body, self._patience.attempt_seconds
            )
            reply = self._read(answer, server)
        except Fault as fault:
            if fault.is_outage:
                server.rest(loop.time(), self._patience, fault.retry_after)
            raise
        else:
            server.num_outages = 0
            return reply
        finally:
            server.in_flight -= 1

    def _read(self, answer: Answer, server: Server) -> Reply:
        """Turn an answer into a reply, a fault to retry, or the end of the run."""
        if 200 <= answer.code < 300:
            return self._read_success(answer)
        words = self._get_transport().describe(answer)
        if answer.code in ACCESS_CODES:
            raise AccessError(describe_refusal(server.shown, answer, self.endpoint, words))
        reason = one_line(f"{answer.code}: {words}")
        if answer.code >= 500 or answer.code in OVERLOAD_CODES:
            raise Fault(
                reason,
                is_outage=answer.code in OVERLOAD_CODES,
                retry_after=parse_retry_after(answer.retry_after),
            )
        return Reply(status=Status.REJECTED, error=reason)

    def _read_success(self, answer: Answer) -> Reply:
        reply = None if answer.is_cut else parse_completion(answer.data)
        if reply is not None and reply.error is None:
            return reply
        data = self._get_transport().redact(answer.data)
        if reply is None:
            reason = one_line(f"longer than {MAX_ANSWER_BYTES >> 20} MB: {read_words(data)}")
            return Reply(status=Status.UNPARSEABLE, error=reason)
        reply = parse_completion(data)
        if reply.status is Status.SERVER_ERROR:
            raise Fault(reply.error or "unnamed error")
        return reply

    def _count(self, reply: Reply, *, is_reused: bool) -> Reply:
        if is_reused:
            self.num_reused += 1
        else:
            self.prompt_tokens += reply.prompt_tokens or 0
            self.completion_tokens += reply.completion_tokens or 0
        if self._on_reply is not None:
            self._on_reply(reply, is_reused)
        return reply

    def _get_transport(self) -> Transport:
        if self._transport is None:
            key = read_api_key(self.endpoint)
            self._transport = Transport(key, connect_seconds=self._patience.connect_seconds)
        return self._transport
