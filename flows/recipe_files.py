"""Recipes from TOML files and command-line overrides, each fault in one sentence."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import ValidationError

from schemas.errors import RecipeError
from schemas.recipe import PolicyParams, Recipe
from schemas.recipe.models import HIDDEN

RECIPE_DIR = Path(__file__).parent / "recipes"
PROJECT_DIR = Path(__file__).parents[1]
"""Paths in shipped recipes start here; those in a user's recipe where the command runs."""
OTHER = "start with one of these, or give the path of a .toml file"


def list_recipes() -> list[str]:
    """Return the names of the shipped recipes, sorted."""
    return sorted(file.stem for file in RECIPE_DIR.glob("*.toml"))


def load_recipe(
    name: str,
    *,
    sources: Sequence[str] = (),
    models: Mapping[str, str] | None = None,
    settings: Sequence[str] = (),
) -> Recipe:
    """Read a recipe by name or path, and apply the command line to it.

    Args:
        name: a shipped recipe, or the path of a TOML file.
        sources: paths that take the place of the recipe's sources.
        models: `vlm`, `llm` or `judge` to NAME@URL of a running server.
        settings: `section.key=value`, the value as TOML or plain text; `none` takes the key or the
            whole section out of the recipe.

    Raises:
        RecipeError: one sentence with the key, the value and what was expected.
    """
    file = _find_file(name)
    values = _read_toml(file)
    if file.parent == RECIPE_DIR:
        _put_project_paths(values)
    if isinstance(values.get("source"), dict):
        values["source"] = [values["source"]]
    _put_sources(values, sources)
    for role, server in (models or {}).items():
        _put_model(values, role, server)
    for setting in settings:
        _put_setting(values, setting)
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise RecipeError(f"recipe {name!r}: {_describe_fault(error)}") from None


def load_policy(settings: Sequence[str]) -> PolicyParams:
    """Read what counts as equal from `key=value` settings alone.

    Raises:
        RecipeError: one sentence with the key, the value and what was expected.
    """
    values: dict[str, Any] = {}
    for setting in settings:
        _put_setting(values, setting)
    try:
        return PolicyParams.model_validate(values)
    except ValidationError as error:
        raise RecipeError(_describe_fault(error, PolicyParams)) from None


def _find_file(name: str) -> Path:
    file = Path(name) if name.endswith(".toml") else RECIPE_DIR / f"{name}.toml"
    if ("/" in name and not name.endswith(".toml")) or not file.is_file():
        raise RecipeError(f"no recipe {name!r}; known recipes: {list_recipes()}; {OTHER}")
    return file


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"recipe {str(file)!r} is not TOML: {error}") from None


def _put_project_paths(values: dict[str, Any]) -> None:
    for section in (values["source"], *values["models"].values()):
        if isinstance(section, dict) and section.get("path"):
            section["path"] = str(PROJECT_DIR / section["path"])


def _put_sources(values: dict[str, Any], paths: Sequence[str]) -> None:
    if not paths:
        return
    first = dict(next(iter(values.get("source", [])), {}))
    for key in ("name", "limit", "weight") if len(paths) > 1 else ():
        first.pop(key, None)
    values["source"] = [first | {"path": path} for path in paths]


def _put_model(values: dict[str, Any], role: str, server: str) -> None:
    found = re.fullmatch(r"(.+)@(https?://.*)", server, re.DOTALL)
    if found is None:
        has_secret = ":" in server.rpartition("@")[0] or "?" in server
        shown = "what may hold a password" if has_secret else repr(server)
        example = f"--{role} my-model@http://127.0.0.1:8000/v1"
        raise RecipeError(f"--{role}: expected NAME@URL, got {shown}; for example {example}")
    name, url = found.groups()
    kept = values.setdefault("models", {}).get(role, {})  # Of a judge perhaps the name of a role.
    keys = {k: v for k, v in kept.items() if k == "api_key_env"} if isinstance(kept, dict) else {}
    values["models"][role] = {"kind": "endpoint", "name": name, "urls": [url], **keys}


def _put_setting(values: dict[str, Any], setting: str) -> None:
    path, separator, text = setting.partition("=")
    *sections, key = path.strip().split(".")
    if not separator or not key:
        raise RecipeError(f"--set: expected key=value, got {setting!r}")
    place: Any = values
    for section in sections:
        place = _step_into(_only_item(place, section, path), section, path)
    place = _only_item(place, key, path)
    if isinstance(place, list):
        raise RecipeError(f"--set {path}: a number needs a key after it, as in source.0.limit")
    if text.strip() == "none":
        place.pop(key, None)
    else:
        place[key] = _parse_value(text.strip())


def _only_item(place: Any, section: str, path: str) -> Any:
    """Step into the only item of a list, unless the next part of the path is a number."""
    if isinstance(place, list) and not section.isdigit():
        items: list[Any] = place
        if len(items) != 1:
            raise RecipeError(f"--set {path}: there are several; give a number, as in source.0.id")
        return items[0]
    return place


def _step_into(place: Any, section: str, path: str) -> Any:
    if isinstance(place, list):
        items: list[Any] = place
        if int(section) >= len(items):
            raise RecipeError(f"--set {path}: {section!r} is not one of 0 to {len(items) - 1}")
        return items[int(section)]
    found = place.setdefault(section, {})
    if not isinstance(found, dict | list):
        raise RecipeError(f"--set {path}: {section!r} is a value, not a section")
    return found


def _parse_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _describe_fault(error: ValidationError, section: Any = Recipe) -> str:
    """Write the first fault as key, value and expectation; the rest only as a count."""
    faults = error.errors(include_url=False)
    fault = faults[0]
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        known = ", ".join(_known_keys(fault["loc"][:-1], section))
        text = f"unknown key {key!r}; known keys there: {known}"
    elif fault["type"] == HIDDEN:
        text = f"key {key!r}: {fault['msg']}"
    elif fault["type"] == "missing":
        text = f"key {key!r} is missing"
    elif isinstance(fault["input"], dict | Recipe):  # The keys of a section do not fit each other.
        message = fault["msg"].removeprefix("Value error, ")
        text = f"{key}: {message}" if key else message
    else:
        text = f"key {key!r} is {fault['input']!r}: {fault['msg']}"
    return text + (f" (and {len(faults) - 1} more)" if len(faults) > 1 else "")


def _known_keys(location: Sequence[Any], model: Any) -> list[str]:
    for part in location:
        if isinstance(part, int):
            continue
        if get_origin(model) is dict:
            model = get_args(model)[1]
            continue
        kind = model.model_fields[part].annotation
        model = kind if get_origin(kind) is dict else (get_args(kind) or (kind,))[0]
    return list(model.model_fields)
