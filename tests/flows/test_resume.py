"""Killed at any moment and started again, a build ends with the same bytes and asks nothing twice.

The promise is at-least-once calls and exactly-once rows: only what was on its way when the process
died may be asked again.
"""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tasks.replies import ReplyStore
from tests.fake_faults import Exchange
from tests.fakes import FakeModelServer
from tests.flows.conftest import (
    Ended,
    Sightline,
    build_arguments,
    read_data,
    run_command,
    start_command,
    write_source,
)
from tests.waiting import GUARD_SECONDS, wait_until

pytestmark = [pytest.mark.flow, pytest.mark.slow]

NUM_KILLS = 20
NUM_PROBLEMS = 40
SETTINGS = ("--set", "ingest.shard_rows=8")


class WatchedServer(FakeModelServer):
    """A server with latencies by content, up to 0.5 s, that knows when each body came."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.asked_at: dict[bytes, list[float]] = {}

    async def _complete(self, exchange: Exchange, data: bytes) -> None:
        self.asked_at.setdefault(data, []).append(time.monotonic())
        await asyncio.sleep(hash_fraction(data) * 0.5)
        await super()._complete(exchange, data)

    def asked_twice(self) -> list[bytes]:
        return [body for body, times in self.asked_at.items() if len(times) > 1]

    def count_asked_before(self, moment: float) -> int:
        return sum(times[0] < moment for times in self.asked_at.values())


def hash_fraction(data: bytes) -> float:
    return random.Random(data).random()


def find_stage(workspace: Path) -> str:
    """Return the last table that the killed run had begun."""
    tables = ("problems", "formal_texts", "rollouts", "verdicts", "sft")
    begun = [t for t in tables if list((workspace / "openvlthinker/all").glob(f"{t}/*/shard*"))]
    return "published" if (workspace / "published").exists() else (begun or ["nothing"])[-1]


def count_replies(workspace: Path) -> int:
    """Return how many replies are on disk."""
    store = ReplyStore.open(str(workspace / "openvlthinker"))
    asyncio.run(store.close())
    return len(store)


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return write_source(tmp_path_factory.mktemp("resume") / "source", range(NUM_PROBLEMS))


@pytest.fixture(scope="module")
def whole(source, tmp_path_factory, prefect_server) -> dict[str, bytes]:
    """Return the data of an undisturbed run of the real command."""
    workspace = tmp_path_factory.mktemp("whole") / "workspace"
    with WatchedServer() as server:
        ended = run_command(build_arguments(server.url, source, workspace, *SETTINGS))
    assert ended.code == 0, ended.err
    return read_data(workspace)


def has_begun(workspace: Path) -> Callable[[], bool]:
    """Return a question: whether a run holds its lock, and is about to ingest."""
    return (workspace / "openvlthinker/all/.lock").exists


def wait_until_read(server: FakeModelServer) -> None:
    """Wait until the server has read all that a client sent which is gone."""
    with urlopen(server.url.replace("/v1", "/stats")) as answer:  # Served in turn, after its calls.
        answer.read()
    wait_until(lambda: server.num_connections == 0, "the last request was read")


def measure_run(sightline: Sightline, source: Path, workspace: Path) -> float:
    """Return how long a run takes from its lock to its end, in seconds."""
    with WatchedServer() as server:
        child = sightline.start(build_arguments(server.url, source, workspace, *SETTINGS))
        wait_until(has_begun(workspace), "a lock")
        started = time.monotonic()
        assert child.wait().code == 0
        return time.monotonic() - started


def test_a_build_killed_at_any_moment_ends_with_the_same_bytes(source, whole, tmp_path, sightline):
    measure_run(sightline, source, tmp_path / "first")  # the first child starts the fork server
    seconds = measure_run(sightline, source, tmp_path / "timed")
    dice, stages, number = random.Random(20), Counter[str](), 0
    while stages.total() - stages["over"] < NUM_KILLS:
        number += 1
        workspace = tmp_path / f"killed-{number}"
        with WatchedServer() as server:
            arguments = build_arguments(server.url, source, workspace, *SETTINGS)
            child = sightline.start(arguments)
            wait_until(has_begun(workspace), "a lock")
            time.sleep(dice.uniform(0, seconds))
            is_alive = child.is_alive()
            child.kill()
            stages[stage := find_stage(workspace) if is_alive else "over"] += 1
            seconds *= 1.0 if is_alive else 0.8  # The machine may be quicker than it was.
            wait_until_read(server)
            num_kept, started = count_replies(workspace), time.monotonic()
            ended = sightline.run(arguments)
        assert ended.code == 0, f"killed in {stage}: {ended.err}"
        lost = server.asked_twice()
        assert len(lost) <= server.count_asked_before(started) - num_kept, f"killed in {stage}"
        assert read_data(workspace) == whole, f"killed in {stage}"


def test_an_interrupted_build_stops_with_one_sentence_and_goes_on(source, whole, tmp_path):
    with WatchedServer(latency_seconds=1.0) as server:
        arguments = build_arguments(server.url, source, tmp_path / "w", *SETTINGS)
        process = start_command(arguments)
        wait_until(lambda: server.counts["answered"], "an answer")
        server.hold_at = 0  # Nothing more is answered, and the end does not wait for it.
        wait_until(lambda: count_replies(tmp_path / "w") == server.counts["answered"], "all kept")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=GUARD_SECONDS)
        num_kept, started = count_replies(tmp_path / "w"), time.monotonic()
        server.hold_at = None
        ended = Ended(process.returncode, out, err)
        assert ended.code == 1
        assert ended.sentence == "stopped; the same command goes on from here"
        server.latency_seconds = 0
        assert run_command(arguments).code == 0
    assert num_kept > 0
    assert len(server.asked_twice()) <= server.count_asked_before(started) - num_kept
    assert read_data(tmp_path / "w") == whole


def test_a_terminated_build_stops_with_one_sentence(source, tmp_path, sightline):
    with WatchedServer(latency_seconds=1.0) as server:
        child = sightline.start(build_arguments(server.url, source, tmp_path / "w", *SETTINGS))
        wait_until(lambda: server.counts["requests"], "a request")
        child.process.terminate()
        ended = child.wait()
    assert ended.code == 1
    assert ended.sentence == "stopped; the same command goes on from here"


def test_an_interrupt_before_the_first_stage_is_no_traceback(source, tmp_path):
    with FakeModelServer() as server:
        process = start_command(build_arguments(server.url, source, tmp_path / "w"))
        wait_until(lambda: "starting" in (process.stderr.readline() or "starting"), "a first line")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=GUARD_SECONDS)
    assert process.returncode == 1
    assert Ended(1, out, err).sentence == "stopped; the same command goes on from here"
