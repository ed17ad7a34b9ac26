"""What a run's models did: in its report, beside its tables, in the Prefect UI, and on the page."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from tasks.run_figures import read_runs
from tasks.storage import Folder
from tests.fakes import FakeModelServer
from tests.flows.conftest import run_build, write_source

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("prefect_server")]

PRICES = ("models.llm.price_in=1", "models.llm.price_out=2")


@pytest.fixture
def server() -> Iterator[FakeModelServer]:
    with FakeModelServer(latency_seconds=0.3) as running:
        yield running


@pytest.fixture
def source(tmp_path) -> Path:
    return write_source(tmp_path / "source", range(12), question="What is it? [[503 x1]]")


async def read_artifacts(key: str) -> list:
    async with get_client() as client:
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
        for _ in range(100):
            if found := await client.read_artifacts(artifact_filter=wanted):
                return found
            await asyncio.sleep(0.1)
    pytest.fail(f"Prefect has no artifact {key!r}")


def test_a_run_tells_what_its_models_did_wherever_one_looks(server, source, tmp_path, monkeypatch):
    monkeypatch.setattr("flows.watching.TELL_SECONDS", 0.2)
    server.latency_seconds = 0.5  # So that the run is looked at while it goes on.
    report = run_build(server, [source], tmp_path / "w", *PRICES, "reason.race=false")
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
    assert 0.2 < llm.slot_seconds / llm.num_requests < 3  # 0.3 s each, seen now and then
    (run,) = read_runs(Folder(str(tmp_path / "w/openvlthinker/all")))
    assert run.models == (vlm, llm)
    page = Path(report.report).read_text()
    assert "503 x48" in page
    assert "no price" in page


async def test_prefect_shows_the_models(server, source, tmp_path, monkeypatch):
    monkeypatch.setattr("flows.watching.TELL_SECONDS", 0.2)
    server.latency_seconds = 0.5  # So that the run is looked at while it goes on.
    await asyncio.to_thread(run_build, server, [source], tmp_path / "w")
    tables = await read_artifacts("models")
    assert '"stage": "reason"' in str(tables[-1].data)
    shown = await read_artifacts("progress-reason")
    assert "req" in (shown[-1].description or "")


def test_a_run_that_finds_all_done_adds_nothing(server, source, tmp_path):
    run_build(server, [source], tmp_path / "w")
    before = read_runs(Folder(str(tmp_path / "w/openvlthinker/all")))
    again = run_build(server, [source], tmp_path / "w")
    assert again.models == []
    assert read_runs(Folder(str(tmp_path / "w/openvlthinker/all"))) == before
