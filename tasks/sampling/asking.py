"""One attempt at one request: sent to one server, its answer read as a reply or a fault.

A request under a bound is streamed, as far as the server can, and stopped when it has passed the
bound. A server that does not know an option of streaming is asked without it from then on.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from schemas.records import Reply, Request, Status
from tasks.sampling import transport
from tasks.sampling.balancing import Server
from tasks.sampling.bounds import TokenBound
from tasks.sampling.endpoints import Endpoint, make_refusal
from tasks.sampling.retries import (
    ACCESS_CODES,
    OUTAGE_CODES,
    OVERLOAD_CODES,
    Fault,
    Patience,
    parse_retry_after,
)
from tasks.sampling.stream import CompletionStream
from tasks.sampling.transport import Answer, Transport
from tasks.sampling.wire import Streaming, build_body, one_line, parse_completion, read_words

LONGEST_WAIT = 0.25
WAIT_SHARE = 0.02
"""Of the time that a stream has run; its end is seen so much later at most."""
MIN_DELTAS = 3
"""Fewer that came together would not be worth a wait."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an attempt brought."""

    reply: Reply
    streaming: Streaming = Streaming.NONE
    """How it came."""
    first_seconds: float | None = None
    """Time to the first token, where it was seen."""


class BoundedStream(CompletionStream):
    """A stream that is enough when it has surely passed a bound."""

    def __init__(self, bound: TokenBound, server: Server) -> None:
        super().__init__(transport.MAX_ANSWER_BYTES)
        self.first_moment: float | None = None
        self._bound = bound
        self._server = server
        self._stop: Callable[[], None] | None = None
        self._look: Callable[[], None] | None = None

    @property
    def tokens(self) -> int:
        """Tokens that surely came: as the server counts, else one a delta where that was seen."""
        counted = self.num_deltas if self._server.is_counted else 0
        return max(self.usage_tokens or 0, counted)

    @property
    def is_outrun(self) -> bool:
        """Whether it has passed the bound."""
        return self._bound.is_passed(self.tokens) or self._bound.is_hopeless

    @property
    def has_enough(self) -> bool:
        """Whether the rest is of no use."""
        return self.is_cut or self.is_outrun

    def feed(self, block: bytes) -> None:
        """Take in the next bytes."""
        super().feed(block)
        if self.first_moment is None and self.num_deltas:
            self.first_moment = asyncio.get_running_loop().time()

    def on_enough(self, stop: Callable[[], None] | None) -> None:
        """Call `stop` when the bound is lowered below what has come; None: no more."""
        self._stop = stop
        if stop is None:
            self._bound.unwatch(self._check)
        else:
            self._bound.watch(self._check)
            self._check()

    def on_look(self, look: Callable[[], None]) -> None:
        """Call `look` when the bound is lowered, so that what has come is counted at once."""
        self._look = look

    def can_wait(self, now: float) -> float:
        """Return for how many seconds nothing need be read: less than until the bound is passed.

        0 where hardly more than one delta would come in the time.
        """
        passed = now - (self.first_moment or now)
        seconds = min(LONGEST_WAIT, WAIT_SHARE * passed)
        if seconds * self.num_deltas < MIN_DELTAS * passed or not passed:
            return 0.0
        if self._bound.tokens is not None:
            left = self._bound.tokens - self.tokens
            seconds = min(seconds, left * passed / max(self.tokens, 1))
        return seconds if seconds * self.num_deltas >= MIN_DELTAS * passed else 0.0

    def _check(self) -> None:
        if self._stop is not None and self.has_enough:
            self._stop()
        elif self._look is not None:
            self._look()


class Asker:
    """Sends requests of one endpoint."""

    def __init__(self, endpoint: Endpoint, connection: Transport, patience: Patience) -> None:
        self._endpoint = endpoint
        self._transport = connection
        self._patience = patience
        self.num_sent = 0

    async def ask(self, server: Server, request: Request, bound: TokenBound | None) -> Asked:
        """Send a request once.

        Raises:
            Fault: It failed in a way that another attempt may mend.
            UnfitEndpointError: The server refuses this run.
        """
        if bound is None:
            return await self._ask_whole(server, request)
        # Others may be asking at the same time: what one of them learns is no step of this one.
        streaming, asked = server.streaming, None
        while streaming is not Streaming.NONE and asked is None:
            asked = await self._ask_streamed(server, request, bound, streaming)
            if asked is None:
                streaming = Streaming(streaming - 1)
        asked = asked or await self._ask_whole(server, request)
        if asked.reply.status is not Status.REJECTED:
            # Else streaming was not what it complained of.
            server.streaming = min(server.streaming, streaming)
        return asked

    async def _ask_whole(self, server: Server, request: Request) -> Asked:
        body = build_body(self._endpoint.model, request)
        self.num_sent += 1
        answer = await self._transport.send(
            "POST", server.url, body, self._patience.attempt_seconds
        )
        return Asked(self._read(answer, server))

    async def _ask_streamed(
        self, server: Server, request: Request, bound: TokenBound, streaming: Streaming
    ) -> Asked | None:
        """Ask for a stream; None where the server seems not to know how to make it."""
        stream = BoundedStream(bound, server)
        body = build_body(self._endpoint.model, request, streaming)
        started = asyncio.get_running_loop().time()
        self.num_sent += 1
        answer = await self._transport.send_streamed(
            server.url, body, self._patience.attempt_seconds, stream
        )
        if answer is None:
            reply = self._read_stream(stream, server)
            first = stream.first_moment
            return Asked(reply, streaming, None if first is None else first - started)
        if answer.code in (400, 422) and b"stream" in answer.data:
            return None
        return Asked(self._read(answer, server))

    def _read_stream(self, stream: BoundedStream, server: Server) -> Reply:
        if stream.is_outrun and not stream.is_done:
            return Reply(
                status=Status.OUTRUN,
                prompt_tokens=stream.prompt_tokens,
                completion_tokens=stream.tokens,
            )
        if stream.is_cut:
            cut = _make_cut(self._transport.redact(stream.head))
            tokens = stream.tokens or None
            return replace(cut, prompt_tokens=stream.prompt_tokens, completion_tokens=tokens)
        reply = stream.finish()
        if reply is None:
            raise Fault("the stream broke off", "reset", is_outage=True)
        if reply.status is Status.SERVER_ERROR:
            raise Fault(self._redact(reply.error), "error_200")
        if reply.status is Status.UNPARSEABLE:
            reply = replace(reply, error=self._redact(reply.error))
        elif stream.usage_tokens is not None and stream.num_deltas:
            has_fewer = stream.num_deltas > stream.usage_tokens
            server.is_counted = server.is_counted is not False and not has_fewer
        return reply

    def _read(self, answer: Answer, server: Server) -> Reply:
        """Turn an answer into a reply, a fault to retry, or the end of the run."""
        code = answer.code
        if 200 <= code < 300:
            return self._read_success(answer)
        words = self._transport.describe(answer)
        if code in ACCESS_CODES:
            raise make_refusal(server.shown, answer, self._endpoint, words)
        reason = one_line(f"{code}: {words}")
        if code >= 500 or code in OVERLOAD_CODES:
            raise Fault(
                reason,
                str(code),
                is_outage=code in OUTAGE_CODES,
                is_overload=code in OVERLOAD_CODES,
                retry_after=parse_retry_after(answer.retry_after),
            )
        return Reply(status=Status.REJECTED, error=reason)

    def _read_success(self, answer: Answer) -> Reply:
        if answer.is_cut:
            return _make_cut(self._transport.redact(answer.data))
        reply = parse_completion(answer.data)
        if reply.error is None:
            return reply
        reply = parse_completion(self._transport.redact(answer.data))
        if reply.status is Status.SERVER_ERROR:
            raise Fault(reply.error or "unnamed error", "error_200")
        return reply

    def _redact(self, words: str | None) -> str:
        return self._transport.redact((words or "unnamed error").encode()).decode()


def _make_cut(data: bytes) -> Reply:
    size = transport.MAX_ANSWER_BYTES >> 20
    reason = one_line(f"longer than {size} MB: {read_words(data)}")
    return Reply(status=Status.UNPARSEABLE, error=reason)
