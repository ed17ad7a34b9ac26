"""What a race to the shortest saves, beside what it must save.

    python -m tests.benchmarks.race [server] [curve] [--problems 2000] [--slots 256] [--pace 50]
        [--k 4] [--rate 0.5]

server: 2,000 problems with independent lognormal lengths (sigma 0.6) against a streaming server in
    a process of its own with so many slots, through the reason stage and the model edge, every
    reply durable. Tokens are those that the server produced by its own count, until it saw that a
    request was gone. Printed: whether each problem's selection is that of full sampling, tokens
    over those of full sampling beside the exact expectation, and the time that all slots were
    full, from the first request to the last moment that they were, over that of full sampling
    (where a k was sampled in full, which is measured for the first point only).
curve: the same over sigma, k and correct rate, by the sampling of rollouts in process with a client
    that keeps exact time in place of a server.

What takes time after a rollout's end (its check, its sync to disk, the way to the server) costs
tokens, and the faster the pace and the shorter the rollouts, the more; a machine that is busy with
something else, which the printed lateness of a timer of the client shows, costs most.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl

from schemas.recipe import ReasonParams, VerifyParams
from tasks.budget import Budget
from tasks.budgeted import BudgetedClient
from tasks.reason import reason_problems
from tasks.replies import ReplyStore
from tasks.sampling import Endpoint
from tests.benchmarks.pipeline import ROOT, find_port
from tests.benchmarks.race_curve import bench_curve
from tests.benchmarks.race_world import World

MAIN_POINTS = [(0.6, 4, 0.5), (0.6, 8, 0.5), (0.6, 4, 0.9), (0.6, 8, 0.9)]
GOAL = 0.03


@contextmanager
def run_server(slots: int, pace: float) -> Iterator[str]:
    port = find_port()
    command = [sys.executable, "-m", "tests.benchmarks.race_server", "--port", str(port)]
    command += ["--slots", str(slots), "--pace", str(pace)]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/stats")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def wait_for(url: str) -> None:
    for _ in range(200):
        try:
            get_json(url)
            return
        except OSError:
            time.sleep(0.1)


def get_json(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.loads(answer.read())


async def run_stage(url: str, num_problems: int, params: ReasonParams) -> list[dict[str, Any]]:
    """Reason about problems as the stage does, with a new store; return rows of ROLLOUTS."""
    problems = pl.DataFrame(
        {
            "problem_id": [f"{number:08x}" + "0" * 24 for number in range(num_problems)],
            "question": [f"What is number {number}?" for number in range(num_problems)],
            "options": pl.Series([None] * num_problems, dtype=pl.List(pl.String)),
            "source": "bench",
            "gold_answer": "7",
            "unit": pl.Series([None] * num_problems, dtype=pl.String),
            "text": "A figure.",
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        endpoint = Endpoint(model="mock", urls=(f"{url}/v1",))
        async with (
            ReplyStore.open(folder) as store,
            BudgetedClient(endpoint, store, Budget()) as client,
        ):
            watch = asyncio.create_task(watch_lateness())
            rows = await reason_problems(
                problems.iter_rows(named=True), client, params, VerifyParams()
            )
            watch.cancel()
            return rows


LATENESS: list[float] = []
"""Seconds by which a timer of the client came late in this run."""


async def watch_lateness() -> None:
    LATENESS.clear()
    while True:
        due = time.monotonic() + 0.01
        await asyncio.sleep(0.01)
        LATENESS.append(time.monotonic() - due)


def find_selected(rows: list[dict[str, Any]]) -> dict[int, int]:
    """Return the shortest correct rollout of each problem that has one."""
    best: dict[int, tuple[int, int]] = {}
    for row in rows:
        if row["status"] == "ok" and "{7}" in row["answer_text"]:
            number = int(row["problem_id"][:8], 16)
            found = row["completion_tokens"], row["rollout_index"]
            best[number] = min(found, best.get(number, found))
    return {number: index for number, (_, index) in best.items()}


def bench_server(options: argparse.Namespace) -> None:
    first_k, whole_seconds = MAIN_POINTS[0][1], 0.0
    points = [
        (sigma, k, rate)
        for sigma, k, rate in MAIN_POINTS
        if options.k in (None, k) and options.rate in (None, rate)
    ]
    with run_server(options.slots, options.pace) as url:
        for sigma, k, rate in points:
            world = World(sigma, rate)
            whole = world.count_tokens(options.problems, k)
            if k == first_k and not whole_seconds:
                params = ReasonParams(num_rollouts=first_k, race=False)
                whole_seconds, tokens, _ = measure(url, world, options.problems, params)
                assert abs(tokens / whole - 1) < 0.01, (tokens, whole)
                print(
                    f"full sampling, k {first_k}: {tokens:,} tokens, {whole_seconds:.1f} s",
                    flush=True,
                )
            params = ReasonParams(num_rollouts=k, race=True)
            seconds, tokens, rows = measure(url, world, options.problems, params)
            numbers = range(options.problems)
            chosen = {n: i for n in numbers if (i := world.select(n, k)) is not None}
            is_same = find_selected(rows) == chosen
            exact, share = world.expect_share(k), tokens / whole
            print(
                f"k {k}, {rate:.0%} correct: the same selection {is_same};"
                f" tokens {share:.3f} of full sampling, exact {exact:.3f}"
                f" ({share / exact - 1:+.1%}, goal within {GOAL:.0%});"
                f" {seconds:.1f} s"
                + (f", {seconds / whole_seconds:.3f} of full sampling" if k == first_k else "")
                + f"; late by {1000 * sum(LATENESS) / len(LATENESS):.0f} ms,"
                f" at most {1000 * max(LATENESS):.0f} ms",
                flush=True,
            )


def measure(
    url: str, world: World, num_problems: int, params: ReasonParams
) -> tuple[float, int, list[dict[str, Any]]]:
    """Return the seconds at full slots, the server's tokens, and the rows."""
    get_json(f"{url}/reset/{world.sigma}/{world.rate}")
    rows = asyncio.run(run_stage(url, num_problems, params))
    time.sleep(0.1)
    stats = get_json(f"{url}/stats")
    return stats["seconds"], stats["tokens"], rows


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="*", default=["server", "curve"])
    parser.add_argument("--problems", type=int, default=2000)
    parser.add_argument("--slots", type=int, default=256)
    parser.add_argument("--pace", type=float, default=50.0, help="tokens a second of each slot")
    parser.add_argument("--k", type=int, help="of the server's points only those of this k")
    parser.add_argument("--rate", type=float, help="only those of this correct rate")
    options = parser.parse_args()
    if "server" in options.what:
        bench_server(options)
    if "curve" in options.what:
        bench_curve(options.problems)


if __name__ == "__main__":
    main()
