"""Formal text: one validator a format, and the way from a model's reply to its formal text.

A kernel: no Prefect, no input or output but the schema file of an installed package, nothing
evaluated or fetched. Every validator takes time linear in the text, and none raises.
"""

from collections.abc import Iterable, Mapping

from tasks.formats.caption_text import check_caption
from tasks.formats.csv_table import check_csv
from tasks.formats.extraction import extract_formal_text
from tasks.formats.geometry_figure import check_geometry
from tasks.formats.html_page import check_html
from tasks.formats.json_data import check_json
from tasks.formats.problems import (
    MAX_CHARS,
    MAX_PROBLEMS,
    Problem,
    Validator,
    check_fence,
    check_text,
    collect,
)
from tasks.formats.scene_boxes import check_boxes
from tasks.formats.spice_netlist import check_spice

__all__ = [
    "FORMATS",
    "MAX_CHARS",
    "MAX_PROBLEMS",
    "Problem",
    "Validator",
    "describe_problems",
    "extract_formal_text",
    "validate",
]

FORMATS: Mapping[str, Validator] = {
    "csv": check_csv,
    "json": check_json,
    "html": check_html,
    "spice": check_spice,
    "geometry": check_geometry,
    "boxes": check_boxes,
    "caption": check_caption,
}
"""Format name to its validator; call them through `validate`."""


def validate(format: str, text: str) -> list[Problem]:
    """Say what is wrong with a formal text.

    Args:
        format: A key of `FORMATS`.
        text: The formal text alone; see `extract_formal_text`.

    Returns:
        At most `MAX_PROBLEMS` problems by line; an empty list means that the text is valid.

    Raises:
        ValueError: there is no such format. No text raises.
    """
    if format not in FORMATS:
        raise ValueError(f"no format {format!r}; known formats: {sorted(FORMATS)}")
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    for check in (check_text, check_fence, FORMATS[format]):
        if (check is not check_fence or format != "caption") and (found := collect(check(plain))):
            return found
    return []


def describe_problems(problems: Iterable[Problem]) -> str:
    """Write problems for the prompt `formalize.repair`, one a line."""
    return "\n".join(f"- {problem}" for problem in problems)
