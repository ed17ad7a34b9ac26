"""Models in a recipe: where they are asked, and what a person may set and what not."""

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


# Where models are asked: what is no URL is refused, and what may be secret is never shown.

SECRET = "sk-proj-Abc0123456789"


def load_urls(*urls: str) -> ModelParams:
    setting = f"models.llm.urls={list(urls)!r}"
    return load_recipe("openvlthinker", sources=["x"], settings=[setting]).models.llm


@pytest.mark.parametrize(
    "url",
    ["http://h:8000/v1", "https://a_b.c-d.example./v1", "http://[::1]:80/v1", "http://10.0.0.1"],
)
def test_urls_of_servers_are_taken_without_their_last_slash(url):
    assert load_urls(f"{url}/").urls == (url,)


@pytest.mark.parametrize(
    "url",
    [
        "h:8000/v1",
        "ftp://h/v1",
        "http://",
        "http://:8000/v1",
        "http:///v1",
        "http://h:99999/v1",
        "http://h:abc/v1",
        "http://[::1/v1",
        "http://[zz]/v1",
        f"http://{'a' * 64}/v1",
        f"http://{'a.' * 200}b/v1",
        f"http://\u00e4{'b' * 70}/v1",
        "http://a..b/v1",
        "http://a b/v1",
        "http://-/v1",
    ],
)
def test_what_is_no_url_is_refused_with_what_was_given(url):
    with pytest.raises(RecipeError, match=r"models\.llm\.urls.*expected a URL such as") as refused:
        load_urls("http://h/v1", url)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    "url",
    [
        f"http://me:{SECRET}@h/v1",
        f"http://me:{SECRET}@h:99999/v1",
        f"http://{SECRET}@h/v1",
        f"http://me:a/{SECRET}@h/v1",
        f"http://h/v1?key={SECRET}",
        f"http://h/v1#{SECRET}",
        f"{SECRET}@h",
    ],
)
def test_a_password_in_a_url_is_refused_and_not_shown(url):
    for urls in ([url], ["h", url]):
        with pytest.raises(RecipeError, match="give api_key_env") as refused:
            load_urls(*urls)
        assert SECRET not in str(refused.value)
    with pytest.raises(RecipeError, match="give api_key_env") as refused:
        load_recipe("openvlthinker", sources=["x"], settings=[f"models.llm.urls={url}"])
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("url", ["me:{}@h/v1", "http://me:{}@h/v1", "h/v1?key={}"])
@pytest.mark.parametrize("name", ["", "my-vlm@", "a@b@"])
def test_a_password_in_an_option_is_refused_and_not_shown(name, url):
    given = {"vlm": name + url.format(SECRET)}
    with pytest.raises(RecipeError, match=r"expected NAME@URL|give api_key_env") as refused:
        load_recipe("openvlthinker", sources=["x"], models=given)
    assert SECRET not in str(refused.value)


def test_a_name_with_an_at_sign_is_taken():
    models = {"vlm": "org/model@v2@http://h/v1"}
    vlm = load_recipe("openvlthinker", sources=["x"], models=models).models.vlm
    assert (vlm.name, vlm.urls) == ("org/model@v2", ("http://h/v1",))


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "_key2", "hf_token"])
def test_a_variable_is_named(name):
    settings = [f"models.llm.api_key_env={name}"]
    llm = load_recipe("openvlthinker", sources=["x"], settings=settings).models.llm
    assert llm.api_key_env == name


@pytest.mark.parametrize(
    "key", [SECRET, "hf_Abcdefghijklmnopqrstuvwx", "a b", "1a", "A=b", "x\u00e4", '["sk-x"]']
)
def test_a_key_in_the_place_of_its_variable_is_refused_and_not_shown(key):
    with pytest.raises(RecipeError, match="expected the name of an environment") as refused:
        load_recipe("openvlthinker", sources=["x"], settings=[f"models.llm.api_key_env={key}"])
    assert key not in str(refused.value)
