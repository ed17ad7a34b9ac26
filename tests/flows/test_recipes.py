"""The recipes of the three systems: each runs to a data set in its own released layout."""

import asyncio
import json
import re
from pathlib import Path

import polars as pl
import pytest

from flows.build import build
from flows.recipe_files import load_recipe
from schemas.errors import RecipeError
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


def build_rows(
    recipe: str, source: Path, workspace: Path, *settings: str, judge: str = ""
) -> list[dict]:
    replies = {"You check whether a reasoning": judge} if judge else {}
    with FakeModelServer(replies=replies) as server:
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
    for row in rows:
        asked, told = row["chat_messages"]
        assert (asked["role"], told["role"]) == ("user", "assistant")
        assert asked["content"] == "<image>\n" + row["prompt"][0]["content"]
        assert told["content"] == read_completion(row)
        assert row["conversations"] is None


def test_the_other_half_of_vision_r1_has_other_tags(source, tmp_path):
    settings = "curate.conversations=vision_r1_mulberry"
    for row in build_rows("vision-r1", source, tmp_path, settings):
        assert [turn["from"] for turn in row["conversations"]] == ["user", "assistant"]
        assert row["chat_messages"] is None


@pytest.mark.parametrize("recipe", ["openvlthinker", "vision-r1"])
def test_marks_of_a_source_reach_no_prompt_and_stand_once_in_a_conversation(recipe, tmp_path):
    asked = "<image>Compute 2 + 3 <image>"
    source = write_source(tmp_path / "source", range(NUM), question=asked, answer="5")
    with FakeModelServer() as server:
        report = run_build(server, [source], tmp_path / "w", recipe=recipe)
        assert "<image>" not in json.dumps(server.last_body)
    sft, grpo = (
        pl.read_parquet(f"{report.target}/{name}/*.parquet").to_dicts() for name in ("sft", "grpo")
    )
    assert sft and grpo
    assert {row["prompt"][0]["content"] for row in sft + grpo} == {"Compute 2 + 3"}
    for row in sft:
        turns = row["chat_messages"] or row["conversations"]
        assert [str(turn).count("<image>") for turn in turns] == [1, 0]


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
    said = "Sound throughout.\nVerdict: consistent"
    rows = build_rows("r1-onevision", source, tmp_path, judge=said)
    for row in rows:
        assert row["consistency_text"] == said
        assert ONEVISION.fullmatch(read_completion(row))
        asked, told = row["conversations"]
        assert (asked["from"], told["from"]) == ("human", "assistant")
        assert asked["value"].startswith("<image>\n")
        assert told["value"] == read_completion(row)


def test_r1_onevision_drops_what_its_judge_objects_to(source, tmp_path):
    pytest.importorskip("rapidocr", reason="needs the extra ocr")
    said = {"You check whether a reasoning": "It sees a cat.\nVerdict: inconsistent"}
    with FakeModelServer(replies=said) as server:
        report = run_build(server, [source], tmp_path, recipe="r1-onevision")
    assert report.rows["sft"] == 0
    rejects = pl.read_parquet(f"{report.target}/rejects/*.parquet")
    objected = rejects.filter(pl.col("drop_reason") == "inconsistent", pl.col("rollout_index") == 0)
    assert objected.height == report.funnel[-1]["reasons"]["inconsistent"] > 0


SMALL_MODEL = [
    f"models.{role}.{key}={value}"
    for role in ("vlm", "llm")
    for key, value in (("kind", "embedded"), ("name", "sightline-world"), ("path", "data/model"))
]
WORLD = [
    "source.domain=kind",
    "formalize.prompt=formalize.world",
    "formalize.max_tokens=256",
    "reason.prompt=reason.world",
    "reason.max_tokens=256",
]
JUDGE = ["curate.consistency.max_tokens=32", "verify.judge.max_tokens=32"]
ROUTES = [
    "formalize.route.kinds={scene='natural', bars='table', table='table', geometry='geometry'}",
    "formalize.route.formats={natural='json'}",
]


@pytest.mark.parametrize(
    ("recipe", "settings"),
    [
        ("openvlthinker", []),
        ("vision-r1", ["formalize.bridge.pseudo_cot=answer.world"]),
        # The small model was not trained to read what an OCR tool found.
        ("r1-onevision", [*ROUTES, *JUDGE, "formalize.ocr=false"]),
    ],
)
def test_every_recipe_runs_on_the_small_model(recipe, settings, tmp_path):
    pytest.importorskip("torch", reason="needs the extra embedded")
    loaded = load_recipe(
        recipe, sources=["data/sample"], settings=[*SMALL_MODEL, *WORLD, *settings]
    )
    report = asyncio.run(build(loaded, str(tmp_path)))
    assert report.rows["sft"] >= 40
    texts = pl.read_parquet(f"{tmp_path}/{recipe}/all/formal_texts/*/*.parquet")
    if recipe == "r1-onevision":
        assert texts["is_valid"].mean() > 0.95
        assert set(texts["format"]) == {"csv", "json", "geometry"}
        # It was not trained to judge, either: what it says is kept, and decides nothing.
        rows = pl.read_parquet(f"{report.target}/sft/*.parquet")
        assert rows["consistency_text"].null_count() == 0


def test_a_model_may_reason_from_the_image_itself(tmp_path):
    pytest.importorskip("torch", reason="needs the extra embedded")
    settings = [
        *SMALL_MODEL,
        *WORLD,
        "formalize.enabled=false",
        "reason.show_image=true",
        "reason.prompt=answer.world",
        "reason.race=false",
    ]
    loaded = load_recipe("openvlthinker", sources=["data/sample"], settings=settings)
    report = asyncio.run(build(loaded, str(tmp_path)))
    assert report.num_requests == 64 * 4, "only the reasoner is asked"
    assert 10 <= report.rows["sft"] < 60
    texts = pl.read_parquet(f"{tmp_path}/openvlthinker/all/formal_texts/*/*.parquet")
    assert set(texts["format"]) == {"none"}


def test_a_reasoner_must_see_something(tmp_path):
    with pytest.raises(RecipeError, match="leaves the reasoner without the image"):
        load_recipe("openvlthinker", sources=["x"], settings=["formalize.enabled=false"])
