"""The JSON schema of Vega-Lite, and its errors said in one sentence.

The schema file is that of the package altair, found without importing it. A schema of alternatives
(`anyOf`) fails in all of them at once; the deepest failure is the one that is meant.
"""

import difflib
import importlib.util
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, cast

import orjson
from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from tasks.formats.problems import list_names, quote

MAX_LEAVES = 400
MAX_NAMES = 24
MAX_STEPS = 6
"""Longest path that a message tells."""
KINDS = {
    "layer": "TopLevelLayerSpec",
    "hconcat": "TopLevelHConcatSpec",
    "vconcat": "TopLevelVConcatSpec",
    "concat": "TopLevelConcatSpec",
    "repeat": "TopLevelRepeatSpec",
    "facet": "TopLevelFacetSpec",
    "mark": "TopLevelUnitSpec",
}
"""Key that makes a chart what it is to the schema's definition; the first that is there counts."""
Steps = tuple[str | int, ...]


@cache
def _load_definitions() -> dict[str, Any]:
    package = importlib.util.find_spec("altair")
    folders = list(package.submodule_search_locations or ()) if package else []
    files = [
        file
        for folder in folders
        for file in Path(folder).glob("vegalite/v*/schema/vega-lite-schema.json")
    ]
    if not files:
        raise ImportError("the Vega-Lite schema is missing; run: pip install altair")
    return orjson.loads(max(files).read_bytes())["definitions"]


@cache
def _make_validator(definition: str) -> Draft7Validator:
    schema = {"$ref": f"#/definitions/{definition}", "definitions": _load_definitions()}
    return Draft7Validator(schema)


def find_schema_problem(spec: dict[str, Any]) -> tuple[Steps, str] | None:
    """Return where a chart breaks the schema, and a sentence; None if it does not."""
    kind = next(kind for key, kind in KINDS.items() if key in spec)
    leaves = list(islice(_iterate_leaves(_make_validator(kind).iter_errors(spec)), MAX_LEAVES))
    if not leaves:
        return None
    told = [leaf for leaf in leaves if leaf.validator != "const"] or leaves
    deepest = max(len(leaf.absolute_path) for leaf in told)
    chosen = [leaf for leaf in told if len(leaf.absolute_path) == deepest]
    path = tuple(chosen[0].absolute_path)
    return path, _describe(path, [leaf for leaf in chosen if tuple(leaf.absolute_path) == path])


def _iterate_leaves(errors: Any) -> Iterator[ValidationError]:
    """Yield the errors inside of alternatives, however deep."""
    for error in errors:
        if error.context:
            yield from _iterate_leaves(error.context)
        else:
            yield error


def _describe(path: Steps, leaves: list[ValidationError]) -> str:
    """Say in one sentence what is wrong at one place."""
    where = ".".join(str(part) for part in path[-MAX_STEPS:]) or "the top"
    by_validator = {str(leaf.validator): leaf for leaf in reversed(leaves)}
    if leaf := by_validator.get("additionalProperties"):
        return f"At {where}, " + _describe_unknown_key(leaf, leaves)
    shown = quote(leaves[0].instance)
    if "enum" in by_validator:
        enums = [leaf for leaf in leaves if leaf.validator == "enum"]
        names = dict.fromkeys(str(name) for leaf in enums for name in _as_list(leaf))
        return f"At {where}, {shown} is not known; use {_shorten(names)}."
    if leaf := by_validator.get("required"):
        return f"At {where}, the key {quote(str(leaf.message).split(chr(39))[1])} is missing."
    if "type" in by_validator:
        types = [str(leaf.validator_value) for leaf in leaves if leaf.validator == "type"]
        return f"At {where}, {shown} must be of type {_shorten(dict.fromkeys(types))}."
    return f"At {where}: {str(leaves[0].message)[:160]}."


def _describe_unknown_key(leaf: ValidationError, leaves: list[ValidationError]) -> str:
    """Name the key that no alternative knows, and the keys that are known."""
    known: dict[str, None] = {}
    for each in leaves:
        if each.validator == "additionalProperties":
            schema: Any = each.schema
            known |= dict.fromkeys(schema.get("properties", {}))
    keys = [str(key) for key in cast(dict[str, Any], leaf.instance)]
    unknown = [key for key in keys if key not in known]
    if not unknown:
        return f"the keys {quote(', '.join(keys))} do not belong together."
    close = difflib.get_close_matches(unknown[0][:80], known, n=1)
    remedy = f"write {close[0]}" if close else f"use {_shorten(dict.fromkeys(sorted(known)))}"
    return f"there is no key {quote(unknown[0])}; {remedy}."


def _as_list(leaf: ValidationError) -> list[Any]:
    value: Any = leaf.validator_value
    return list(value) if isinstance(value, list | tuple) else []


def _shorten(names: dict[str, None]) -> str:
    shown = list(names)[:MAX_NAMES]
    return list_names(shown) + (" and others" if len(names) > MAX_NAMES else "")
