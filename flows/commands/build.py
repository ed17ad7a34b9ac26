"""`sightline build`: the main job."""

import argparse
from typing import Any

from rich.console import Console

from flows.commands.arguments import (
    add_extent,
    add_recipe,
    add_reporting,
    parse_amount,
    parse_count,
    read_recipe,
)
from flows.commands.running import DONE, build_and_report


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
    add_recipe(build)
    add_extent(build)
    build.add_argument(
        "--publish", metavar="TARGET", help="folder or fsspec URL (<workspace>/published)"
    )
    build.add_argument(
        "--budget-tokens",
        type=parse_count,
        metavar="N",
        help="tokens that models may read and write in this run; when they are spent, what is"
        " finished is published (exit code 0), and the same command goes on from there",
    )
    build.add_argument(
        "--budget-usd",
        type=parse_amount,
        metavar="X",
        help="the same in dollars, by models.ROLE.price_in and price_out of the recipe",
    )
    build.add_argument(
        "--print-recipe", action="store_true", help="show the resolved recipe as JSON and stop"
    )
    add_reporting(build)


def run_build(options: argparse.Namespace, console: Console) -> int:
    """Build, watch, and report."""
    recipe = read_recipe(options)
    if options.print_recipe:
        print(recipe.model_dump_json(indent=2))  # noqa: T201
        return DONE
    return build_and_report(recipe, options, console)
