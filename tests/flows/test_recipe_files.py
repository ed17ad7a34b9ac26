import re
import shlex
import tomllib
from itertools import pairwise

import pytest

from flows.recipe_files import RECIPE_DIR, list_recipes, load_recipe
from schemas.errors import RecipeError

VLM = {"vlm": "v@http://127.0.0.1:1/v1", "llm": "l@http://127.0.0.1:2/v1"}


@pytest.mark.parametrize("name", list_recipes())
def test_every_shipped_recipe_is_valid(name):
    assert load_recipe(name).name == name


@pytest.mark.parametrize("name", list_recipes())
def test_every_line_of_a_shipped_recipe_is_commented(name):
    lines = (RECIPE_DIR / f"{name}.toml").read_text("utf-8").splitlines()
    assert lines[0].startswith("# ")
    bare = [
        line
        for before, line in pairwise(lines)
        if re.match(r"\w+ = ", line) and "#" not in line and not before.startswith("# ")
    ]
    assert bare == [f'name = "{name}"']


@pytest.mark.parametrize("name", list_recipes())
def test_every_shipped_recipe_has_a_title(name):
    assert load_recipe(name).publish.title


@pytest.mark.parametrize("name", list_recipes())
def test_settings_that_a_recipe_advises_are_settings(name):
    text = (RECIPE_DIR / f"{name}.toml").read_text("utf-8")
    for block in re.findall(r"--set .+(?:\n# +--set .+)*", text):
        words = shlex.split(block.replace("\n#", ""))
        settings = [word for before, word in pairwise(words) if before == "--set"]
        assert load_recipe(name, settings=settings) != load_recipe(name), settings


def test_the_detector_of_r1_onevision_is_a_comment_away():
    text = (RECIPE_DIR / "r1-onevision.toml").read_text("utf-8")
    assert "detector" not in tomllib.loads(text)["formalize"]
    lines = re.findall(r"(?m)^# (\[formalize\.detector\]|labels = .+|model = .+)$", text)
    on = tomllib.loads("\n".join(lines))["formalize"]["detector"]
    settings = [f"formalize.detector.{key}={value!r}" for key, value in on.items()]
    detector = load_recipe("r1-onevision", settings=settings).formalize.detector
    assert detector and (detector.model, len(detector.labels)) == (on["model"], 3)


def test_the_judge_of_r1_onevision_is_its_reasoner_unless_another_is_given():
    assert load_recipe("r1-onevision").curate.consistency
    models = load_recipe("r1-onevision", models=VLM).models
    assert models.judge == models.llm
    other = VLM | {"judge": "j@http://127.0.0.1:3/v1"}
    assert load_recipe("r1-onevision", models=other).models.judge.name == "j"
    settings = ["models.judge=vlm"]
    assert load_recipe("r1-onevision", settings=settings).models.judge.name.startswith("Qwen")


@pytest.mark.parametrize(
    "setting", ["models.llm.price_in=inf", "models.llm.rpm=nan", "reason.temperature=nan"]
)
def test_a_number_that_is_not_finite_is_one_sentence(setting):
    key, _, value = setting.partition("=")
    with pytest.raises(RecipeError, match=f"'{key}' is {value}: Input should be a finite number"):
        load_recipe("openvlthinker", settings=[setting])


@pytest.mark.parametrize("value", ["none", " none"])
def test_none_takes_a_key_or_a_section_out_of_a_recipe(value):
    settings = [f"curate.consistency={value}", f"models.judge={value}", "publish.license=none"]
    recipe = load_recipe("r1-onevision", settings=settings)
    assert (recipe.curate.consistency, recipe.models.judge) == (None, None)
    assert load_recipe("r1-onevision", settings=['publish.title="none"']).publish.title == "none"


def test_a_judge_of_no_role_is_one_sentence():
    with pytest.raises(RecipeError, match=r"'models\.judge'.*'lm'"):
        load_recipe("openvlthinker", settings=["models.judge=lm"])
    with pytest.raises(RecipeError, match="'judge' is a value, not a section"):
        load_recipe("r1-onevision", settings=["models.judge.price_in=1"])


def test_a_source_takes_the_place_of_the_recipes_and_keeps_its_columns(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        'name = "mine"\n[source]\npath = "old"\nquestion = "ask"\n'
        '[models.vlm]\nname = "v"\n[models.llm]\nname = "l"\n'
    )
    recipe = load_recipe(str(file), sources=["new"])
    assert [(source.path, source.question) for source in recipe.source] == [("new", "ask")]


def test_several_sources_may_be_given():
    recipe = load_recipe("openvlthinker", sources=["a", "b"])
    assert [source.path for source in recipe.source] == ["a", "b"]


def test_a_server_takes_the_place_of_a_model():
    recipe = load_recipe("openvlthinker", models=VLM)
    assert recipe.models.vlm.name == "v"
    assert recipe.models.llm.urls == ("http://127.0.0.1:2/v1",)


def test_settings_are_toml_values_or_plain_text():
    settings = ["reason.num_rollouts=8", "publish.title=My data", "source.limit=5"]
    recipe = load_recipe("openvlthinker", settings=settings)
    assert recipe.reason.num_rollouts == 8
    assert recipe.publish.title == "My data"
    assert recipe.source[0].limit == 5


def test_a_setting_reaches_one_of_several_sources():
    recipe = load_recipe("openvlthinker", sources=["a", "b"], settings=["source.1.limit=5"])
    assert [source.limit for source in recipe.source] == [None, 5]


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        (["reason.num_rollout=8"], "unknown key 'reason.num_rollout'; known keys there: .*num_r"),
        (["reason.num_rollouts=many"], "'reason.num_rollouts' is 'many': .* integer"),
        (["reason.num_rollouts=0"], "greater than or equal to 1"),
        (["curate.select=best"], "'shortest', 'first', 'longest'"),
        (["source.0.colour=red"], "unknown key 'source.0.colour'"),
        (["verify"], "expected key=value, got 'verify'"),
        (["name.x=1"], "'name' is a value, not a section"),
        (['name="../up"'], "String should match pattern"),
        (["models.vlm.urls=['ftp://x']"], "expected a URL such as"),
    ],
)
def test_a_wrong_setting_is_one_sentence(settings, match):
    with pytest.raises(RecipeError, match=match) as caught:
        load_recipe("openvlthinker", settings=settings)
    assert "\n" not in str(caught.value)


def test_a_missing_model_is_named(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('name = "mine"\n[source]\npath = "x"\n[models.vlm]\nname = "v"\n')
    with pytest.raises(RecipeError, match=r"key 'models\.llm' is missing"):
        load_recipe(str(file))


@pytest.mark.parametrize("name", ["openvlthinkr", "../x", "absent.toml"])
def test_an_unknown_recipe_names_the_known_ones(name):
    with pytest.raises(RecipeError, match=r"known recipes: .*openvlthinker"):
        load_recipe(name)


def test_a_recipe_that_is_not_toml_says_where(tmp_path):
    (tmp_path / "bad.toml").write_text('name = "x"\nsource = oops\n')
    with pytest.raises(RecipeError, match=r"not TOML: .*line 2"):
        load_recipe(str(tmp_path / "bad.toml"))


@pytest.mark.parametrize("server", ["name", "@http://x/v1", "name@", "name@localhost:8000"])
def test_a_server_must_be_name_at_url(server):
    with pytest.raises(RecipeError, match="--vlm: expected NAME@URL"):
        load_recipe("openvlthinker", models={"vlm": server})
