"""Kinds of arguments that several commands take."""

import argparse
import re
from typing import Any

from schemas.recipe import NAME_PATTERN


def add_reporting(command: Any) -> None:
    """Add what commands that report a run share."""
    command.add_argument("--json", action="store_true", help="print the report as JSON on stdout")
    command.add_argument("--verbose", action="store_true", help="show log lines on the screen")


def parse_name(text: str) -> str:
    """Read a name of a partition or data set."""
    if not re.match(NAME_PATTERN, text):
        raise argparse.ArgumentTypeError(f"expected letters, digits and . _ -, got {text!r}")
    return text


def parse_count(text: str) -> int:
    """Read a number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, got {text!r}")
    return int(text)
