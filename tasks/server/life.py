"""The life of a server: started on a free port, waited for, started again when it dies, stopped.

The port stays the same, so whoever asks again meanwhile goes on when it is back.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import AccessError, ServerError
from tasks.server.command import HOST, VllmSpec
from tasks.server.process import Fault, VllmProcess, find_free_port
from tasks.server.signs import Cause

logger = logging.getLogger(__name__)

_PORT_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a server is waited for, and how often it is started again."""

    max_restarts: int = 3
    pause_seconds: float = 2.0
    """Before the first restart; it doubles with each further one."""
    stop_seconds: float = 15.0
    """From the request to stop until it is killed."""
    silent_seconds: float = 120.0
    """A server that answers no health check for so long is started again."""
    health_seconds: float = 10.0
    """How long the answer to a health check may take."""
    poll_seconds: float = 0.5
    """Between two health checks while it starts; later ten times that."""
    report_seconds: float = 10.0
    """Between two lines of progress while it starts."""


@asynccontextmanager
async def run_vllm(
    spec: VllmSpec,
    *,
    log_path: Path,
    limits: Limits | None = None,
    on_progress: Callable[[str], None] = lambda _: None,
) -> AsyncGenerator[str]:
    """Serve a model for as long as the context lasts; yields its base URL, which never changes.

    A server that dies is started again meanwhile; one that cannot be ends the work inside the
    context, whose place the fault takes.

    Args:
        spec: What is served and how.
        log_path: Where the server's log is appended; its folder is made.
        limits: How long it is waited for, and how often it is started again.
        on_progress: Called with what it is waited for, and with "" once it serves.

    Raises:
        AccessError: A person must mend the model, the flags or the installation.
        ServerError: The server died too often, or was not ready in time.
    """
    keeper = Keeper(spec, log_path, limits or Limits(), on_progress)
    try:
        await keeper.start_first()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(keeper.keep_alive())
            yield f"http://{HOST}:{keeper.process.port}/v1"
            task.cancel()
    except BaseExceptionGroup as failures:
        first = failures.exceptions[0]
        raise first from first.__cause__
    finally:
        await asyncio.shield(keeper.process.stop())


class Keeper:
    """Keeps one server alive."""

    def __init__(
        self, spec: VllmSpec, log_path: Path, limits: Limits, on_progress: Callable[[str], None]
    ) -> None:
        self.process = VllmProcess(spec, find_free_port(), log_path, limits.stop_seconds)
        self._spec = spec
        self._limits = limits
        self._on_progress = on_progress

    async def start_first(self) -> None:
        """Start the server; on another port where somebody was quicker."""
        for num_left in reversed(range(_PORT_ATTEMPTS)):
            try:
                return await self._start()
            except ServerError:
                if self.process.cause is not Cause.PORT or not num_left:
                    raise
            self.process.port = find_free_port()

    async def keep_alive(self) -> None:
        """Start the server again whenever it dies, until that has happened too often.

        Raises:
            AccessError: It cannot be started again before a person has mended something.
            ServerError: It has died too often.
        """
        fault: Fault | None = None
        for number in range(self._limits.max_restarts):
            fault = fault or await self._await_end()
            if isinstance(fault, AccessError):
                raise fault
            logger.warning("%s", fault)
            counted = f"{number + 1} of {self._limits.max_restarts}"
            self._say(f"vLLM for {self._spec.names[0]!r}: died, starting again ({counted})")
            await asyncio.sleep(self._limits.pause_seconds * 2**number)
            fault = await self._try_to_start()
        fault = fault or await self._await_end()
        times = f"it had been started again {self._limits.max_restarts} times"
        raise type(fault)(f"{fault}; {times}")

    async def _try_to_start(self) -> Fault | None:
        try:
            await self._start()
        except (ServerError, AccessError) as fault:
            return fault
        return None

    async def _start(self) -> None:
        """Start, and wait for health."""
        name, limits = self._spec.names[0], self._limits
        self._say(f"vLLM for {name!r}: starting")
        await self.process.start()
        started = reported = time.monotonic()
        while not await self.process.is_healthy(limits.health_seconds):
            if await self.process.has_ended(limits.poll_seconds):
                raise self.process.explain_end()
            now = time.monotonic()
            seconds = now - started
            if seconds > self._spec.start_seconds:
                await self.process.stop()
                raise self._make_late_fault()
            if now > reported + limits.report_seconds:
                reported = now
                self._say(
                    f"vLLM starts {name!r}: {now - started:.0f} s; {self.process.last_line()}"
                )
        logger.info("vLLM serves %r after %.0f s", name, time.monotonic() - started)
        self._on_progress("")

    def _say(self, words: str) -> None:
        logger.info("%s", words)
        self._on_progress(words)

    def _make_late_fault(self) -> ServerError:
        return self.process.make_fault(
            f"it was not ready after {self._spec.start_seconds:g} s; give it more in"
            f" {self._spec.option}.start_seconds if it was still loading"
        )

    async def _await_end(self) -> Fault:
        """Wait until the server has died, or has been silent for too long."""
        limits, heard = self._limits, time.monotonic()
        while not await self.process.has_ended(10 * limits.poll_seconds):
            if await self.process.is_healthy(limits.health_seconds):
                heard = time.monotonic()
            elif time.monotonic() > heard + limits.silent_seconds:
                await self.process.stop()
                return self.process.make_fault(
                    f"it did not answer for {limits.silent_seconds:g} s and was stopped"
                )
        return self.process.explain_end()
