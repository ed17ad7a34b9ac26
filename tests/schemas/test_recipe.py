import pytest
from pydantic import ValidationError

from schemas.recipe import ModelParams, Recipe

MINIMAL = {
    "name": "toy",
    "source": {"path": "x"},
    "models": {"vlm": {"name": "v"}, "llm": {"name": "l"}},
}


def test_one_source_may_stand_alone():
    assert Recipe.model_validate(MINIMAL).source[0].path == "x"


def test_a_recipe_is_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Recipe.model_validate(MINIMAL).name = "other"


@pytest.mark.parametrize("name", ["../up", "", ".hidden", "a/b", "x" * 97, "nul\0"])
def test_a_name_is_safe_as_a_folder(name):
    with pytest.raises(ValidationError, match="name"):
        Recipe.model_validate(MINIMAL | {"name": name})


def test_every_key_is_described_for_the_form():
    schema = Recipe.model_json_schema()
    described = schema["$defs"]["IngestParams"]["properties"]["max_side"]
    assert described["description"] == "Longest side after normalization, in pixels."


def test_urls_lose_their_last_slash_and_must_be_http():
    assert ModelParams(name="v", urls=("http://x/v1/",)).urls == ("http://x/v1",)
    with pytest.raises(ValidationError, match="expected a URL such as"):
        ModelParams(name="v", urls=("localhost:8000",))


def test_a_source_inherits_the_policy_keys_that_it_leaves_out():
    verify = {"relative_tolerance": 0.01, "sources": {"charts": {"units": "strict"}}}
    recipe = Recipe.model_validate(MINIMAL | {"verify": verify})
    charts, others = recipe.verify.get_policy("charts"), recipe.verify.get_policy("others")
    assert (charts.relative_tolerance, charts.units) == (0.01, "strict")
    assert (others.relative_tolerance, others.units) == (0.01, "lenient")
    assert Recipe.model_validate(recipe.model_dump()) == recipe


@pytest.mark.parametrize(
    "verify",
    [
        {"relative_tolerance": 1},
        {"absolute_tolerance": -1},
        {"absolute_tolerance": "inf"},
        {"units": "metric"},
        {"fuzzy_text_ratio": 0.9},
        {"sources": {"charts": {"unit": "strict"}}},
        {"judge": {"audit_fraction": 2}},
    ],
)
def test_a_policy_that_means_nothing_is_refused(verify):
    with pytest.raises(ValidationError, match="verify"):
        Recipe.model_validate(MINIMAL | {"verify": verify})
