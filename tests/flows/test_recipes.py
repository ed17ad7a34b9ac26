"""The recipes of the three systems: each runs to a data set in its own released layout."""

import asyncio
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
        ("r1-onevision", [*ROUTES, "formalize.ocr=false"]),
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
