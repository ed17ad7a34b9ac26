"""`sightline doctor`: everything that a run needs, each with its remedy."""

import argparse
import asyncio
import json
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.text import Text

from flows.commands.arguments import add_recipe, read_recipe
from flows.commands.running import DONE, FAILED
from flows.display import make_printable
from flows.logs import quiet_prefect
from schemas.checks import Check

MARKS = {"ok": ("ok     ", "green"), "warning": ("warning", "yellow"), "fault": ("fault  ", "red")}


def add_doctor(commands: Any) -> None:
    """Describe the command."""
    doctor = commands.add_parser(
        "doctor",
        help="check models, sources, disk, packages and tokens before a run",
        description="Look at everything that a run of a recipe needs, without running it: each"
        " server is sent a few requests of one token. Exit code 1 where something is at fault.",
        epilog="example: sightline doctor openvlthinker --source my-images"
        " --vlm my-vlm@http://127.0.0.1:8000/v1 --llm my-llm@http://127.0.0.1:8001/v1",
    )
    doctor.set_defaults(run=run_doctor)
    add_recipe(doctor)
    doctor.add_argument("--json", action="store_true", help="print the checks as JSON on stdout")


def run_doctor(options: argparse.Namespace, console: Console) -> int:
    """Check, and show each finding as it comes."""
    quiet_prefect()
    recipe = read_recipe(options)

    async def examine_all() -> list[Check]:
        from flows.doctor import examine

        checks: list[Check] = []
        async for check in examine(recipe, options.workspace):
            checks.append(check)
            if not options.json:
                show_check(console, check)
        return checks

    checks = asyncio.run(examine_all())
    if options.json:
        print(json.dumps([asdict(check) for check in checks]))  # noqa: T201
    return FAILED if any(check.verdict == "fault" for check in checks) else DONE


def show_check(console: Console, check: Check) -> None:
    """Show one finding, and its remedy below it."""
    mark, style = MARKS[check.verdict]
    line = Text.assemble((mark, style), f" {check.subject}: {make_printable(check.found)}")
    console.print(line, soft_wrap=True)
    if check.remedy:
        console.print(Text(f"        {make_printable(check.remedy)}", style="bold"), soft_wrap=True)
