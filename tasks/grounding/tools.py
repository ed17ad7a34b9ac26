"""The grounding tools of a run: ports, and the opening of what a recipe asks for."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from schemas.recipe import FormalizeParams
from tasks.grounding.detection import ObjectFinder
from tasks.grounding.evidence import Finding
from tasks.grounding.ocr import OcrReader

FindInImage = Callable[[bytes], Awaitable[list[Finding]]]
"""A grounding tool: what it finds in an encoded image."""


@dataclass(frozen=True, slots=True)
class Tools:
    """The grounding tools of a run; None: not asked for."""

    read_text: FindInImage | None = None
    find_objects: FindInImage | None = None


def open_tools(params: FormalizeParams) -> Tools:
    """Prepare the tools that a recipe asks for; each loads its models when it is first used.

    Raises:
        RecipeError: What a tool needs is not installed.
    """
    reader = OcrReader() if params.ocr else None
    finder = ObjectFinder(params.detector) if params.detector else None
    return Tools(
        read_text=reader.read if reader else None,
        find_objects=finder.find if finder else None,
    )
