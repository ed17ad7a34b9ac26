"""An OpenAI-protocol server for a small Qwen2.5-VL or Qwen2 checkpoint, on a CPU.

Chat completions with images as data URLs, samples, seeds, stop texts, log probabilities and
streams; /v1/models, /health and vLLM's gauges on /metrics. HTTP only: `tasks.embedded` does the
work. Run as `python -m tasks.embedded_server MODEL_DIR --port 0`, it prints its URL when ready.
"""

import argparse
import asyncio
import errno
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from schemas.errors import AccessError, ServerError
from tasks.embedded.options import ServerOptions, read_port

if TYPE_CHECKING:
    from tasks.embedded.checkpoint import Checkpoint

_MODEL_TYPES = ("qwen2", "qwen2_5_vl")
_PARENT_POLL_SECONDS = 1.0
_PORT_FAULTS = (errno.EADDRINUSE, errno.EACCES)
STOPPED = "stopped before the server was ready"
_NEEDS_EXTRA = (
    "the embedded model needs the packages torch and transformers; "
    'pip install "sightline[embedded]"'
)


def serve(
    model_dir: Path,
    host: str = "127.0.0.1",
    port: int = 0,
    options: ServerOptions | None = None,
) -> None:
    """Serve a checkpoint folder until SIGTERM, SIGINT or the end of the parent process.

    Prints the base URL, such as `http://127.0.0.1:43211/v1`, on a line of its own when ready.

    Args:
        model_dir: A folder with config.json, weights, a tokenizer and a chat template.
        host: Address to listen on.
        port: 0 takes a free one.
        options: Names and limits.

    Raises:
        AccessError: torch or transformers is missing, or the folder cannot be served.
        ServerError: The address cannot be listened on.
        KeyboardInterrupt: Ctrl-C before it was ready.
    """
    options = options or ServerOptions()
    _check_folder(model_dir)
    # Outside the event loop, whose own handler of Ctrl-C would wait for the end of the loading.
    checkpoint = _load(model_dir, options)
    asyncio.run(_run(checkpoint, host, port, options))


def _check_folder(model_dir: Path) -> None:
    path = model_dir / "config.json"
    if not path.is_file():
        raise AccessError(f"no model in {str(model_dir)!r}: it has no config.json")
    try:
        kind = json.loads(path.read_text(encoding="utf-8"))["model_type"]
    except (ValueError, KeyError, TypeError) as error:
        raise AccessError(f"{str(path)!r} is no model configuration: {error!r}") from error
    if kind not in _MODEL_TYPES:
        raise AccessError(f"no server for model_type {kind!r}; known: {', '.join(_MODEL_TYPES)}")


def _load(model_dir: Path, options: ServerOptions) -> "Checkpoint":
    try:
        from tasks.embedded.checkpoint import load_checkpoint

        return load_checkpoint(model_dir, options)
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "transformers"):
            raise
        raise AccessError(_NEEDS_EXTRA) from error


async def _run(checkpoint: "Checkpoint", host: str, port: int, options: ServerOptions) -> None:
    from tasks.embedded.api import open_api

    with open_api(checkpoint, options) as api:
        # A client that goes away cancels its handler, and so its completions.
        runner = web.AppRunner(
            api.create_app(), handler_cancellation=True, shutdown_timeout=1, access_log=None
        )
        await runner.setup()
        stopping = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stopping.set)
        try:
            await _listen(runner, host, port)
            sys.stdout.write(f"{_base_url(runner, host)}\n")
            sys.stdout.flush()
            await _wait_for_end(stopping, options.parent_pid)
        finally:
            await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except (OSError, UnicodeError) as error:  # the second for names that no host can have
        is_taken = isinstance(error, OSError) and error.errno in _PORT_FAULTS
        remedy = "take another --port (0 takes a free one)" if is_taken else "take another --host"
        code = getattr(error, "errno", None)
        reason = os.strerror(code) if is_taken and code else getattr(error, "strerror", None)
        raise ServerError(f"cannot serve on {host}:{port}: {reason or error}; {remedy}") from error


def _base_url(runner: web.AppRunner, host: str) -> str:
    bound_port = runner.addresses[0][1]
    return f"http://{f'[{host}]' if ':' in host else host}:{bound_port}/v1"


async def _wait_for_end(stopping: asyncio.Event, parent_pid: int | None) -> None:
    # The parent's id is compared rather than asked after: a dead parent that nobody has reaped
    # still answers, but its children have been given away by then.
    while not stopping.is_set() and parent_pid in (None, os.getppid()):
        try:
            await asyncio.wait_for(stopping.wait(), _PARENT_POLL_SECONDS)
        except TimeoutError:
            continue


def _parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    defaults = ServerOptions()
    parser = argparse.ArgumentParser(prog="python -m tasks.embedded_server", description=__doc__)
    parser.add_argument("model_dir", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--port", type=read_port, default=0, help="0 (the default) takes a free port"
    )
    parser.add_argument("--name", help="the model's name; default: the folder's")
    parser.add_argument("--threads", type=int, help="default: one if small, else all cores")
    parser.add_argument("--max-running", type=int, default=defaults.max_running)
    parser.add_argument("--max-model-len", type=int, default=defaults.max_model_len)
    parser.add_argument("--max-images", type=int, default=defaults.max_images)
    parser.add_argument("--max-body-bytes", type=int, default=defaults.max_body_bytes)
    parser.add_argument("--stream-interval", type=int, default=defaults.stream_interval)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default=defaults.dtype)
    parser.add_argument("--parent-pid", type=int, help="end when this parent process ends")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve as the command line says; 2 for what a person must mend, 1 for other failures."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    fields = vars(_parse_arguments(arguments))
    model_dir, host, port = (fields.pop(key) for key in ("model_dir", "host", "port"))
    try:
        serve(model_dir, host, port, ServerOptions(**fields))
    except AccessError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except ServerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write(f"{STOPPED}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
