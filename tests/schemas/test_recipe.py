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
