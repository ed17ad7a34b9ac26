from flows.recipe_files import load_recipe
from flows.served import group_served

ROLES = ["vlm", "llm", "judge"]


def group(**models: str) -> list[list[str]]:
    """Return the roles of each server; `models` says which model a role is served by vLLM."""
    served = [
        setting
        for role, path in models.items()
        for setting in (f"models.{role}.kind=vllm", f"models.{role}.path={path}")
    ]
    judge = ["models.judge.name=judge"]
    asked = [role for role in ROLES if role in models]
    recipe = load_recipe("openvlthinker", settings=[*judge, *served])
    return [one.roles for one in group_served(recipe, asked)]


def test_roles_that_follow_each_other_with_one_model_share_a_server():
    assert group(vlm="org/a", llm="org/a", judge="org/a") == [["vlm", "llm", "judge"]]
    assert group(vlm="org/a", llm="org/b", judge="org/b") == [["vlm"], ["llm", "judge"]]


def test_a_server_is_stopped_for_another_one_and_started_again_after_it():
    assert group(vlm="org/a", llm="org/b", judge="org/a") == [["vlm"], ["llm"], ["judge"]]


def test_a_server_stays_where_no_other_one_comes_between():
    assert group(vlm="org/a", judge="org/a") == [["vlm", "judge"]]
