"""A geometry figure as SVG: its lines, circles and points, with the letters and values it names."""

import cmath
import math

from markupsafe import Markup

from tasks.report.drawing.arrangement import Arrangement
from tasks.report.drawing.arranging import arrange
from tasks.report.drawing.drawing import Drawing
from tasks.report.drawing.figure import Figure, read_figure
from tasks.report.text import clean_text, clip

MAX_POINTS = 40
MAX_STATEMENTS = 150
SIDE = 300.0
"""Of the picture, in pixels."""
MARGIN = 38.0
LABEL_BYTES = 24
SEEN = frozenset(("Length", "Distance", "Angle", "Coordinates"))
"""Measures that the picture has as labels or places."""


def draw_geometry(text: str) -> Drawing | None:
    """Draw a valid figure; None where it has no point, or too much to be read."""
    figure = read_figure(text)
    if not 0 < len(figure.points) <= MAX_POINTS or len(figure.statements) > MAX_STATEMENTS:
        return None
    made, size = fit(arrange(figure))
    middle = size / 2
    drawn = [*_draw_circles(made), *_draw_segments(figure, made)]
    drawn += [*_draw_right_angles(figure, made), *_draw_lengths(figure, made, middle)]
    drawn += _draw_angles(figure, made)
    drawn += _draw_points(figure, made, middle)
    svg = Markup('<svg class="figure" role="img" aria-label="{}" viewBox="0 0 {} {}">{}</svg>')
    label = f"Figure with the points {', '.join(figure.points)}. {made.told}"
    markup = svg.format(label, int(size.real), int(size.imag), Markup("").join(drawn))
    return Drawing(markup=markup, caption=made.told + _tell_rest(figure))


def fit(made: Arrangement) -> tuple[Arrangement, complex]:
    """Scale and move a figure to the size of the picture, which comes back, too."""
    corners = list(made.points.values())
    for center, radius in made.radii.items():
        middle = made.points[center]
        corners += [middle + radius * way for way in (1, -1, 1j, -1j)]
    first = complex(min(p.real for p in corners), min(p.imag for p in corners))
    span = complex(max(p.real for p in corners), max(p.imag for p in corners)) - first
    scale = (SIDE - 2 * MARGIN) / (max(span.real, span.imag) or 1.0)
    margin = complex(MARGIN, MARGIN)
    fitted = Arrangement(
        points={name: (point - first) * scale + margin for name, point in made.points.items()},
        radii={center: radius * scale for center, radius in made.radii.items()},
        told=made.told,
    )
    return fitted, span * scale + 2 * margin


def _tell_rest(figure: Figure) -> str:
    """Say how many values stand in the text alone."""
    hidden = sum(s.value is not None and s.name not in SEEN for s in figure.statements)
    return f" {hidden} value{'s' * (hidden != 1)} in the text alone." if hidden else ""


def _draw_circles(made: Arrangement) -> list[Markup]:
    circle = Markup('<circle class="stroke" cx="{:.1f}" cy="{:.1f}" r="{:.1f}"/>')
    return [
        circle.format(made.points[center].real, made.points[center].imag, radius)
        for center, radius in made.radii.items()
    ]


def _draw_segments(figure: Figure, made: Arrangement) -> list[Markup]:
    line = Markup('<line class="stroke" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>')
    drawn: list[Markup] = []
    for pair in figure.segments:
        ends = [made.points[name] for name in sorted(pair) if name in made.points]
        if len(ends) == 2:
            drawn.append(line.format(ends[0].real, ends[0].imag, ends[1].real, ends[1].imag))
    return drawn


def _draw_lengths(figure: Figure, made: Arrangement, middle: complex) -> list[Markup]:
    drawn: list[Markup] = []
    for pair, value in figure.labels.items():
        ends = [made.points[name] for name in sorted(pair) if name in made.points]
        if len(ends) == 2:
            along = ends[1] - ends[0]
            place = _find_room(ends[0], along, made)
            aside = 1j * along / (abs(along) or 1.0)
            # Away from the middle of the picture, where shapes have their inside.
            if abs(place + aside - middle) < abs(place - aside - middle):
                aside = -aside
            drawn.append(_draw_text("value", place + 14 * aside, value))
    return drawn


def _draw_right_angles(figure: Figure, made: Arrangement) -> list[Markup]:
    """Mark right angles that are not written out by the small square of the books."""
    path = Markup('<polyline class="stroke" points="{}"/>')
    drawn: list[Markup] = []
    for (corner, pair), degrees in figure.angles.items():
        names = [corner, *sorted(pair)]
        is_written = (corner, pair) in figure.angle_labels
        if degrees == 90 and not is_written and all(name in made.points for name in names):
            start, *ends = (made.points[name] for name in names)
            one, other = (10 * (end - start) / (abs(end - start) or 1.0) for end in ends)
            corners = (start + one, start + one + other, start + other)
            drawn.append(path.format(" ".join(f"{p.real:.1f},{p.imag:.1f}" for p in corners)))
    return drawn


def _find_room(start: complex, along: complex, made: Arrangement) -> complex:
    """Return the middle of a side, or a place beside the point that stands there."""
    middle = start + along / 2
    is_taken = any(abs(point - middle) < 14 for point in made.points.values())
    return start + along * 0.27 if is_taken and abs(along) > 60 else middle


def _draw_angles(figure: Figure, made: Arrangement) -> list[Markup]:
    drawn: list[Markup] = []
    for (corner, pair), value in figure.angle_labels.items():
        if corner in made.points and all(name in made.points for name in pair):
            ways = [made.points[name] - made.points[corner] for name in sorted(pair)]
            way = sum(way / (abs(way) or 1.0) for way in ways)
            inner = way / abs(way) if abs(way) > 1e-6 else 1j * ways[0] / (abs(ways[0]) or 1.0)
            text = value if value.endswith(("deg", "degrees", "\u00b0")) else f"{value}\u00b0"
            shown = text if value[-1:].isdecimal() else value
            drawn.append(_draw_text("angle", made.points[corner] + 30 * inner, shown))
    return drawn


def _draw_points(figure: Figure, made: Arrangement, middle: complex) -> list[Markup]:
    dot = Markup('<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="2.6"/>')
    drawn: list[Markup] = []
    for name in figure.points:
        point = made.points[name]
        out = point - middle
        away = cmath.rect(15, cmath.phase(out) if abs(out) > 8 else -math.pi / 4)
        drawn += [dot.format(point.real, point.imag), _draw_text("name", point + away, name)]
    return drawn


def _draw_text(kind: str, place: complex, text: str) -> Markup:
    shown = clean_text(clip(text, LABEL_BYTES))
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" dy=".35em">{}</text>').format(
        kind, place.real, place.imag, shown
    )
