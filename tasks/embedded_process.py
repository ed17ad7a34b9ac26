"""The embedded server as a child process: started on a free port, waited for, stopped.

What the pipeline uses for models of the kind `embedded`. Nothing of torch is imported here. The
child ends with the context, and by itself if this process dies first.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp

from schemas.errors import AccessError, ServerError
from tasks.embedded.options import ServerOptions

_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.1
_USAGE_EXIT_CODE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedServer:
    """A running embedded server."""

    url: str
    """The base URL with its version, such as `http://127.0.0.1:43211/v1`."""
    name: str
    """The model's name in requests."""
    pid: int


@asynccontextmanager
async def run_embedded_server(
    model_dir: Path,
    *,
    log_path: Path,
    options: ServerOptions | None = None,
    start_seconds: float = 180.0,
) -> AsyncGenerator[EmbeddedServer]:
    """Serve a checkpoint folder from a child process for as long as the context lasts.

    Args:
        model_dir: The checkpoint folder.
        log_path: Where the child's log is appended; its folder is made.
        options: How to serve; `parent_pid` is set here.
        start_seconds: How long the server may take to answer its first health check.

    Raises:
        AccessError: The model or the installation must be mended by a person.
        ServerError: The server died or was not ready in time.
    """
    options = replace(options or ServerOptions(), parent_pid=os.getpid())
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("ab") as log:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tasks.embedded_server", str(model_dir.resolve())),
            *options.to_arguments(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env=_child_environment(),
        )
    try:
        url = await _await_ready(child, log_path, start_seconds)
        name = options.name or model_dir.resolve().name
        yield EmbeddedServer(url=url, name=name, pid=child.pid)
    finally:
        await asyncio.shield(_stop(child))


def _child_environment() -> dict[str, str]:
    # The child must find this package wherever it was started from, and never asks the Hub.
    root = str(Path(__file__).resolve().parent.parent)
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONPATH": path, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


async def _await_ready(
    child: asyncio.subprocess.Process, log_path: Path, start_seconds: float
) -> str:
    assert child.stdout is not None
    deadline = time.monotonic() + start_seconds
    try:
        line = await asyncio.wait_for(child.stdout.readline(), start_seconds)
        if line:
            url = line.decode().strip()
            await _await_health(url.removesuffix("/v1") + "/health", deadline)
            return url
    except TimeoutError as error:
        raise ServerError(
            f"the embedded server was not ready after {start_seconds:g} s; see {log_path}"
        ) from error
    exit_code = await child.wait()
    kind = AccessError if exit_code == _USAGE_EXIT_CODE else ServerError
    raise kind(f"the embedded server did not start: {_last_line(log_path)} (log: {log_path})")


async def _await_health(url: str, deadline: float) -> None:
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                timeout = aiohttp.ClientTimeout(total=max(deadline - time.monotonic(), 0.01))
                async with session.get(url, timeout=timeout) as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            if time.monotonic() > deadline:
                raise TimeoutError
            await asyncio.sleep(_POLL_SECONDS)


def _last_line(log_path: Path) -> str:
    lines = log_path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


async def _stop(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    child.terminate()
    try:
        await asyncio.wait_for(child.wait(), _STOP_SECONDS)
    except TimeoutError:
        child.kill()
        await child.wait()
