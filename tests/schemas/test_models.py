"""Models of kind `vllm` in a recipe: what a person may set, and what not."""

import pytest

from flows.recipe_files import load_recipe
from schemas.errors import RecipeError
from schemas.recipe import ModelParams


def load(*settings: str) -> ModelParams:
    pairs = ["models.llm.kind=vllm", *(f"models.llm.{setting}" for setting in settings)]
    return load_recipe("openvlthinker", sources=["x"], settings=pairs).models.llm


def test_flags_lose_their_dashes_and_survive_a_round_trip():
    model = load("flags.--tensor_parallel_size=2", "flags.limit-mm-per-prompt={image = 2}")
    assert model.flags == {"tensor-parallel-size": 2, "limit-mm-per-prompt": {"image": 2}}
    assert ModelParams.model_validate_json(model.model_dump_json()) == model


@pytest.mark.parametrize(
    ("setting", "remedy"),
    [
        ("flags.port=8000", "a free one is taken"),
        ("flags.--host=0.0.0.0", "listens on loopback only"),
        ("flags.served_model_name=x", "give name"),
        ("flags.api-key=sk-secret", "give api_key_env"),
        ("flags.hf-token=hf_secret", "set the environment variable HF_TOKEN"),
        ("flags.por=8000", "a free one is taken"),
        ("flags.Upper=1", "expected the name of a flag"),
    ],
)
def test_what_sightline_sets_itself_and_secrets_are_refused(setting, remedy):
    with pytest.raises(RecipeError, match=remedy) as refused:
        load(setting)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("setting", ["command=/x/vllm", "flags.x=1", "start_seconds=5"])
def test_keys_of_vllm_need_its_kind(setting):
    with pytest.raises(RecipeError, match="only for kind = 'vllm'"):
        load_recipe("openvlthinker", sources=["x"], settings=[f"models.llm.{setting}"])
