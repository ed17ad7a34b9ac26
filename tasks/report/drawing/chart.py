"""A chart as a picture: SVG by vl-convert, inside of a data URL, where nothing in it can run."""

import base64

from markupsafe import Markup

from tasks.charts import ChartPainter
from tasks.report.drawing.drawing import Drawing

MAX_SVG_BYTES = 34_000
"""Before base64."""


def draw_chart(text: str, painter: ChartPainter) -> Drawing | None:
    """Draw a chart; None where it is not drawn, see `tasks/charts.py`."""
    svg = painter.draw(text)
    if svg is None or len(data := svg.encode("utf-8", "replace")) > MAX_SVG_BYTES:
        return None
    image = Markup('<img class="chart" alt="The chart, drawn from its text" src="{}">')
    url = f"data:image/svg+xml;base64,{base64.b64encode(data).decode()}"
    return Drawing(markup=image.format(url), caption="Drawn from its data and marks.")
