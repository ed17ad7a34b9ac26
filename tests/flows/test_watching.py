"""What a run's models did: in its report, beside its tables, in the Prefect UI, and on the page."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from prefect import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from tasks.run_figures import read_runs
from tasks.storage import Folder
from tests.fakes import FakeModelServer
from tests.flows.conftest import run_build, write_source
from tests.waiting import GUARD_SECONDS

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("prefect_server")]

PRICES = ("models.llm.price_in=1", "models.llm.price_out=2")


@pytest.fixture
def server() -> Iterator[FakeModelServer]:
    with FakeModelServer(latency_seconds=0.3) as running:
        yield running


@pytest.fixture
def source(tmp_path) -> Path:
    return write_source(tmp_path / "source", range(12), question="What is it? [[503 x1]]")


async def read_artifacts(key: str) -> dict[UUID, str]:
    """Return what Prefect shows under a key now."""
    async with get_client() as client:
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
        found = await client.read_artifacts(artifact_filter=wanted)
        return {artifact.id: f"{artifact.description} {artifact.data}" for artifact in found}


async def await_artifact(key: str, words: str, before: dict[UUID, str]) -> None:
    """Wait for an artifact with these words that was not there before."""
    async with asyncio.timeout(GUARD_SECONDS):
        while True:
            found = await read_artifacts(key)
            if any(words in text for one, text in found.items() if one not in before):
                return
            await asyncio.sleep(0.1)


def test_a_run_tells_what_its_models_did_wherever_one_looks(server, source, tmp_path, monkeypatch):
    monkeypatch.setattr("flows.watching.TELL_SECONDS", 0.2)
    server.latency_seconds = 0.5  # So that the run is looked at while it goes on.
    started = time.monotonic()
    report = run_build(server, [source], tmp_path / "w", *PRICES, "reason.race=false")
    seconds = time.monotonic() - started
    vlm, llm = report.models
    assert (vlm.stage, vlm.num_replies, llm.stage, llm.num_replies) == (
        "formalize",
        12,
        "reason",
        48,
    )
    assert llm.retries == {"503": 48}
    assert llm.num_requests == 96
    assert llm.cost_usd == pytest.approx((llm.prompt_tokens + 2 * llm.completion_tokens) / 1e6)
    assert vlm.cost_usd is None
    assert 0 < llm.busy_seconds < seconds
    assert 1 < llm.slot_seconds / llm.busy_seconds <= 48  # Seen now and then.
    (run,) = read_runs(Folder(str(tmp_path / "w/openvlthinker/all")))
    assert run.models == (vlm, llm)
    page = Path(report.report).read_text()
    assert "503 x48" in page
    assert "no price" in page


async def test_prefect_shows_the_models(server, source, tmp_path, monkeypatch):
    monkeypatch.setattr("flows.watching.TELL_SECONDS", 0.2)
    progress = await read_artifacts("progress-formalize")
    tables = await read_artifacts("models")
    server.hold_at = 0
    building = asyncio.create_task(asyncio.to_thread(run_build, server, [source], tmp_path / "w"))
    try:
        await await_artifact("progress-formalize", " req", progress)
    finally:
        server.hold_at = None
        await building
    await await_artifact("models", '"stage": "reason"', tables)


def test_a_run_that_finds_all_done_adds_nothing(server, source, tmp_path):
    run_build(server, [source], tmp_path / "w")
    before = read_runs(Folder(str(tmp_path / "w/openvlthinker/all")))
    again = run_build(server, [source], tmp_path / "w")
    assert again.models == []
    assert read_runs(Folder(str(tmp_path / "w/openvlthinker/all"))) == before
