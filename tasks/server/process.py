"""One vLLM from its start to its end, and why it ended.

Between this process and vLLM stands the supervisor, which stops vLLM and all its processes when
this one ends, however it ends.
"""

import asyncio
import contextlib
import logging
import os
import shlex
import socket
import sys
from pathlib import Path

import aiohttp

from schemas.errors import AccessError, ServerError
from tasks.server.command import HOST, VllmSpec, find_program, make_arguments, make_environment
from tasks.server.diagnosis import diagnose
from tasks.server.logs import count_oom_kills, hide_secrets, read_last_line, read_tail
from tasks.server.signs import Cause

logger = logging.getLogger(__name__)

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_KILL_SECONDS = 15.0
_TAKEN = "[Errno 98] Address already in use"

Fault = ServerError | AccessError


class VllmProcess:
    """A vLLM on one port; may be started again after its end."""

    def __init__(self, spec: VllmSpec, port: int, log_path: Path, stop_seconds: float) -> None:
        self.spec = spec
        self.port = port
        self.cause: Cause | None = None
        """Why it ended last."""
        self._log_path = log_path
        self._stop_seconds = stop_seconds
        self._child: asyncio.subprocess.Process | None = None
        self._log_start = 0
        self._oom_kills = 0
        self._has_served = False

    async def start(self) -> None:
        """Start it; nothing is waited for.

        Raises:
            AccessError: Its program is not there.
            ServerError: Its port is taken.
        """
        self._has_served, self._oom_kills = False, count_oom_kills()
        if not is_free(self.port):
            raise self._explain(_TAKEN, 1)
        program = find_program(self.spec)
        arguments = make_arguments(self.spec, program, self.port)
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        logger.info("starting %s (log: %s)", shlex.join(arguments), self._log_path)
        with self._log_path.open("ab") as log:
            self._log_start = log.tell()
            self._child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", str(_SUPERVISOR)),
                *(str(os.getpid()), str(self._stop_seconds), *arguments),
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=make_environment(self.spec, program),
                start_new_session=True,
            )

    async def stop(self) -> None:
        """Stop it with all its processes, and wait until they are gone."""
        child = self._child
        if child is None or child.returncode is not None:
            return
        assert child.stdin is not None
        child.stdin.close()
        try:
            await asyncio.wait_for(child.wait(), self._stop_seconds + _KILL_SECONDS)
        except TimeoutError:
            logger.warning("vLLM for %r does not end; killing it", self.spec.names[0])
            child.kill()
            await child.wait()

    async def has_ended(self, seconds: float) -> bool:
        """Wait for its end for so long; return whether it has ended."""
        if self._child is None:
            return True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._child.wait(), seconds)
        return self._child.returncode is not None

    async def is_healthy(self, seconds: float) -> bool:
        """Return whether it answers within so long that its engine lives."""
        timeout = aiohttp.ClientTimeout(total=seconds)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"http://{HOST}:{self.port}/health") as response,
            ):
                is_healthy = response.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
        self._has_served = self._has_served or is_healthy
        return is_healthy

    def explain_end(self) -> Fault:
        """Return why it ended, in one sentence with the telling lines of its log."""
        code = self._child.returncode if self._child else None
        log = read_tail(self._log_path, self._log_start)
        return self._explain(hide_secrets(log, self.spec.api_key_env), code or 0)

    def make_fault(self, words: str) -> ServerError:
        """Return a fault that only this process knows of."""
        self.cause = None
        return ServerError(self._describe(words, self.last_line()))

    def last_line(self) -> str:
        """Return the last line of its log."""
        line = read_last_line(self._log_path, self._log_start)
        return hide_secrets(line, self.spec.api_key_env)

    def _explain(self, log: str, code: int) -> Fault:
        diagnosis = diagnose(
            log,
            code,
            path=self.spec.path,
            option=self.spec.option,
            has_served=self._has_served,
            was_out_of_memory=count_oom_kills() > self._oom_kills,
        )
        self.cause = diagnosis.cause
        kind = AccessError if diagnosis.cause.is_lasting else ServerError
        return kind(self._describe(diagnosis.words, " / ".join(diagnosis.lines)))

    def _describe(self, words: str, said: str) -> str:
        verb = "no longer serves" if self._has_served else "cannot serve"
        name = self.spec.names[0]
        return f"vLLM {verb} {name!r}: {words}; its log says: {said} (log: {self._log_path})"


def find_free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def is_free(port: int) -> bool:
    """Return whether vLLM could listen on a port; connections that linger do not matter."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
