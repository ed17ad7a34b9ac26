"""HTTP for the model edge: the only module that knows aiohttp.

Sends one request and returns one bounded answer before a deadline, or raises `Fault` in words
that a person can act on. Knows nothing of models.
"""

import asyncio
import contextlib
import errno
import io
import resource
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import aiohttp
from yarl import URL

from tasks.sampling.breath import Breath
from tasks.sampling.retries import Fault
from tasks.sampling.wire import one_line, read_words

MAX_ANSWER_BYTES = 32 << 20
OTHER_FILES = 512
"""Files that a process may have open beside its connections."""
_WHOLE_SIGNS = (b"{", b"[", b"<")
"""How answers begin that are no stream, whatever their type says."""
_STREAMED_BODY_BYTES = 1 << 20
"""Above this a body goes out in pieces, so that the event loop stays free."""
LINGER_SECONDS = 1.0
"""How long the end of an answer may take after its last word."""
# A host name that no encoding knows is told of only when it is looked up.
_FAILURES = (TimeoutError, aiohttp.ClientError, OSError, UnicodeError)
_CAUSES: dict[type[Exception], str] = {
    UnicodeError: "dns",
    aiohttp.ClientConnectorDNSError: "dns",
    aiohttp.ClientSSLError: "tls",
    aiohttp.ClientConnectorError: "refused",
    aiohttp.ServerDisconnectedError: "reset",
    aiohttp.ClientPayloadError: "reset",
    ConnectionResetError: "reset",
    aiohttp.ClientOSError: "reset",
    aiohttp.ClientResponseError: "not_http",
}
_WORDS = {errno.ECONNREFUSED: "connection refused", errno.ECONNRESET: "connection reset"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered."""

    code: int
    data: bytes
    is_cut: bool
    """The answer was longer than `MAX_ANSWER_BYTES`, and `data` is only its beginning."""
    retry_after: str | None
    location: str | None
    """Where a redirect points; redirects are not followed."""


def allow_connections(wanted: int) -> int:
    """Let this process have `wanted` connections beside other files, or as many as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft - OTHER_FILES))


class Flow(Protocol):
    """What a stream is poured into."""

    @property
    def is_done(self) -> bool:
        """Whether the stream has said that it is at its end."""
        ...

    @property
    def has_enough(self) -> bool:
        """Whether the rest is of no use."""
        ...

    def feed(self, block: bytes) -> None:
        """Take in the next bytes."""
        ...

    def can_wait(self, now: float) -> float:
        """Return for how many seconds nothing need be read."""
        ...

    def on_enough(self, stop: Callable[[], None] | None) -> None:
        """Call `stop`, at once or later, when there is enough without more coming."""
        ...

    def on_look(self, look: Callable[[], None]) -> None:
        """Call `look` when what has come must be known now."""
        ...


class Transport:
    """Pooled connections that carry one API key."""

    def __init__(self, api_key: str | None, *, connect_seconds: float) -> None:
        plain = [api_key.encode()] if api_key else []
        self._secrets = {*plain, *(key.replace(b"/", b"\\/") for key in plain)}
        headers = {"Accept-Encoding": "identity", "Content-Type": "application/json"}
        if api_key:
            headers["Authorization"] = f"Bearer {api_key}"
        self._headers = headers
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, method: str, url: URL, body: bytes | None, seconds: float) -> Answer:
        """Send one request and read its answer up to the cap.

        Raises:
            Fault: The server cannot be reached, went away, or did not end within `seconds`.
        """
        try:
            async with (
                asyncio.timeout(seconds),
                self._request(method, url, body) as response,
            ):
                return _make_answer(response, *await _read(response))
        except _FAILURES as error:
            raise self._make_fault(error, seconds) from error

    async def send_streamed(
        self, url: URL, body: bytes, seconds: float, flow: Flow
    ) -> Answer | None:
        """Send one request and pass on what comes until `flow` has enough.

        Leaving early closes the connection, which is what stops the server.

        Returns:
            The answer where it is no stream (a refusal, or a server that does not stream);
            None where all that came is in `flow`.

        Raises:
            Fault: As `send`; what came until then is in `flow`.
        """
        try:
            async with asyncio.timeout(seconds) as deadline:
                flow.on_enough(partial(_expire, deadline))
                async with self._request("POST", url, body) as response:
                    first = await _read_first(response)
                    if not _is_streamed(response, first):
                        return _make_answer(response, *await _read(response, first))
                    await _pour(response, first, flow, deadline)
        except _FAILURES as error:
            if not flow.has_enough and not flow.is_done:
                raise self._make_fault(error, seconds) from error
        finally:
            flow.on_enough(None)
        return None

    def redact(self, data: bytes) -> bytes:
        """Return an answer without the API key, which some servers repeat in their errors."""
        for secret in self._secrets:
            data = data.replace(secret, b"[key]")
        return data

    def describe(self, answer: Answer) -> str:
        """Return a server's own words in one bounded line, without the API key."""
        if answer.location is not None and 300 <= answer.code < 400:
            return self._redact_line(f"redirects to {answer.location}")
        return self._redact_line(read_words(self.redact(answer.data))) or "no words"

    def _redact_line(self, text: str) -> str:
        return one_line(self.redact(text.encode("utf-8", "replace")).decode("utf-8", "replace"))

    def _make_fault(self, error: Exception, seconds: float) -> Fault:
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return Fault("no connection in time", "timeout", is_outage=True)
        if isinstance(error, TimeoutError):
            return Fault(f"no whole answer within {seconds:g} s", "timeout")
        # What is not HTTP is shown, and may repeat the key.
        words = one_line(self._redact_line(_describe(error)), 200)
        return Fault(words, _name(error), is_outage=True)

    def _request(self, method: str, url: URL, body: bytes | None) -> Any:
        data: Any = io.BytesIO(body) if body and len(body) > _STREAMED_BODY_BYTES else body
        return self._get_session().request(method, url, data=data, allow_redirects=False)

    def _get_session(self) -> aiohttp.ClientSession:
        # Made at first use, inside the event loop that will use it. The caller limits connections.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60),
                headers=self._headers,
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=True,
            )
        return self._session


async def _read_first(response: aiohttp.ClientResponse) -> bytes:
    """Return the first block that is not blank; b"" at the end."""
    while (block := await response.content.readany()) and block.isspace():
        pass
    return block


async def _read(response: aiohttp.ClientResponse, first: bytes = b"") -> tuple[bytes, bool]:
    blocks = [first] if first else []
    num_bytes = len(first)
    while block := await response.content.readany():
        blocks.append(block)
        num_bytes += len(block)
        if num_bytes > MAX_ANSWER_BYTES:
            response.close()
            return blocks[0], True
    return blocks[0] if len(blocks) == 1 else b"".join(blocks), False


async def _pour(
    response: aiohttp.ClientResponse, block: bytes, flow: Flow, deadline: asyncio.Timeout
) -> None:
    """Pour a stream, of which the first block was read, until there is enough."""
    content, loop = response.content, asyncio.get_running_loop()
    connection = response.connection
    breath = Breath(connection.transport if connection else None)
    flow.on_look(breath.end)
    while block:
        flow.feed(block)
        if flow.has_enough:
            response.close()
            return
        if flow.is_done:
            if not content.at_eof():
                # A connection that is read to its end is used again; one that lingers is not.
                deadline.reschedule(loop.time() + LINGER_SECONDS)
        elif seconds := flow.can_wait(loop.time()):
            breath.begin(loop, seconds)
        block = await content.readany()


def _expire(deadline: asyncio.Timeout) -> None:
    with contextlib.suppress(RuntimeError):  # It has expired by itself in the same moment.
        deadline.reschedule(0.0)


def _is_streamed(response: aiohttp.ClientResponse, first: bytes) -> bool:
    kind = response.headers.get("Content-Type", "")
    is_named = kind.startswith(("application/json", "text/html"))
    # Many name no type, or a wrong one; but no line of a stream begins like JSON or markup.
    return response.status == 200 and not is_named and first.lstrip()[:1] not in _WHOLE_SIGNS


def _make_answer(response: aiohttp.ClientResponse, content: bytes, is_cut: bool) -> Answer:
    headers = response.headers
    return Answer(
        response.status, content, is_cut, headers.get("Retry-After"), headers.get("Location")
    )


def _name(error: Exception) -> str:
    """Return the cause in one word."""
    for kind, name in _CAUSES.items():
        if isinstance(error, kind):
            return name
    return "connection"


def _describe(error: Exception) -> str:
    if isinstance(error, (aiohttp.ClientConnectorDNSError, UnicodeError)):
        return "host name not found"
    if isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        return f"TLS failed: {error}"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server closed the connection without an answer"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the answer broke off"
    if isinstance(error, aiohttp.ClientResponseError):
        return f"the answer is not HTTP: {error.message}"
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    code = getattr(cause, "errno", None)
    # Some of aiohttp's own errors carry an errno but not the class that belongs to it.
    if code in _WORDS:
        return _WORDS[code]
    if isinstance(cause, ConnectionResetError):
        return _WORDS[errno.ECONNRESET]
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
