"""Mixed: several formal texts of one image, each in its own section.

    === csv: prices ===
    item,cost
    cup,12
    === caption ===
    A cup stands beside the table of prices.

A section begins with a line of its format between `===`, with a name if need be, and is what its
format says. Two sections or more; `mixed` holds no `mixed`.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

from tasks.formats.extraction import SECTION_HEAD
from tasks.formats.problems import MAX_PROBLEMS, Problem, list_names, quote

MAX_SECTIONS = 50


def make_mixed_validator(
    validate_section: Callable[[str, str], list[Problem]], formats: tuple[str, ...]
) -> Callable[[str], Iterator[Problem]]:
    """Make the validator of `mixed` over those of the other formats."""

    def check_mixed(text: str) -> Iterator[Problem]:
        """Yield the problems of all sections."""
        lines = text.split("\n")
        heads = [index for index, line in enumerate(lines) if SECTION_HEAD.fullmatch(line)]
        yield from _check_heads(lines, heads)
        if len(heads) > MAX_SECTIONS:
            return
        for start, end in pairwise((*heads, len(lines))):
            found = SECTION_HEAD.fullmatch(lines[start])
            format = found.group(1).lower() if found else ""
            if format not in formats:
                yield Problem(
                    start + 1, f"There is no format {quote(format)}; use {list_names(formats)}."
                )
                continue
            body = "\n".join(lines[start + 1 : end])
            for problem in validate_section(format, body)[:MAX_PROBLEMS]:
                line = min(problem.line + start + 1, len(lines))
                yield Problem(line, f"In {format}: {problem.message}")

    return check_mixed


def _check_heads(lines: list[str], heads: list[int]) -> Iterator[Problem]:
    """Yield what is wrong with how a text is parted."""
    before = lines[: heads[0]] if heads else lines
    first = next((index for index, line in enumerate(before) if line.strip()), None)
    if len(heads) < 2:
        yield Problem(
            heads[0] + 1 if heads else 1,
            "Write two sections or more, each under a line such as === csv ===.",
        )
    elif first is not None:
        yield Problem(first + 1, f"{quote(before[first])} stands in no section; put === above it.")
    if len(heads) > MAX_SECTIONS:
        line = heads[MAX_SECTIONS] + 1
        yield Problem(line, f"There are {len(heads)} sections; at most {MAX_SECTIONS} are read.")
