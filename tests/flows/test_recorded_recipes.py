"""The three recipes on 300 real images and what real models really said about them (TabMWP)."""

import asyncio
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from flows.build import BuildReport, build
from flows.recipe_files import load_recipe
from tests.flows.test_recorded import recorded, wait_for

__all__ = ["recorded"]

pytestmark = [
    pytest.mark.flow,
    pytest.mark.shared,
    pytest.mark.slow,
    pytest.mark.usefixtures("prefect_server"),
]
NUM_RIGHT_FIRST = 187
"""Of the first completions, by the verifier; the authors count as many."""


@pytest.fixture(scope="module")
def models(recorded) -> Iterator[dict[str, str]]:
    """Start the server that answers all that a recipe asks."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    module = ["-m", "tests.replayed_formalizer", "--upstream", recorded[1], "--port", str(port)]
    process = subprocess.Popen([sys.executable, *module])
    try:
        wait_for(f"http://127.0.0.1:{port}/health", process)
        url = f"http://127.0.0.1:{port}/v1"
        yield {"vlm": f"recorded-vlm@{url}", "llm": f"recorded-llm@{url}"}
    finally:
        process.terminate()
        process.wait()


def run(name: str, folder: Path, models: dict[str, str], workspace: Path) -> BuildReport:
    recipe = load_recipe(name, sources=[str(folder)], models=models)
    report = asyncio.run(build(recipe, str(workspace)))
    for step in report.funnel:
        reasons = ", ".join(f"{reason} {count}" for reason, count in step["reasons"].items())
        print(f"{name:14} {step['label']:34} {step['num_in']:5} {step['num_out']:5}  {reasons}")
    print(f"{name:14} {report.rows}")
    return report


def read_sft(report: BuildReport) -> list[dict]:
    return pl.read_parquet(f"{report.target}/sft/*.parquet").to_dicts()


def test_vision_r1_keeps_what_is_right_in_its_own_layout(recorded, models, tmp_path):
    report = run("vision-r1", recorded[0], models, tmp_path)
    rows = read_sft(report)
    assert 0.9 * NUM_RIGHT_FIRST <= len(rows) <= NUM_RIGHT_FIRST
    pattern = re.compile("<answer> Final Answer:(.*?) </answer>", re.DOTALL)
    assert all(pattern.search(row["completion"][0]["content"]) for row in rows)
    texts = pl.read_parquet(f"{tmp_path}/vision-r1/all/formal_texts/*/*.parquet")
    assert texts["pseudo_cot"].null_count() == 0
    assert texts["gold_shown"].all()


def test_r1_onevision_routes_tables_to_valid_csv(recorded, models, tmp_path):
    pytest.importorskip("rapidocr", reason="needs the extra ocr")
    report = run("r1-onevision", recorded[0], models, tmp_path)
    rows = read_sft(report)
    assert 0.9 * NUM_RIGHT_FIRST <= len(rows) <= NUM_RIGHT_FIRST
    assert all(row["conversations"][0]["value"].startswith("<image>") for row in rows)
    # The stand-in checks calculations, and those of correct rollouts are right.
    assert all(row["consistency_text"].endswith("Verdict: consistent") for row in rows)
    texts = pl.read_parquet(f"{tmp_path}/r1-onevision/all/formal_texts/*/*.parquet")
    assert set(texts["format"]) == {"csv"}
    assert set(texts["routed_by"]) == {"classifier"}
    assert texts["is_valid"].mean() > 0.95
    assert texts["ocr_coverage"].mean() > 0.8


def test_openvlthinker_races_to_the_shortest(recorded, models, tmp_path):
    report = run("openvlthinker", recorded[0], models, tmp_path)
    assert 0.9 * 230 <= report.rows["sft"] <= 230
