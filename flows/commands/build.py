"""`sightline build`: the main job."""

import argparse
from typing import Any

from rich.console import Console

from flows.commands.arguments import add_reporting, parse_count, parse_name
from flows.commands.running import DONE, build_and_report
from flows.recipe_files import list_recipes, load_recipe

ROLES = {
    "vlm": "formalizes images",
    "llm": "reasons",
    "judge": "is asked where no rule can tell whether an answer is right",
}
"""Role of a model to what it does."""


def add_build(commands: Any) -> None:
    """Describe the command."""
    build = commands.add_parser(
        "build",
        help="build a data set by a recipe and publish it",
        description="Build one partition of a data set by a recipe and publish it. The same"
        " command again goes on where it stopped, and does nothing that is done.",
        epilog="example: sightline build openvlthinker --source my-images --workspace runs"
        " --vlm my-vlm@http://127.0.0.1:8000/v1 --llm my-llm@http://127.0.0.1:8001/v1",
    )
    build.set_defaults(run=run_build)
    build.add_argument("recipe", help=f"one of {', '.join(list_recipes())}, or a .toml file")
    build.add_argument(
        "--source",
        action="append",
        default=[],
        metavar="S",
        help="folder with metadata.jsonl, .jsonl or .parquet file (glob, fsspec URL), or Hub"
        " data set id; several times for several sources; takes the place of the recipe's",
    )
    build.add_argument(
        "--workspace", default="data/runs", metavar="W", help="folder or fsspec URL (%(default)s)"
    )
    build.add_argument(
        "--partition",
        default="all",
        type=parse_name,
        metavar="P",
        help="unit of a run (%(default)s)",
    )
    build.add_argument("--limit", type=parse_count, metavar="N", help="source rows at most")
    build.add_argument(
        "--publish", metavar="TARGET", help="folder or fsspec URL (<workspace>/published)"
    )
    for role, what in ROLES.items():
        build.add_argument(
            f"--{role}", metavar="NAME@URL", help=f"running server of the model that {what}"
        )
    build.add_argument(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="KEY=VALUE",
        help="override a key of the recipe, such as reason.num_rollouts=8",
    )
    build.add_argument(
        "--print-recipe", action="store_true", help="show the resolved recipe as JSON and stop"
    )
    add_reporting(build)


def run_build(options: argparse.Namespace, console: Console) -> int:
    """Build, watch, and report."""
    models = {role: getattr(options, role) for role in ROLES if getattr(options, role)}
    recipe = load_recipe(
        options.recipe, sources=options.source, models=models, settings=options.settings
    )
    if options.print_recipe:
        print(recipe.model_dump_json(indent=2))  # noqa: T201
        return DONE
    return build_and_report(recipe, options, console)
