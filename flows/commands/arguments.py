"""Kinds of arguments that several commands take."""

import argparse
from typing import Any

from flows.recipe_files import list_recipes, load_recipe
from schemas.recipe import Recipe

ROLES = {
    "vlm": "formalizes images",
    "llm": "reasons",
    "judge": "is asked where no rule can tell whether an answer is right",
}
"""Role of a model to what it does."""


def add_recipe(command: Any) -> None:
    """Add the recipe, what overrides its keys, and the workspace."""
    command.add_argument("recipe", help=f"one of {', '.join(list_recipes())}, or a .toml file")
    command.add_argument(
        "--source",
        action="append",
        default=[],
        metavar="S",
        help="folder with metadata.jsonl, .jsonl or .parquet file (glob, fsspec URL), or Hub"
        " data set id; several times for several sources; takes the place of the recipe's",
    )
    command.add_argument(
        "--workspace", default="data/runs", metavar="W", help="folder or fsspec URL (%(default)s)"
    )
    for role, what in ROLES.items():
        command.add_argument(
            f"--{role}", metavar="NAME@URL", help=f"running server of the model that {what}"
        )
    command.add_argument(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="KEY=VALUE",
        help="override a key of the recipe, such as reason.num_rollouts=8; none removes it",
    )


def add_extent(command: Any) -> None:
    """Add which rows a run is of."""
    command.add_argument(
        "--partition",
        default="all",
        metavar="P",
        help="unit of a run (%(default)s)",
    )
    command.add_argument("--limit", type=parse_count, metavar="N", help="source rows at most")


def read_recipe(options: argparse.Namespace) -> Recipe:
    """Read the recipe that the command line asks for.

    Raises:
        RecipeError: It is wrong; the message is one sentence.
    """
    models = {role: getattr(options, role) for role in ROLES if getattr(options, role)}
    return load_recipe(
        options.recipe, sources=options.source, models=models, settings=options.settings
    )


def add_reporting(command: Any) -> None:
    """Add what commands that report a run share."""
    command.add_argument("--json", action="store_true", help="print the report as JSON on stdout")
    command.add_argument("--verbose", action="store_true", help="show log lines on the screen")


def parse_count(text: str) -> int:
    """Read a number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, got {text!r}")
    return int(text)


def parse_amount(text: str) -> float:
    """Read an amount of money above 0."""
    try:
        amount = float(text)
    except ValueError:
        amount = 0.0
    if not 0 < amount < float("inf"):
        raise argparse.ArgumentTypeError(f"expected an amount above 0, got {text!r}")
    return amount
