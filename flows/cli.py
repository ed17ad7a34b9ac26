"""The command line: arguments only. Heavy imports wait in `commands` until a command needs them."""

import argparse
import re
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

from flows.commands import FAILED, STOPPED, WRONG_USAGE, run_build, run_demo, run_serve_model
from flows.display import show_fault
from flows.recipe_files import list_recipes
from schemas.errors import RecipeError, SourceError
from schemas.recipe import NAME_PATTERN


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0 done, 1 failed, 2 wrong usage or recipe."""
    options = make_parser().parse_args(arguments)
    console = Console(stderr=True)
    try:
        return options.run(options, console)  # type: ignore[no-any-return]
    except (RecipeError, SourceError) as error:
        show_fault(console, str(error), None)
        return WRONG_USAGE
    except KeyboardInterrupt:
        show_fault(console, STOPPED, None)
        return FAILED


def make_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="sightline",
        description="Turn images with questions and gold answers into verified chains of thought.",
        epilog="sightline COMMAND --help says more of each. Exit codes: 0 done, 1 the run failed,"
        " 2 wrong usage or recipe.",
    )
    parser.add_argument("--version", action="version", version=version("sightline"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_build(commands)
    _add_demo(commands)
    _add_serve_model(commands)
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
    build.add_argument(
        "--partition", default="all", type=_name, metavar="P", help="unit of a run (%(default)s)"
    )
    build.add_argument("--limit", type=_count, metavar="N", help="source rows at most")
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
    _add_reporting(build)


def _add_demo(commands: Any) -> None:
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
    _add_reporting(demo)


def _add_serve_model(commands: Any) -> None:
    serve = commands.add_parser(
        "serve-model",
        help="serve the embedded model over the OpenAI protocol",
        description="Serve a Qwen2.5-VL or Qwen2 checkpoint folder over the OpenAI protocol on"
        " this machine; by default the small model that ships with Sightline.",
    )
    serve.set_defaults(run=run_serve_model)
    serve.add_argument("folder", nargs="?", type=Path, help="checkpoint folder (the small model)")
    serve.add_argument("--port", type=int, default=8000, help="0 takes a free one (%(default)s)")
    serve.add_argument("--host", default="127.0.0.1", help="address (%(default)s)")
    serve.add_argument("--name", help="name of the model in requests (the folder's)")


def _add_reporting(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print the report as JSON on stdout")
    command.add_argument("--verbose", action="store_true", help="show log lines on the screen")


def _name(text: str) -> str:
    if not re.match(NAME_PATTERN, text):
        raise argparse.ArgumentTypeError(f"expected letters, digits and . _ -, got {text!r}")
    return text


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, got {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
