"""Processor time and memory of `sightline build`, ingest to publish, beside their goals.

    python -m tests.benchmarks.pipeline [cpu] [memory] [--scale 1.0]

A model server that answers at once and a Prefect server run beforehand in processes of their own;
every build is a child process, whose processor time (user and system) and largest resident set the
system reports at its end. Images, questions and gold answers are made here; each question is asked
of a small image or one of 448 x 448.

cpu: (build of all problems - the same command with --limit 1) / rollouts; goal: 2 ms.
memory: largest resident set of the larger build / that of the smaller; goal: 1.20.

Prefect's server is counted apart; it works on for a moment after a build, which is waited for.
"""

import argparse
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from flows.logs import quiet_prefect

GOAL_CPU_MS = 2.0
GOAL_MEMORY_RATIO = 1.2
ROOT = Path(__file__).parents[2]
LOAD_SERVER = ROOT.parent / "shared" / "tools" / "load_server.c"
ROWS_AT_ONCE = 250
CASES = {
    "cpu": [("448x448 JPEG", 448, 1_250, 4), ("32x32 PNG", 32, 1_250, 4)],
    "memory": [("32x32 PNG", 32, 5_000, 1), ("32x32 PNG", 32, 50_000, 1)],
    "memory-large-images": [("448x448 JPEG", 448, 2_000, 1), ("448x448 JPEG", 448, 10_000, 1)],
}
"""(images, their side, problems, rollouts of each)"""


@dataclass(frozen=True, slots=True)
class Servers:
    """What runs beforehand: the models' URL and names, and Prefect's process."""

    url: str
    vlm: str
    llm: str
    prefect: psutil.Process


@dataclass(frozen=True, slots=True)
class Usage:
    """What one build cost."""

    cpu_seconds: float
    server_cpu_seconds: float
    """Of Prefect's server, from the start of the build until it is idle again."""
    peak_mb: float
    wall_seconds: float


def make_image(number: int, side: int, noise: np.ndarray) -> bytes:
    """Draw an image unlike all others: a small PNG, or a JPEG of 56 kB at 448 x 448."""
    buffer = io.BytesIO()
    if side < 100:
        pixels = np.zeros((side, side, 3), np.uint8)
        pixels[4:8, :24] = (number >> np.arange(24) & 1)[None, :, None] * 255
        Image.fromarray(pixels).save(buffer, "PNG")
    else:
        pixels = np.roll(noise, (number % side, number // side), (0, 1))
        Image.fromarray(pixels).save(buffer, "JPEG", quality=79)
    return buffer.getvalue()


def make_rows(start: int, stop: int, side: int, noise: np.ndarray) -> pa.Table:
    rows = [
        {
            "id": f"id-{i}",
            "question": f"Compute {i} + {i // 2}",
            "answer": str(i + i // 2),
            "image": {"bytes": make_image(i, side, noise), "path": f"{i}"},
        }
        for i in range(start, stop)
    ]
    return pa.Table.from_pylist(rows)


def make_source(file: Path, count: int, side: int) -> Path:
    """Write a Parquet file with a Hub Image column, few rows in memory at a time."""
    if file.exists():
        return file
    coarse = np.random.default_rng(1).integers(0, 256, (56, 56, 3), dtype=np.uint8)
    fine = np.random.default_rng(2).integers(0, 40, (448, 448, 3), dtype=np.uint8)
    noise = np.asarray(Image.fromarray(coarse).resize((448, 448))) // 2 + fine
    schema = make_rows(0, 1, side, noise).schema
    with pq.ParquetWriter(file, schema) as writer:
        for start in range(0, count, ROWS_AT_ONCE):
            writer.write_table(make_rows(start, min(start + ROWS_AT_ONCE, count), side, noise))
    return file


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def run_server(command: list[str], health: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; begins when `health` answers."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                with urllib.request.urlopen(health, timeout=5):
                    break
            except OSError:
                time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        process.wait()


@contextmanager
def run_servers(folder: Path) -> Iterator[Servers]:
    """Start the model server and Prefect's; builds find the latter by the environment."""
    model_port, prefect_port = find_port(), find_port()
    vlm, llm = "mock", "mock"
    if LOAD_SERVER.exists() and shutil.which("gcc"):
        subprocess.run(["gcc", "-O2", "-o", folder / "server", LOAD_SERVER, "-lm"], check=True)
        models = [str(folder / "server"), "--port", str(model_port)]
    else:
        models = [sys.executable, "-m", "tests.fakes", "--port", str(model_port)]
        vlm, llm = "fake-vlm", "fake-llm"
    quiet_prefect()
    os.environ["PREFECT_HOME"] = str(folder / "prefect")
    prefect = [sys.executable, "-m", "prefect", "server", "start", "--port", str(prefect_port)]
    api = f"http://127.0.0.1:{prefect_port}/api"
    base = f"http://127.0.0.1:{model_port}"
    with run_server(models, f"{base}/health"), run_server(prefect, f"{api}/health") as server:
        os.environ["PREFECT_API_URL"] = api
        yield Servers(f"{base}/v1", vlm, llm, psutil.Process(server.pid))


def read_cpu(process: psutil.Process) -> float:
    """Return the processor seconds of a process and its children so far."""
    times = [p.cpu_times() for p in [process, *process.children(recursive=True)]]
    return sum(t.user + t.system for t in times)


def wait_idle(process: psutil.Process) -> float:
    """Wait until a server does next to nothing; return its processor seconds then."""
    before = read_cpu(process)
    for _ in range(60):
        time.sleep(2)
        now = read_cpu(process)
        if now - before < 0.2:
            return now
        before = now
    return before


def build(
    servers: Servers, source: Path, num_rollouts: int, problems: int, limit: int | None = None
) -> Usage:
    """Run one build in a fresh workspace and make sure that it did all its work."""
    count = limit or problems
    with tempfile.TemporaryDirectory(dir=source.parent) as workspace:
        command = [sys.executable, "-m", "flows.cli", "build", "openvlthinker", "--json"]
        command += ["--source", str(source), "--workspace", workspace]
        command += [
            "--vlm",
            f"{servers.vlm}@{servers.url}",
            "--llm",
            f"{servers.llm}@{servers.url}",
        ]
        command += ["--set", f"reason.num_rollouts={num_rollouts}"]
        command += ["--limit", str(count)]
        server_before, started = wait_idle(servers.prefect), time.perf_counter()
        with (Path(workspace) / "report").open("wb+") as output:
            process = subprocess.Popen(command, stdout=output, cwd=ROOT)
            _, code, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(code)
            wall = time.perf_counter() - started
            output.seek(0)
            report: dict[str, Any] = json.loads(output.read() or b"{}")
        assert report.get("num_requests") == count * (1 + num_rollouts), report
        server_cpu = wait_idle(servers.prefect) - server_before
    return Usage(usage.ru_utime + usage.ru_stime, server_cpu, usage.ru_maxrss / 1024, wall)


def measure_cpu(servers: Servers, folder: Path, scale: float) -> None:
    for name, side, problems, num_rollouts in CASES["cpu"]:
        count = int(problems * scale)
        source = make_source(folder / f"{count}-{side}.parquet", count, side)
        run = partial(build, servers, source, num_rollouts, count)
        run(limit=1)  # The first build after a start costs Prefect's server more than any other.
        small, whole = run(limit=1), run()
        rollouts = count * num_rollouts
        own = (whole.cpu_seconds - small.cpu_seconds) / rollouts * 1000
        server = (whole.server_cpu_seconds - small.server_cpu_seconds) / rollouts * 1000
        print(
            f"{name}: {count} problems, {rollouts} rollouts: {own:.2f} ms CPU a rollout, of the"
            f" goal {own / GOAL_CPU_MS:.2f}; Prefect's server {server:.2f} ms more, both"
            f" {own + server:.2f} (build {whole.cpu_seconds:.1f} s in {whole.wall_seconds:.0f} s,"
            f" start-up {small.cpu_seconds:.1f} s)",
            flush=True,
        )


def measure_memory(servers: Servers, folder: Path, scale: float, cases: str) -> None:
    peaks: list[float] = []
    for name, side, problems, num_rollouts in CASES[cases]:
        count = int(problems * scale)
        source = make_source(folder / f"{count}-{side}.parquet", count, side)
        usage = build(servers, source, num_rollouts, count)
        peaks.append(usage.peak_mb)
        cpu = usage.cpu_seconds / count * 1000
        print(
            f"{name}: {count} problems: peak {usage.peak_mb:.0f} MB"
            f" ({cpu:.2f} ms CPU a problem, {usage.wall_seconds:.0f} s)",
            flush=True,
        )
    ratio = peaks[1] / peaks[0]
    print(f"{cases}: ratio {ratio:.2f}, goal {GOAL_MEMORY_RATIO:.2f}", flush=True)


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="*", default=list(CASES), help=", ".join(CASES))
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of problems")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = stack.enter_context(run_servers(folder))
        for what in options.what:
            if what == "cpu":
                measure_cpu(servers, folder, options.scale)
            else:
                measure_memory(servers, folder, options.scale, what)


if __name__ == "__main__":
    main()
