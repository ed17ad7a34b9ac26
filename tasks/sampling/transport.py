"""HTTP for the model edge: the only module that knows aiohttp.

Sends one request and returns one bounded answer before a deadline, or raises `Fault` in words
that a person can act on. Knows nothing of models.
"""

import asyncio
import errno
import io
import ssl
from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from tasks.sampling.retries import Fault
from tasks.sampling.wire import one_line, read_words

MAX_ANSWER_BYTES = 32 << 20
_STREAMED_BODY_BYTES = 1 << 20
"""Above this a body goes out in pieces, so that the event loop stays free."""
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


class Transport:
    """Pooled connections that carry one API key."""

    def __init__(self, api_key: str | None, *, connect_seconds: float) -> None:
        self._secret = api_key.encode() if api_key else None
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
        data: Any = io.BytesIO(body) if body and len(body) > _STREAMED_BODY_BYTES else body
        try:
            async with (
                asyncio.timeout(seconds),
                self._get_session().request(
                    method, url, data=data, allow_redirects=False
                ) as response,
            ):
                content, is_cut = await _read(response)
                headers = response.headers
                return Answer(
                    response.status,
                    content,
                    is_cut,
                    headers.get("Retry-After"),
                    headers.get("Location"),
                )
        except aiohttp.ConnectionTimeoutError:
            raise Fault("no connection in time", is_outage=True) from None
        except TimeoutError:
            raise Fault(f"no whole answer within {seconds:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Fault(_describe(error), is_outage=True) from error

    def redact(self, data: bytes) -> bytes:
        """Return an answer without the API key, which some servers repeat in their errors."""
        return data.replace(self._secret, b"[key]") if self._secret else data

    def describe(self, answer: Answer) -> str:
        """Return a server's own words in one bounded line, without the API key."""
        if answer.location is not None and 300 <= answer.code < 400:
            return one_line(f"redirects to {answer.location}")
        return read_words(self.redact(answer.data)) or "no words"

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


async def _read(response: aiohttp.ClientResponse) -> tuple[bytes, bool]:
    blocks: list[bytes] = []
    num_bytes = 0
    while block := await response.content.readany():
        blocks.append(block)
        num_bytes += len(block)
        if num_bytes > MAX_ANSWER_BYTES:
            response.close()
            return blocks[0], True
    return blocks[0] if len(blocks) == 1 else b"".join(blocks), False


def _describe(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "host name not found"
    if isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        return f"TLS failed: {one_line(str(error), 200)}"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server closed the connection without an answer"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the answer broke off"
    if isinstance(error, aiohttp.ClientResponseError):
        return f"the answer is not HTTP: {one_line(error.message, 200)}"
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    code = getattr(cause, "errno", None)
    # Some of aiohttp's own errors carry an errno but not the class that belongs to it.
    if code in _WORDS:
        return _WORDS[code]
    if isinstance(cause, ConnectionResetError):
        return _WORDS[errno.ECONNRESET]
    return one_line(getattr(cause, "strerror", None) or str(cause) or type(cause).__name__, 200)
