"""Formal texts drawn, so that a reader sees beside the image what was understood.

Only what its format's checks accept is drawn. Texts are hostile: everything is escaped, nothing
runs or loads, work is linear in the text and pictures are bounded. Formats without a picture here
(latex, spice, mermaid, plantuml, caption) are read as text.
"""

from collections.abc import Callable

from tasks.charts import ChartPainter
from tasks.formats import validate
from tasks.formats.extraction import SECTION_HEAD
from tasks.report.drawing.chart import draw_chart
from tasks.report.drawing.drawing import MAX_BYTES, Drawing
from tasks.report.drawing.geometry import draw_geometry
from tasks.report.drawing.pages import draw_html
from tasks.report.drawing.places import Size, draw_boxes, draw_ocr
from tasks.report.drawing.tables import draw_csv, draw_json

__all__ = ["Drawing", "draw_formal_text"]

MAX_SECTIONS = 6
"""Sections of a mixed text that are drawn."""
_ALONE: dict[str, Callable[[str], Drawing | None]] = {
    "csv": draw_csv,
    "json": draw_json,
    "geometry": draw_geometry,
    "html": draw_html,
}
_ON_IMAGE: dict[str, Callable[[str, Size | None], Drawing | None]] = {
    "boxes": draw_boxes,
    "ocr": draw_ocr,
}


def draw_formal_text(
    format: str, text: str, image: Size | None, painter: ChartPainter
) -> tuple[Drawing, ...]:
    """Draw a formal text.

    Args:
        format: as in `tasks/formats`.
        text: alone; an invalid one is not drawn.
        image: width and height of the one image that the page shows of it, in pixels; None: it
            shows none or several.
        painter: draws charts.

    Returns:
        A drawing, or one for each section of a mixed text that can be drawn; none raises.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        if validate(format, plain):
            return ()
    except ValueError:
        return ()  # No format of ours.
    parts = _split_sections(plain) if format == "mixed" else [(format, plain)]
    drawn = (_draw(name, body, image, painter) for name, body in parts)
    return tuple(drawing for drawing in drawn if drawing)[:MAX_SECTIONS]


def _draw(format: str, text: str, image: Size | None, painter: ChartPainter) -> Drawing | None:
    drawing = None
    if format == "chart_spec":
        drawing = draw_chart(text, painter)
    elif format in _ALONE:
        drawing = _ALONE[format](text)
    elif format in _ON_IMAGE:
        drawing = _ON_IMAGE[format](text, image)
    return drawing if drawing and len(drawing.markup.encode()) <= MAX_BYTES else None


def _split_sections(text: str) -> list[tuple[str, str]]:
    """Split a valid mixed text into (format, text)."""
    sections: list[tuple[str, list[str]]] = []
    for line in text.split("\n"):
        if head := SECTION_HEAD.fullmatch(line):
            sections.append((head.group(1).lower(), []))
        elif sections:
            sections[-1][1].append(line)
    return [(name, "\n".join(lines)) for name, lines in sections]
