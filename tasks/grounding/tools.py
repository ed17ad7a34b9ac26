"""The grounding tools of a run: ports, and the opening of what a recipe asks for."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from schemas.recipe import FormalizeParams
from tasks.grounding.evidence import Finding

FindInImage = Callable[[bytes], Awaitable[list[Finding]]]
"""A grounding tool: what it finds in an encoded image."""


@dataclass(frozen=True, slots=True)
class Tools:
    """The grounding tools of a run; None: not asked for."""

    read_text: FindInImage | None = None
    find_objects: FindInImage | None = None


def open_tools(params: FormalizeParams) -> Tools:
    """Open the tools that a recipe asks for."""
    return Tools()
