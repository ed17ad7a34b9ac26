"""`sightline estimate`: what a sample says holds for the run, and the run pays for it only once."""

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from flows.cli import main
from flows.commands.estimate import describe_basis, write_number, write_time
from flows.estimating import Estimate, respect_limits
from schemas.recipe import ModelParams
from tasks.estimation import Interval
from tests.fakes import FakeModelServer
from tests.flows.conftest import build_arguments, read_files, write_source

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("prefect_server")]

NUM_ROWS = 100
NUM_BAD = 12
"""Of these rows, such as are rejected before a model is asked."""
K = 4
PRICES = ("--set", "models.llm.price_in=0.5", "--set", "models.llm.price_out=2")


@pytest.fixture
def server() -> Iterator[FakeModelServer]:
    with FakeModelServer(accuracy=0.4) as running:
        yield running


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Write a source in which every ninth row has no gold answer."""
    folder = write_source(tmp_path / "source", range(NUM_ROWS))
    lines = (folder / "metadata.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    for row in rows[::9]:
        row["answer"] = None
    (folder / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def estimate(capsys, url: str, source: Path, workspace: Path, *more: str) -> Estimate:
    _, *arguments = build_arguments(url, source, workspace, *PRICES, *more)
    assert main(["estimate", *arguments, "--json"]) == 0
    return Estimate.model_validate_json(capsys.readouterr().out)


def build(capsys, url: str, source: Path, workspace: Path, *more: str) -> dict:
    assert main(build_arguments(url, source, workspace, *PRICES, *more, "--json")) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("race", ["false", "true"])
def test_a_sample_of_24_rows_contains_the_truth_and_is_paid_for_once(
    server, source, tmp_path, capsys, race
):
    workspace, more = tmp_path / "w", ("--set", f"reason.race={race}")
    found = estimate(capsys, server.url, source, workspace, *more)
    assert (found.num_rows, found.num_measured, found.is_built) == (NUM_ROWS, 24, False)
    assert found.num_requests == server.counts["requests"] == found.num_paid_requests
    report = build(capsys, server.url, source, workspace, *more)
    assert server.stats()["repeats"] == 0
    whole = estimate(capsys, server.url, source, workspace, *more)
    assert (whole.is_built, whole.num_requests, whole.num_measured) == (True, 0, NUM_ROWS)
    spent = {model["role"]: model for model in report["models"]}
    for guess, truth in zip(found.models, whole.models, strict=True):
        for name in ("requests", "prompt_tokens", "completion_tokens"):
            exact, interval = getattr(truth, name).expected, getattr(guess, name)
            assert interval.low <= exact <= interval.high, (guess.role, name)
            assert interval.high < 1.6 * exact
    for config, interval in found.rows.items():
        assert interval.low - 0.5 <= report["rows"][config] <= interval.high + 0.5, config
        assert whole.rows[config].expected == report["rows"][config]
    assert found.usd is None  # vlm has no price
    llm = found.models[1]
    assert llm.usd
    cost = spent["llm"]["cost_usd"]
    assert llm.usd.low * 0.5 < cost < llm.usd.high


def test_no_run_is_thought_quicker_than_its_limits_allow():
    hour = Interval(expected=1.0, low=0.5, high=2.0)
    requests = Interval(expected=36_000, low=30_000, high=42_000)
    tokens = requests.scale(100)
    model = ModelParams(kind="endpoint", name="m", rpm=120, tpm=1e6)
    slower = Interval(expected=5.0, low=30_000 / 120 / 60, high=42_000 / 120 / 60)
    found, note = respect_limits(hour, "", requests, tokens, model)
    assert found == slower
    assert note == "no more than 120 requests a minute are allowed"
    free = ModelParams(kind="endpoint", name="m", rpm=120_000)
    assert respect_limits(hour, "as it was", requests, tokens, free) == (hour, "as it was")
    assert respect_limits(None, "", requests, tokens, model) == (None, "")


def test_what_was_measured_is_what_the_models_counted(server, source, tmp_path, capsys):
    """Without a race nothing is stopped, so tables, replies and the clients must agree."""
    more = ("--set", "reason.race=false")
    report = build(capsys, server.url, source, tmp_path / "w", *more)
    whole = estimate(capsys, server.url, source, tmp_path / "w", *more)
    spent = {model["role"]: model for model in report["models"]}
    for model in whole.models:
        assert model.requests.expected == spent[model.role]["num_replies"]
        assert model.prompt_tokens.expected == spent[model.role]["prompt_tokens"]
        assert model.completion_tokens.expected == spent[model.role]["completion_tokens"]
        assert model.hours is not None
    assert whole.num_paid_requests == report["num_requests"] == (NUM_ROWS - NUM_BAD) * (1 + K)


def test_what_a_judge_of_the_reasoning_costs_is_measured_too(server, source, tmp_path, capsys):
    judged = ("models.judge=llm", "curate.consistency.max_tokens=64", "reason.race=false")
    more = [word for setting in judged for word in ("--set", setting)]
    report = build(capsys, server.url, source, tmp_path / "w", *more)
    whole = estimate(capsys, server.url, source, tmp_path / "w", *more)
    assert whole.num_paid_requests == report["num_requests"]
    (spent,) = [model for model in report["models"] if model["role"] == "judge"]
    (judge,) = [model for model in whole.models if model.role == "judge"]
    assert judge.requests.expected == spent["num_replies"] == report["rows"]["sft"] > 0
    assert judge.completion_tokens.expected == spent["completion_tokens"] > 0


def test_asking_again_costs_nothing_and_says_the_same(server, source, tmp_path, capsys):
    first = estimate(capsys, server.url, source, tmp_path / "w")
    asked, before = server.counts["requests"], read_files(tmp_path / "w")
    again = estimate(capsys, server.url, source, tmp_path / "w")
    assert server.counts["requests"] == asked
    assert again == first.model_copy(update={"num_requests": 0})
    assert read_files(tmp_path / "w") == before


def test_nothing_is_published(server, source, tmp_path, capsys):
    estimate(capsys, server.url, source, tmp_path / "w")
    assert not (tmp_path / "w/published").exists()


def test_every_source_is_sampled(server, tmp_path, capsys):
    large = write_source(tmp_path / "large", range(60))
    small = write_source(tmp_path / "small", range(60, 65))
    more = ("--source", str(small), "--sample", "13")
    found = estimate(capsys, server.url, large, tmp_path / "w", *more)
    assert (found.num_rows, found.num_measured) == (65, 13)
    problems = pl.read_parquet(tmp_path / "w/openvlthinker/estimate/problems/*/*.parquet")
    rows = {str(key[0]): own["source_row"].to_list() for key, own in problems.group_by("source")}
    assert {name: len(own) for name, own in rows.items()} == {"large": 12, "small": 1}
    assert [row // 5 for row in sorted(rows["large"])] == list(range(12))


def test_the_screen_says_what_is_measured_and_what_is_not(server, source, tmp_path, capsys):
    _, *arguments = build_arguments(server.url, source, tmp_path / "w", *PRICES)
    assert main(["estimate", *arguments]) == 0
    shown = capsys.readouterr().err
    for part in ("tokens out", "no price", "rows  sft", "measured: 24 of 100", "the other 76 rows"):
        assert part in shown
    assert "time of llm: the sample had" in shown


def test_a_wrong_recipe_is_wrong_usage(tmp_path, capsys):
    arguments = ["--source", str(tmp_path / "none"), "--workspace", str(tmp_path / "w")]
    models = ["--vlm", "v@http://127.0.0.1:9/v1", "--llm", "l@http://127.0.0.1:9/v1"]
    assert main(["estimate", "openvlthinker", *arguments, *models]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_numbers_are_written_as_far_as_they_can_be_meant():
    assert [write_time(hours) for hours in (0.001, 0.5, 30.26)] == ["4 s", "30.0 min", "30.3 h"]
    assert [write_number("USD", usd) for usd in (0.0, 0.0123, 1234.5)] == [
        "0.00",
        "0.0123",
        "1,234.50",
    ]


def test_a_finished_build_is_said_to_be_measured(server, source, tmp_path, capsys):
    build(capsys, server.url, source, tmp_path / "w")
    found = estimate(capsys, server.url, source, tmp_path / "w")
    (line,) = describe_basis(found)
    assert line.startswith("measured: all 100 source rows")
