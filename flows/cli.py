"""The command line: finds the command, runs it, and turns wrong usage into exit code 2."""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from rich.console import Console

from flows.commands import ADD_COMMANDS
from flows.commands.running import FAILED, STOPPED, WRONG_USAGE, drop_output
from flows.display import show_fault
from schemas.errors import RecipeError, SourceError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0 done, 1 failed, 2 wrong usage or recipe."""
    options = make_parser().parse_args(arguments)
    console = Console(stderr=True)
    try:
        return options.run(options, console)  # type: ignore[no-any-return]
    except (RecipeError, SourceError) as error:
        show_fault(console, str(error), None)
        return WRONG_USAGE
    except BrokenPipeError:  # Who reads our output has left, so nobody is there to be told.
        drop_output()
        return FAILED
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
    for add_command in ADD_COMMANDS:
        add_command(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
