"""Boxes over their image, and lines of text at their places: from `boxes` and `ocr`.

Places are in thousandths of the image or in pixels of a size that the text gives; both are drawn
in the pixels of the copy that the page shows.
"""

import re
from typing import Any, cast

import orjson
from markupsafe import Markup

from tasks.report.drawing.drawing import Drawing
from tasks.report.text import clean_text, clip, count_noun

Size = tuple[float, float]
MAX_BOXES = 120
LABEL_BYTES = 60
LINE_BYTES = 200
NUM_COLORS = 6
THOUSANDTHS: Size = (1000.0, 1000.0)
BLANK: Size = (640.0, 480.0)
"""Where no image can be shown, or several are."""
_LINE = re.compile(r"\s*\[([^\]]*)\] (.*)")
_SIZE = re.compile(r"size\s?:\s*([\d.]+)\s*[,x ]\s*([\d.]+)", re.IGNORECASE)


def draw_boxes(text: str, image: Size | None) -> Drawing:
    """Draw valid boxes with their labels, over the image if there is exactly one."""
    value: Any = orjson.loads(text)
    boxes, size = value, THOUSANDTHS
    if isinstance(value, dict):
        boxes, size = cast(dict[str, Any], value)["boxes"], cast(dict[str, Any], value)["size"]
    canvas = image or BLANK
    colors: dict[str, int] = {}
    drawn: list[Markup] = []
    for box in boxes[:MAX_BOXES]:
        color = colors.setdefault(box["label"], len(colors)) % NUM_COLORS
        left, top, right, bottom = _scale(box.get("box") or box["bbox_2d"], size, canvas)
        label = clean_text(clip(box["label"], LABEL_BYTES))
        drawn.append(_draw_box(color, (left, top, right, bottom), label, canvas))
    what = f"{count_noun(len(boxes), 'object')} with boxes"
    markup = _draw_canvas("boxes", canvas, what, drawn)
    is_over = image is not None
    caption = f"{what}, over the image." if is_over else f"{what}, on a blank image."
    if len(boxes) > MAX_BOXES:
        caption += f" The first {MAX_BOXES} are drawn."
    return Drawing(markup=markup, caption=caption, is_overlay=is_over)


def draw_ocr(text: str, image: Size | None) -> Drawing:
    """Draw the lines of a valid `ocr` text where they stand, on a blank image."""
    size, canvas = THOUSANDTHS, image or BLANK
    lines: list[tuple[list[float], str]] = []
    for line in text.split("\n"):
        if found := _SIZE.fullmatch(line.strip()):
            size = (float(found[1]), float(found[2]))
            canvas = image or size
        elif found := _LINE.match(line):
            lines.append(([float(number) for number in found[1].split(",")], found[2]))
    drawn = [_draw_line(_scale(box, size, canvas), words) for box, words in lines[:MAX_BOXES]]
    what = f"{count_noun(len(lines), 'line')} of text at their places"
    end = f" The first {MAX_BOXES} are drawn." if len(lines) > MAX_BOXES else ""
    return Drawing(markup=_draw_canvas("texts", canvas, what, drawn), caption=f"{what}.{end}")


def _scale(box: list[float], size: Size, canvas: Size) -> tuple[float, float, float, float]:
    across, down = canvas[0] / size[0], canvas[1] / size[1]
    return box[0] * across, box[1] * down, box[2] * across, box[3] * down


def _draw_box(
    color: int, box: tuple[float, float, float, float], label: str, canvas: Size
) -> Markup:
    left, top, right, bottom = box
    letter = max(canvas) / 30
    baseline = top - letter * 0.3 if top > letter * 1.3 else top + letter
    rect = Markup(
        '<rect class="box-{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
        "<title>{}</title></rect>"
        '<text class="box-{}" x="{:.1f}" y="{:.1f}" font-size="{:.1f}">{}</text>'
    )
    return rect.format(
        color,
        left,
        top,
        right - left,
        bottom - top,
        label,
        color,
        left + 2,
        baseline,
        letter,
        label,
    )


def _draw_line(box: tuple[float, float, float, float], words: str) -> Markup:
    left, top, right, bottom = box
    line = Markup(
        '<text x="{:.1f}" y="{:.1f}" font-size="{:.1f}" textLength="{:.1f}"'
        ' lengthAdjust="spacingAndGlyphs">{}</text>'
    )
    letter = 0.8 * (bottom - top)
    shown = clean_text(clip(words, LINE_BYTES))
    return line.format(left, bottom - 0.22 * (bottom - top), letter, right - left, shown)


def _draw_canvas(name: str, canvas: Size, label: str, drawn: list[Markup]) -> Markup:
    svg = Markup(
        '<svg class="{}" role="img" aria-label="{}" viewBox="0 0 {:.0f} {:.0f}" width="{:.0f}">'
        "{}</svg>"
    )
    return svg.format(name, label, *canvas, canvas[0], Markup("").join(drawn))
