"""The command line. Parses, then hands over; heavy imports wait until a command needs them."""

import argparse
import asyncio
import logging
import re
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

from flows.display import show_fault, show_progress, show_report
from flows.logs import quiet_prefect, start_log
from flows.recipe_files import list_recipes, load_recipe
from schemas.errors import (
    AccessError,
    ContractError,
    RecipeError,
    ServerError,
    SourceError,
    WorkspaceBusyError,
)
from schemas.recipe import NAME_PATTERN, Recipe

KNOWN_FAULTS = (ServerError, AccessError, ContractError, WorkspaceBusyError, OSError)
DONE, FAILED, WRONG_USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0 done, 1 failed, 2 wrong usage or recipe."""
    options = make_parser().parse_args(arguments)
    console = Console(stderr=True)
    try:
        return options.run(options, console)  # type: ignore[no-any-return]
    except (RecipeError, SourceError) as error:
        show_fault(console, str(error), None)
        return WRONG_USAGE


def make_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="sightline",
        description="Turn images with questions and gold answers into verified chains of thought.",
    )
    parser.add_argument("--version", action="version", version=version("sightline"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_build(commands)
    return parser


def _add_build(commands: Any) -> None:
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
    build.add_argument("--partition", default="all", metavar="P", help="unit of a run (all)")
    build.add_argument("--limit", type=int, metavar="N", help="source rows at most")
    build.add_argument(
        "--publish", metavar="TARGET", help="folder or fsspec URL (<workspace>/published)"
    )
    for role, what in (("vlm", "formalizes images"), ("llm", "reasons")):
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
    build.add_argument("--json", action="store_true", help="print the report as JSON on stdout")
    build.add_argument("--verbose", action="store_true", help="show log lines on the screen")


def run_build(options: argparse.Namespace, console: Console) -> int:
    """Build, watch, and report."""
    recipe = _read_recipe(options)
    if options.print_recipe:
        print(recipe.model_dump_json(indent=2))  # noqa: T201
        return DONE
    quiet_prefect()
    from flows.build import build
    from flows.plan import plan_build
    from tasks.meter import METER, Meter

    plan = plan_build(recipe, options.workspace, options.partition, options.limit, options.publish)
    logs = plan.folder.join("logs") if plan.folder.is_local else None
    log = start_log(Path(logs.path() if logs else "data/runs/logs"), verbose=options.verbose)
    meter = Meter()
    METER.set(meter)
    try:
        with show_progress(console, meter):
            report = asyncio.run(
                build(recipe, options.workspace, options.partition, options.limit, options.publish)
            )
    except KeyboardInterrupt:
        show_fault(console, "stopped; the same command goes on from here", str(log))
        return FAILED
    except BaseExceptionGroup as group:
        return _report_fault(console, _first_fault(group), str(log))
    except Exception as error:
        return _report_fault(console, error, str(log))
    if options.json:
        print(report.model_dump_json())  # noqa: T201
    else:
        show_report(console, report.model_dump(), str(log))
    return DONE


def _read_recipe(options: argparse.Namespace) -> Recipe:
    if not re.match(NAME_PATTERN, options.partition):
        raise RecipeError(
            f"--partition: expected letters, digits and . _ -, not {options.partition!r}"
        )
    if options.limit is not None and options.limit < 1:
        raise RecipeError(f"--limit: expected at least 1, got {options.limit}")
    models = {role: getattr(options, role) for role in ("vlm", "llm") if getattr(options, role)}
    return load_recipe(
        options.recipe, sources=options.source, models=models, settings=options.settings
    )


def _first_fault(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the fault behind a group of them: a known one if there is any."""
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves.append(_first_fault(error) if isinstance(error, BaseExceptionGroup) else error)
    known = [error for error in leaves if isinstance(error, KNOWN_FAULTS)]
    return (known or leaves)[0]


def _report_fault(console: Console, error: BaseException, log: str) -> int:
    logging.getLogger(__name__).error("the run failed", exc_info=error)
    if isinstance(error, KNOWN_FAULTS):
        sentence = str(error)
    else:
        sentence = f"{type(error).__name__}: {error} (this is a bug; the log has the details)"
    show_fault(console, sentence, log)
    return WRONG_USAGE if isinstance(error, RecipeError | SourceError) else FAILED


if __name__ == "__main__":
    sys.exit(main())
