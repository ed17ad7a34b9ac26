"""Races, growing k and budgets through the whole job: cheaper, and never another result."""

import asyncio
import hashlib
import json
import random
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.build import BuildReport
from flows.recipe_files import load_recipe
from flows.spending import open_budget
from schemas.errors import RecipeError
from schemas.recipe import BudgetParams
from tests.clients import FAST
from tests.fake_faults import Exchange
from tests.fakes import FakeModelServer
from tests.flows.conftest import build_arguments, read_data, run_build, run_command, write_source

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("prefect_server")]

NUM_PROBLEMS = 12
K = 4
SETTINGS = ("ingest.shard_rows=5",)


class PacedServer(FakeModelServer):
    """Says the same whether it streams or not, at a pace that a seed throws for each request."""

    def __init__(self, seed: int = 0, **options: Any) -> None:
        super().__init__(**({"token_seconds": 0.001, "accuracy": 0.2} | options))
        self.dice = random.Random(seed)
        self.tokens = 0

    def _make_completion(
        self, body: dict[str, Any], text: str, has_image: bool, key: bytes
    ) -> dict[str, Any]:
        asked = {name: body[name] for name in sorted(body) if not name.startswith("stream")}
        key = hashlib.blake2b(json.dumps(asked).encode(), digest_size=16).digest()
        completion = super()._make_completion(body, text, has_image, key)
        self.tokens += sum(completion["usage"].values())
        return completion

    async def _stream(self, exchange: Exchange) -> None:
        await asyncio.sleep(self.dice.uniform(0, 0.05))
        await super()._stream(exchange)


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return write_source(tmp_path_factory.mktemp("race") / "source", range(NUM_PROBLEMS))


def read_table(workspace: Path, table: str) -> pl.DataFrame:
    return pl.read_parquet(f"{workspace}/openvlthinker/all/{table}/*/*.parquet")


def read_config(report: BuildReport, config: str) -> pl.DataFrame:
    return pl.read_parquet(f"{report.target}/{config}/*.parquet")


def run_within(server: PacedServer, source: Path, workspace: Path, **budget: Any) -> BuildReport:
    """Build with a budget."""
    return run_build(server, [source], workspace, *SETTINGS, budget=BudgetParams(**budget))


@pytest.fixture(scope="module")
def raced(source, tmp_path_factory, prefect_server) -> BuildReport:
    # So slow that those that lose are still written when the winner is known.
    with PacedServer(token_seconds=0.01) as server:
        report = run_build(server, [source], tmp_path_factory.mktemp("raced") / "w", *SETTINGS)
        assert server.counts["aborted"] > 0
    return report


def test_a_race_selects_what_full_sampling_selects_and_stops_the_rest(raced, source, tmp_path):
    with PacedServer() as server:
        whole = run_build(server, [source], tmp_path / "w", *SETTINGS, "reason.race=false")
        assert server.counts["chunks"] == 0
    same = ["problem_id", "rollout_index", "completion", "completion_tokens", "image"]
    assert read_config(raced, "sft").select(same).equals(read_config(whole, "sft").select(same))
    assert read_config(raced, "grpo").equals(read_config(whole, "grpo"))
    assert read_config(raced, "sft")["is_censored"].any()
    assert not read_config(whole, "sft")["is_censored"].any()
    assert (raced.saved_tokens > 0, whole.saved_tokens) == (True, 0)


def test_of_a_raced_problem_only_the_winner_and_shorter_rollouts_count(raced):
    workspace = Path(raced.target).parent
    rollouts = read_table(workspace, "rollouts")
    winners = read_config(raced, "sft").select("problem_id", winner="completion_tokens")
    joined = rollouts.join(winners, on="problem_id", how="left")
    outrun = joined.filter(pl.col("status") == "outrun")
    assert 0 < len(outrun) == dict(raced.funnel[3]["reasons"])["outrun"]
    empty = outrun.select("reasoning", "answer_text", "completion_tokens", "prompt_tokens", "error")
    assert empty.null_count().sum_horizontal()[0] == 5 * len(outrun)
    assert outrun["winner"].is_not_null().all()
    counted = joined.filter(pl.col("status") != "outrun")
    assert (counted["completion_tokens"] <= counted["winner"]).all()
    rejects = read_config(raced, "rejects").filter(pl.col("drop_reason") == "outrun")
    assert len(rejects) == len(outrun)
    for step in raced.funnel:
        assert step["num_in"] == step["num_out"] + sum(step["reasons"].values())


def test_the_bytes_do_not_depend_on_timing(raced, source, tmp_path):
    with PacedServer(seed=1, chunk_tokens=7, token_seconds=0.0) as server:
        run_build(server, [source], tmp_path / "w", *SETTINGS)
    assert read_data(tmp_path / "w") == read_data(Path(raced.target).parent)


def test_a_race_that_is_run_again_on_its_replies_asks_nothing(raced, source, tmp_path):
    workspace = tmp_path / "w"
    shutil.copytree(Path(raced.target).parent, workspace)
    before = read_data(workspace)
    for table in ("rollouts", "verdicts", "sft", "grpo", "rejects"):
        shutil.rmtree(workspace / f"openvlthinker/all/{table}")
    with PacedServer(seed=2) as server:
        again = run_build(server, [source], workspace, *SETTINGS)
        assert (again.num_requests, server.counts["requests"]) == (0, 0)
    assert read_data(workspace) == before


def test_a_larger_k_asks_only_for_the_rollouts_that_are_new(source, tmp_path):
    with PacedServer() as server:
        run_build(server, [source], tmp_path / "w", *SETTINGS, "reason.race=false")
        asked = server.counts["requests"]
        run_build(
            server,
            [source],
            tmp_path / "w",
            *SETTINGS,
            "reason.race=false",
            "reason.num_rollouts=6",
        )
        assert server.counts["requests"] == asked + 2 * NUM_PROBLEMS
        assert max(server.asked.values()) == 1


def test_more_is_sampled_only_of_problems_that_none_has_solved(source, tmp_path):
    growing = ("reason.num_rollouts=2", "reason.k_max=6")
    with PacedServer(accuracy=0.2) as server:
        report = run_build(server, [source], tmp_path / "w", *SETTINGS, *growing)
    rollouts = read_table(tmp_path / "w", "rollouts")
    verdicts = read_table(tmp_path / "w", "verdicts")
    correct = verdicts.filter("is_correct").group_by("problem_id").agg(first="rollout_index")
    sizes = rollouts.group_by("problem_id").len().join(correct, on="problem_id", how="left")
    assert set(sizes["len"]) == {2, 4, 6}
    for size, found in sizes.select("len", "first").iter_rows():
        assert size == (6 if found is None else 2 * (min(found) // 2 + 1))
    assert report.rows["sft"] == len(correct)


def test_a_spent_budget_publishes_what_is_finished_and_the_next_run_goes_on(source, tmp_path):
    with PacedServer(token_seconds=0.0) as server:
        whole = run_build(server, [source], tmp_path / "whole", *SETTINGS)
        total = server.tokens
    with PacedServer(token_seconds=0.0) as server:
        stopped = run_within(server, source, tmp_path / "w", tokens=total // 2)
        assert server.tokens < 0.6 * total
        num_over = stopped.funnel[-1]["reasons"]["over_budget"]
        assert 0 < num_over < NUM_PROBLEMS
        assert f"{num_over} of {NUM_PROBLEMS} problems are not finished" in stopped.stopped
        rejects = read_config(stopped, "rejects").filter(pl.col("drop_reason") == "over_budget")
        assert rejects["problem_id"].n_unique() == num_over
        done = read_config(stopped, "sft")["problem_id"]
        assert 0 < len(done) == stopped.rows["sft"]
        for step in stopped.funnel:
            assert step["num_in"] == step["num_out"] + sum(step["reasons"].values())
        expected = read_config(whole, "sft").filter(pl.col("problem_id").is_in(done.to_list()))
        assert read_config(stopped, "sft").equals(expected)

        resumed = run_within(server, source, tmp_path / "w", tokens=10 * total)
        assert resumed.stopped is None
        assert max(server.asked.values()) == 1
    assert read_data(tmp_path / "w") == read_data(tmp_path / "whole")


def test_a_budget_is_of_one_run_and_kept_replies_cost_nothing(source, tmp_path):
    with PacedServer(token_seconds=0.0) as server:
        run_build(server, [source], tmp_path / "whole", *SETTINGS)
        total = server.tokens
    with PacedServer(token_seconds=0.0) as server:
        reports = [run_within(server, source, tmp_path / "w", tokens=total // 3) for _ in range(5)]
        assert max(server.asked.values()) == 1
    assert reports[0].stopped and not reports[-1].stopped
    assert read_data(tmp_path / "w") == read_data(tmp_path / "whole")


def test_requests_that_the_server_failed_are_asked_again_by_the_next_run(tmp_path, monkeypatch):
    monkeypatch.setattr("tasks.sampling.client.Patience", lambda: FAST)
    source = write_source(tmp_path / "source", range(6))
    lines = (source / "metadata.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    rows[2]["question"] += f" [[500 x{FAST.max_attempts}]]"
    (source / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with PacedServer() as server:
        failed = run_build(server, [source], tmp_path / "w")
        assert failed.funnel[3]["reasons"]["server_error"] == K
        mended = run_build(server, [source], tmp_path / "w")
        assert "server_error" not in mended.funnel[3]["reasons"]
        assert (mended.is_changed, mended.num_requests) == (True, K)
        again = run_build(server, [source], tmp_path / "w")
        assert (again.is_changed, again.num_requests) == (False, 0)
        run_build(server, [source], tmp_path / "whole")
    assert read_data(tmp_path / "w") == read_data(tmp_path / "whole")


def test_a_budget_in_dollars_needs_prices():
    recipe = load_recipe(
        "openvlthinker",
        sources=["nowhere.jsonl"],
        models={"vlm": "v@http://127.0.0.1:1/v1", "llm": "l@http://127.0.0.1:1/v1"},
    )
    with pytest.raises(RecipeError, match=r"needs the prices of 'v'; set models\.vlm\.price_in"):
        open_budget(recipe, BudgetParams(usd=1.0))


@pytest.mark.slow
def test_the_command_says_in_one_sentence_that_the_budget_was_spent(source, tmp_path):
    prices = [f"models.{role}.price_out=1000000" for role in ("vlm", "llm")]
    settings = [part for price in (*prices, *SETTINGS) for part in ("--set", price)]
    with PacedServer(token_seconds=0.0) as server:
        arguments = build_arguments(server.url, source, tmp_path / "w", *settings)
        stopped = run_command([*arguments, "--budget-usd", "1000"])
        assert stopped.code == 0
        (said,) = [line for line in stopped.err.splitlines() if line.startswith("the budget")]
        assert "USD" in said and said.endswith("the same command goes on from here")
        assert run_command(arguments).code == 0


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        (["reason.race=true", "curate.select=first"], "reason.race keeps the shortest"),
        (["reason.race=true", "reason.enough=2"], "a race ends at the first correct rollout"),
        (["reason.k_max=2"], "k_max 2 is below num_rollouts 4"),
        (["reason.enough=5"], "enough 5 is above the 4 rollouts"),
    ],
)
def test_keys_that_do_not_fit_each_other_are_one_sentence(settings, fault):
    with pytest.raises(RecipeError, match=fault) as raised:
        load_recipe("openvlthinker", settings=settings)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(
    ("settings", "is_racing"),
    [
        ([], True),
        (["reason.race=false"], False),
        (["curate.select=first"], False),
        (["reason.enough=2"], False),
        (["curate.grpo.max_pass_rate=0.5"], False),
    ],
)
def test_rollouts_race_where_the_shortest_is_selected(settings, is_racing):
    assert load_recipe("openvlthinker", settings=settings).is_racing is is_racing


def test_a_race_by_default_and_by_name_are_the_same_table(raced, source):
    workspace = Path(raced.target).parent
    with PacedServer() as server:
        again = run_build(server, [source], workspace, *SETTINGS, "reason.race=true")
    assert (again.num_requests, again.is_changed) == (0, False)
