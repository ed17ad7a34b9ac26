"""Formal text: one validator a format, and the way from a model's reply to its formal text.

A kernel: no Prefect, no input or output but the schema file of an installed package, nothing
evaluated or fetched. Every validator takes time linear in the text, and none raises.
"""

from collections.abc import Iterable, Mapping

from tasks.formats.caption_text import check_caption
from tasks.formats.chart_spec import check_chart_spec
from tasks.formats.csv_table import check_csv
from tasks.formats.extraction import extract_formal_text
from tasks.formats.geometry_figure import check_geometry
from tasks.formats.html_page import check_html
from tasks.formats.json_data import check_json
from tasks.formats.latex_formula import check_latex
from tasks.formats.mermaid_diagram import check_mermaid
from tasks.formats.mixed_sections import make_mixed_validator
from tasks.formats.ocr_lines import check_ocr
from tasks.formats.plantuml_diagram import check_plantuml
from tasks.formats.problems import (
    MAX_CHARS,
    MAX_PROBLEMS,
    Problem,
    Validator,
    check_fence,
    check_text,
    collect,
)
from tasks.formats.refusals import is_refusal
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
    "is_refusal",
    "validate",
]

_SINGLE: Mapping[str, Validator] = {
    "csv": check_csv,
    "json": check_json,
    "chart_spec": check_chart_spec,
    "html": check_html,
    "spice": check_spice,
    "mermaid": check_mermaid,
    "plantuml": check_plantuml,
    "latex": check_latex,
    "geometry": check_geometry,
    "boxes": check_boxes,
    "caption": check_caption,
    "ocr": check_ocr,
}


def _check_section(format: str, text: str) -> list[Problem]:
    """Say what is wrong with a text of one format, whose lines end with a line feed."""
    checks = [check_text, _SINGLE[format]]
    if format != "caption":
        checks.insert(1, check_fence)
    return next((found for check in checks if (found := collect(check(text)))), [])


_check_mixed = make_mixed_validator(_check_section, tuple(_SINGLE))
FORMATS: Mapping[str, Validator] = {**_SINGLE, "mixed": _check_mixed}
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
    if format == "mixed":
        return collect(check_text(plain)) or collect(_check_mixed(plain))
    return _check_section(format, plain)


def describe_problems(problems: Iterable[Problem]) -> str:
    """Write problems for the prompt `formalize.repair`, one a line."""
    return "\n".join(f"- {problem}" for problem in problems)
