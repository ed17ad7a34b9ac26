"""What tools found in a problem's images, written for the prompt. A kernel.

Places run from 0 to 1000 in every image, as the formats `ocr`, `boxes` and `mixed` ask for them.
"""

from collections.abc import Sequence

from prompts import load_prompt
from tasks.grounding import MAX_LINES, Finding, arrange_cells, describe_findings, write_csv

TABULAR = ("csv", "json")
"""Formats for which the places of OCR's lines are arranged as a table."""
PerImage = Sequence[Sequence[Finding]]


def render_evidence(lines: PerImage, objects: PerImage, format: str) -> str:
    """Write what was found for a prompt that asks for `format`.

    Args:
        lines: of text, of each image; empty where no tool looked.
        objects: of each image; empty where no tool looked.
        format: of the formal text; one that holds tables has the lines arranged as one, too.

    Returns:
        The prompt `formalize.evidence`; "" where nothing was found.
    """
    if not any(lines) and not any(objects):
        return ""
    tables = [_write_table(each) for each in lines] if format in TABULAR else []
    messages = load_prompt("formalize.evidence").render(
        lines=_join([describe_findings(each, _share(lines)) for each in lines]),
        table=_join(tables),
        objects=_join([describe_findings(each, _share(objects)) for each in objects]),
    )
    return messages[-1].text


def _share(found: PerImage) -> int:
    """Return how many lines of a prompt each of several images may take."""
    return max(1, MAX_LINES // len(found))


def _write_table(lines: Sequence[Finding]) -> str:
    cells = arrange_cells(lines)
    return write_csv(cells) if len(cells) > 1 else ""


def _join(texts: Sequence[str]) -> str:
    """Join the texts of the images, each under its number where there are several images."""
    if len(texts) == 1:
        return texts[0]
    return "\n".join(f"Image {at}:\n{text}" for at, text in enumerate(texts, start=1) if text)
