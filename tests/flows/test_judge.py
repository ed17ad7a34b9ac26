"""The verify stage in a build: policies by source, and a judge where no rule can tell."""

from pathlib import Path

import polars as pl
import pytest

from flows.build import BuildReport
from schemas.errors import RecipeError
from tests.fakes import FakeModelServer
from tests.flows.conftest import run_build, write_source

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("prefect_server")]

NUM_PROBLEMS = 6
K = 4
ALL_ROLLOUTS = "curate.select=first"
GOLD, ANSWER = r"a \oplus b", r"b \oplus a"
WHAT_A_JUDGE_READS = "You check one answer"


def read_verdicts(workspace: Path) -> pl.DataFrame:
    """Read the verdicts of the newest fingerprint."""
    tables = (workspace / "openvlthinker/all/verdicts").iterdir()
    newest = max(tables, key=lambda table: (table / "manifest.json").stat().st_mtime_ns)
    return pl.read_parquet(newest / "*.parquet")


def judge_build(server, source, workspace, *settings) -> BuildReport:
    judge = (
        "models.judge.name=fake-judge",
        f'models.judge.urls=["{server.url}"]',
        ALL_ROLLOUTS,
    )
    return run_build(server, [source], workspace, *judge, *settings)


def serve_judge(said: str) -> FakeModelServer:
    """Serve a reasoner whose answers no rule can settle, and a judge that says one thing."""
    replies = {WHAT_A_JUDGE_READS: said, "Compute": f"<think>So.</think>\\boxed{{{ANSWER}}}"}
    return FakeModelServer(models=("fake-vlm", "fake-llm", "fake-judge"), replies=replies)


def test_another_policy_verifies_again_and_asks_no_model(tmp_path):
    source, workspace = write_source(tmp_path / "sums", range(NUM_PROBLEMS)), tmp_path / "w"
    with FakeModelServer() as server:
        strict = run_build(server, [source], workspace, ALL_ROLLOUTS)
        asked = server.counts["requests"]
        before = read_verdicts(workspace)
        loose = run_build(
            server,
            [source],
            workspace,
            ALL_ROLLOUTS,
            "verify.sources.sums.absolute_tolerance=1",
        )
        assert server.counts["requests"] == asked
    after = read_verdicts(workspace)
    assert (strict.num_requests, loose.num_requests) == (NUM_PROBLEMS * (1 + K), 0)
    assert before["is_correct"].to_list().count(False) > 0
    assert after["is_correct"].to_list().count(False) == 0
    assert set(before["policy"]) == {"tolerance 1e-06 relative; units lenient"}
    assert set(after["policy"]) == {"tolerance 1e-06 relative or 1 absolute; units lenient"}
    folders = {
        table.name: len(list(table.iterdir()))
        for table in (workspace / "openvlthinker/all").iterdir()
        if table.is_dir() and table.name != "logs"
    }
    assert folders["rollouts"] == folders["problems"] == folders["formal_texts"] == 1
    assert folders["verdicts"] == folders["sft"] == 2


def test_a_judge_settles_what_no_rule_can_tell(tmp_path):
    source = write_source(tmp_path / "source", range(NUM_PROBLEMS), answer=GOLD)
    with serve_judge("The sum is symmetric.\nVerdict: correct") as server:
        alone = run_build(server, [source], tmp_path / "alone", ALL_ROLLOUTS)
        report = judge_build(server, source, tmp_path / "w")
        asked = server.counts["requests"]
        again = judge_build(server, source, tmp_path / "w", "verify.units=strict")
        assert server.counts["requests"] == asked
    assert alone.rows["sft"] == 0
    assert report.rows["sft"] == NUM_PROBLEMS
    verdicts = read_verdicts(tmp_path / "w")
    assert set(verdicts["rule"]) == {"judge"}
    assert set(verdicts["judge_text"]) == {"The sum is symmetric.\nVerdict: correct"}
    assert again.num_requests == 0
    card = (Path(report.target) / "README.md").read_text()
    assert f"| source | {NUM_PROBLEMS * K} | 0 | 0 | 0 | 0 |" in card
    assert "Judge and rules" in (Path(report.target) / "report.html").read_text()


def test_a_judge_that_cannot_be_understood_decides_nothing(tmp_path):
    source = write_source(tmp_path / "source", range(NUM_PROBLEMS), answer=GOLD)
    with serve_judge("Looks right to me!") as server:
        report = judge_build(server, source, tmp_path / "w")
    verdicts = read_verdicts(tmp_path / "w")
    assert report.rows["sft"] == 0
    assert verdicts["is_correct"].null_count() == len(verdicts) == NUM_PROBLEMS * K
    assert set(verdicts["judge_text"]) == {"Looks right to me!"}


def test_an_audit_changes_no_verdict(tmp_path):
    source = write_source(tmp_path / "source", range(NUM_PROBLEMS))
    replies = {WHAT_A_JUDGE_READS: "Verdict: incorrect"}
    models = ("fake-vlm", "fake-llm", "fake-judge")
    with FakeModelServer(models=models, replies=replies) as server:
        plain = run_build(server, [source], tmp_path / "plain", ALL_ROLLOUTS)
        audited = judge_build(server, source, tmp_path / "w", "verify.judge.audit_fraction=1.0")
    columns = ["problem_id", "rollout_index", "is_correct", "rule"]
    first, second = read_verdicts(tmp_path / "plain"), read_verdicts(tmp_path / "w")
    assert first.select(columns).equals(second.select(columns))
    assert set(second["judge_is_correct"]) == {False}
    assert audited.rows == plain.rows
    num_wrong = second["is_correct"].to_list().count(False)
    card = (Path(audited.target) / "README.md").read_text()
    assert f"| source | 0 | 0 | {num_wrong} | {len(second) - num_wrong} | 0 |" in card


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("verify.sources.chart.units=strict", "no source 'chart'; the sources are .'source'."),
        ("verify.judge.audit_fraction=0.5", "there is no judge to ask"),
        ("models.judge.name=fake-judge", "'fake-judge' has no server; start one and give --judge"),
    ],
)
def test_a_setting_that_would_do_nothing_is_refused_before_anything_is_asked(
    tmp_path, setting, words
):
    source = write_source(tmp_path / "source", range(2))
    with FakeModelServer() as server:
        with pytest.raises(RecipeError, match=words):
            run_build(server, [source], tmp_path / "w", setting)
        assert server.counts["requests"] == 0


def test_a_judge_of_the_reasoning_rejects_what_it_objects_to_and_is_asked_once(tmp_path):
    source, workspace = write_source(tmp_path / "sums", range(NUM_PROBLEMS)), tmp_path / "w"
    asks = "curate.consistency.max_tokens=64"
    said = {"You check whether a reasoning": "It sees a cat.\nVerdict: inconsistent"}
    with FakeModelServer(models=("fake-vlm", "fake-llm", "fake-judge"), replies=said) as server:
        plain = run_build(server, [source], workspace, ALL_ROLLOUTS)
        judged = judge_build(server, source, workspace, asks)
        again = judge_build(server, source, workspace, asks)
    assert plain.rows["sft"] > 0
    assert judged.rows["sft"] == 0
    assert judged.funnel[-1]["reasons"]["inconsistent"] == plain.rows["sft"]
    assert judged.num_requests == plain.rows["sft"]
    assert again.num_requests == 0


def test_a_judge_that_is_asked_for_must_be_named(tmp_path):
    source = write_source(tmp_path / "sums", range(NUM_PROBLEMS))
    with (
        FakeModelServer() as server,
        pytest.raises(RecipeError, match=r"curate\.consistency: there is no judge"),
    ):
        run_build(server, [source], tmp_path / "w", "curate.consistency.max_tokens=64")
