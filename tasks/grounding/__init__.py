"""Grounding tools: what an OCR tool and a detector find in an image, beside what a model says."""

from tasks.grounding.evidence import MAX_LINES, Finding, describe_findings, measure_coverage
from tasks.grounding.grid import arrange_cells, write_csv
from tasks.grounding.tools import Tools, open_tools

__all__ = [
    "MAX_LINES",
    "Finding",
    "Tools",
    "arrange_cells",
    "describe_findings",
    "measure_coverage",
    "open_tools",
    "write_csv",
]
