"""The main job on real images and what real models really said (TabMWP, 300 problems)."""

import asyncio
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import datasets
import polars as pl
import pytest

from flows.build import BuildReport, build
from flows.recipe_files import load_recipe
from tests.flows.conftest import read_files, read_times

RATES = ("pass_rate", "num_rollouts", "is_censored")
"""Columns that say how many rollouts are known."""
pytestmark = [pytest.mark.flow, pytest.mark.shared, pytest.mark.usefixtures("prefect_server")]


@pytest.fixture(scope="module")
def recorded() -> Iterator[tuple[Path, str]]:
    """Start the replay server; give its data folder and its URL."""
    shared = Path(__file__).parents[3] / "shared"
    folder = shared / "data/tabmwp/recorded"
    if not folder.is_dir():
        pytest.skip("the recorded data of ../shared is not here")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = str(shared / "tools/replay_server.py")
    command = [sys.executable, script, "--data", str(folder), "--port", str(port)]
    process = subprocess.Popen(command)
    try:
        wait_for(f"http://127.0.0.1:{port}/health", process)
        yield folder, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def wait_for(url: str, process: subprocess.Popen) -> None:
    for _ in range(600):
        assert process.poll() is None, "the replay server ended"
        try:
            urllib.request.urlopen(url).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the replay server does not answer")


def run(
    folder: Path, url: str, workspace: Path, *settings: str, is_racing: bool = False
) -> BuildReport:
    """Build with all rollouts in full, since the labels are of all of them, or with a race."""
    models = {"vlm": f"recorded-vlm@{url}/v1", "llm": f"recorded-llm@{url}/v1"}
    settings = (*settings, f"reason.race={str(is_racing).lower()}")
    sources = [str(folder)]
    recipe = load_recipe("openvlthinker", sources=sources, models=models, settings=settings)
    return asyncio.run(build(recipe, str(workspace)))


def count_requests(url: str) -> int:
    with urllib.request.urlopen(f"{url}/stats") as answer:
        return int(json.load(answer).get("requests", 0))


def read_table(workspace: Path, table: str) -> pl.DataFrame:
    return pl.read_parquet(f"{workspace}/openvlthinker/all/{table}/*/*.parquet")


@pytest.fixture(scope="module")
def built(recorded, tmp_path_factory, prefect_server) -> Path:
    workspace = tmp_path_factory.mktemp("recorded")
    run(*recorded, workspace)
    return workspace


def test_every_problem_goes_the_whole_way(built):
    counts = {
        table: read_table(built, table).height
        for table in ("problems", "formal_texts", "rollouts", "verdicts")
    }
    assert counts == {"problems": 300, "formal_texts": 300, "rollouts": 1200, "verdicts": 1200}


def test_verdicts_agree_with_the_authors_labels(built, recorded):
    lines = (recorded[0] / "completions.jsonl").read_text().splitlines()
    rows = [json.loads(line)["completions"] for line in lines]
    verdicts = read_table(built, "verdicts")
    for index in range(4):
        published = sum(row[index]["published_correct"] for row in rows) / len(rows)
        ours = verdicts.filter(pl.col("rollout_index") == index)["is_correct"].mean()
        assert abs(ours - published) <= 0.02


def test_one_row_for_each_solved_problem_and_it_is_the_shortest(built):
    rollouts = read_table(built, "rollouts").join(
        read_table(built, "verdicts"), on=["problem_id", "rollout_index"]
    )
    shortest = (
        rollouts.filter(pl.col("is_correct"))
        .sort("completion_tokens", "rollout_index")
        .group_by("problem_id")
        .first()
        .select("problem_id", "rollout_index")
    )
    assert 0.75 <= shortest.height / 300 <= 0.79
    published = pl.read_parquet(f"{built}/published/sft/*.parquet")
    chosen = published.select("problem_id", "rollout_index")
    assert chosen.sort("problem_id").equals(shortest.sort("problem_id"))


def test_a_race_selects_the_same_rollouts(built, recorded, tmp_path):
    report = run(*recorded, tmp_path, is_racing=True)
    chosen, whole = (
        pl.read_parquet(f"{folder}/published/sft/*.parquet") for folder in (tmp_path, built)
    )
    same = [name for name in whole.columns if name not in RATES]
    assert chosen.select(same).equals(whole.select(same))
    assert chosen["is_censored"].any()
    assert report.rows["grpo"] == pl.read_parquet(f"{built}/published/grpo/*.parquet").height
    assert dict(report.funnel[3]["reasons"])["outrun"] > 300


def test_more_rollouts_are_asked_only_of_problems_that_the_first_did_not_solve(
    built, recorded, tmp_path
):
    growing = ("reason.num_rollouts=2", "reason.k_max=4")
    run(*recorded, tmp_path, *growing, is_racing=True)
    chosen, whole = (
        pl.read_parquet(f"{folder}/published/sft/*.parquet") for folder in (tmp_path, built)
    )
    assert chosen["problem_id"].equals(whole["problem_id"])
    solved = read_table(built, "verdicts").filter(pl.col("is_correct"))
    early = solved.filter(pl.col("rollout_index") < 2)["problem_id"].n_unique()
    assert read_table(tmp_path, "rollouts").height == 2 * early + 4 * (300 - early)


def test_the_folder_loads_with_its_images(built, tmp_path):
    for config in ("sft", "grpo"):
        rows = datasets.load_dataset(
            f"{built}/published", config, split="train", cache_dir=str(tmp_path)
        )
        assert rows[0]["image"].size[0] > 50


def test_the_same_command_again_asks_nothing_and_writes_nothing(built, recorded):
    before = read_files(built), read_times(built), count_requests(recorded[1])
    report = run(*recorded, built)
    assert (report.num_requests, report.is_changed) == (0, False)
    assert (read_files(built), read_times(built), count_requests(recorded[1])) == before


def test_problems_that_the_server_does_not_know_are_rows_with_their_reason(recorded, tmp_path):
    folder, url = recorded
    report = run(folder.parent / "dev", url, tmp_path)
    rejects = pl.read_parquet(f"{tmp_path}/published/rejects/*.parquet")
    lost = rejects.filter(pl.col("rollout_index").is_null())
    assert lost.height + report.rows["sft"] + report.rows["grpo"] == 400
    unknown = lost.filter(pl.col("drop_reason") == "no_formal_text")
    assert unknown["detail"].str.contains("nothing recorded matches").all()
    assert unknown.height > 200
