"""A stand-in for the program `vllm`: takes its command line, answers by the hash of the request.

What it does at its nth start is line n of the file FAKE_VLLM_SCRIPT (the last line for all later
ones): `serve`; `say TEXT` (write TEXT, end with code 1); `hang`; `die N` (end with code 1 at the
Nth request); `freeze N` (answer nothing from that one on); `stubborn` (serve, ignore SIGTERM).
Each start writes a line of JSON to the file FAKE_VLLM_STARTS. It has a child in a session of its
own, as an engine process may be.
"""

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.fakes import FakeModelServer

SCRIPT, STARTS = "FAKE_VLLM_SCRIPT", "FAKE_VLLM_STARTS"


def write_fake_vllm(folder: Path, script: str) -> Path:
    """Write an environment with a program `bin/vllm` that follows a script; return its folder."""
    root = Path(__file__).parents[1]
    program = folder / "bin" / "vllm"
    program.parent.mkdir(parents=True)
    (folder / "script").write_text(script)
    program.write_text(
        "#!/bin/sh\n"
        f"export PYTHONPATH='{root}' {SCRIPT}='{folder}/script' {STARTS}='{folder}/starts'\n"
        f"exec '{sys.executable}' -m tests.fake_vllm \"$@\"\n"
    )
    program.chmod(0o755)
    return folder


def read_starts(folder: Path) -> list[dict]:
    """Return what each start wrote down: pid, engine, arguments, key."""
    file = folder / "starts"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def main(arguments: list[str]) -> None:
    port = next(int(a.removeprefix("--port=")) for a in arguments if a.startswith("--port="))
    first = arguments.index("--served-model-name") + 1
    names = [name for name in arguments[first:] if not name.startswith("--")]
    action, _, value = pick_line().partition(" ")
    engine = subprocess.Popen(["sleep", "600"], start_new_session=True)
    with Path(os.environ[STARTS]).open("a") as starts:
        key = os.environ.get("VLLM_API_KEY")
        started = {"pid": os.getpid(), "engine": engine.pid, "arguments": arguments, "key": key}
        starts.write(json.dumps(started) + "\n")
    print("(APIServer pid=1) INFO 11-21 08:53:02 [model.py:733] loading the model", flush=True)
    if action == "say":
        print(value.replace("|", "\n"), file=sys.stderr, flush=True)
        sys.exit(1)
    if action == "hang":
        time.sleep(600)
    stopped = threading.Event()
    ignored = (lambda *_: None) if action == "stubborn" else (lambda *_: stopped.set())
    signal.signal(signal.SIGTERM, ignored)
    end_at = int(value) if action in ("die", "freeze") else math.inf
    with FakeModelServer(
        port=port,
        models=names,
        api_key=key,
        accuracy=0.5,
        latency_seconds=0.01,
        on_request=lambda number: end(action) if number >= end_at else None,
    ):
        stopped.wait()
    engine.kill()


def end(action: str) -> None:
    if action == "freeze":
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(600)
    print("(APIServer pid=1) ERROR 11-21 08:53:02 [async_llm.py:1] EngineDeadError", flush=True)
    os._exit(1)


def pick_line() -> str:
    """Return the line of the script for this start."""
    file = Path(os.environ[STARTS])
    num_before = len(file.read_text().splitlines()) if file.exists() else 0
    lines = Path(os.environ[SCRIPT]).read_text().splitlines()
    return lines[min(num_before, len(lines) - 1)]


if __name__ == "__main__":
    main(sys.argv[1:])
