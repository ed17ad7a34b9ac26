"""The recipes of the three systems: each runs to a data set in its own released layout."""

import re
from pathlib import Path

import polars as pl
import pytest

from tests.fakes import FakeModelServer
from tests.flows.conftest import run_build, write_source

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("prefect_server")]

NUM = 24
OPENVLTHINKER = re.compile(r"<think>\n.+\n</think>\n\n.+\n\n<answer>[^<]+</answer>", re.DOTALL)
VISION_R1 = re.compile(r"<think> .+ </think><answer> Final Answer:(.*?) </answer>", re.DOTALL)
ONEVISION = re.compile(r"<think>\n.+\n</think>\n\n<answer>[^<]+</answer>", re.DOTALL)


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return write_source(tmp_path_factory.mktemp("recipes") / "source", range(NUM))


def build_rows(recipe: str, source: Path, workspace: Path, *settings: str) -> list[dict]:
    with FakeModelServer() as server:
        report = run_build(server, [source], workspace, *settings, recipe=recipe)
    assert 0 < report.rows["sft"] <= NUM
    return pl.read_parquet(f"{report.target}/sft/*.parquet").to_dicts()


def read_completion(row: dict) -> str:
    ((role, content),) = [(turn["role"], turn["content"]) for turn in row["completion"]]
    assert role == "assistant"
    return content


def test_openvlthinker_ends_in_thought_summary_and_answer(source, tmp_path):
    rows = build_rows("openvlthinker", source, tmp_path)
    assert all(OPENVLTHINKER.fullmatch(read_completion(row)) for row in rows)
    assert not any(row["gold_shown"] for row in rows)


def test_vision_r1_passes_its_own_regex_and_says_that_gold_was_shown(source, tmp_path):
    rows = build_rows("vision-r1", source, tmp_path)
    for row in rows:
        found = VISION_R1.fullmatch(read_completion(row))
        assert found and found[1]
        asked, told = row["conversations"]
        assert (asked["from"], told["from"]) == ("human", "gpt")
        assert asked["value"].count("<image>") == 1
        assert told["value"] == read_completion(row)
    assert all(row["gold_shown"] for row in rows)


def test_r1_onevision_ends_in_conversations(source, tmp_path):
    pytest.importorskip("rapidocr", reason="needs the extra ocr")
    rows = build_rows("r1-onevision", source, tmp_path)
    for row in rows:
        assert ONEVISION.fullmatch(read_completion(row))
        asked, told = row["conversations"]
        assert (asked["from"], told["from"]) == ("human", "assistant")
        assert asked["value"].startswith("<image>\n")
        assert told["value"] == read_completion(row)
