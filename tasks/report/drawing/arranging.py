"""Where all points of a figure lie: the first shape first, then what stands on it.

What no statement places goes onto a circle around the rest; the reader is told. Bounded work: each
pass over the statements places a point or is the last.
"""

import cmath
import math
from collections.abc import Sequence

from tasks.formats.geometry_values import read_number
from tasks.report.drawing.arrangement import Arrangement
from tasks.report.drawing.circles import (
    FIRST_ANGLE,
    ON_TOUCH,
    measure_radius,
    place_center,
    place_circle,
    place_on_circle,
    place_tangent,
)
from tasks.report.drawing.figure import LINES, Figure, Statement
from tasks.report.drawing.lines import place_beside, place_crossing, place_foot, place_on_line
from tasks.report.drawing.placing import place_shape

OUTER = 1.5
"""Distance of points that nothing places."""
MAX_COORDINATE = 1e6


def arrange(figure: Figure) -> Arrangement:
    """Place every point of a figure."""
    made = Arrangement()
    if not _use_coordinates(figure, made):
        _place_first(figure, made)
    _place_by_all(figure, made)
    placed_by_others = {s.arguments[0] for s in figure.find("On", "Midpoint", "Intersection")}
    _place_rest(figure, made, [p for p in figure.points if p not in placed_by_others])
    _place_by_all(figure, made)
    _place_rest(figure, made, list(figure.points))
    for center in figure.circles:
        if center in made.points:
            made.radii.setdefault(center, measure_radius(figure, made, center))
    return made


def _place_by_all(figure: Figure, made: Arrangement) -> None:
    """Place what statements place, until they place nothing more."""
    for _ in range(len(figure.points) + 1):
        if not any([_place_by(statement, figure, made) for statement in figure.statements]):
            return


def _use_coordinates(figure: Figure, made: Arrangement) -> bool:
    """Use coordinates where they are numbers; y grows upwards in them."""
    for statement in figure.find("Coordinates"):
        numbers = [read_number(part) for part in (statement.value or "").strip("() ").split(",")]
        known = [n for n in numbers if n is not None and abs(n) <= MAX_COORDINATE]
        if len(known) == len(numbers) == 2:
            made.points[statement.arguments[0]] = complex(known[0], -known[1])
    made.told = "By its coordinates."
    return len(set(made.points.values())) > 1


def _place_first(figure: Figure, made: Arrangement) -> None:
    """Place the first shape; where there is none the first circle, else the first line."""
    made.points.clear()
    made.told = "Not to scale."
    if figure.shapes:
        kind, corners = figure.shapes[0]
        placed, made.told = place_shape(figure, kind, corners)
        made.points.update(zip(corners, placed, strict=True))
    elif figure.circles:
        center = next(iter(figure.circles))
        made.points[center], made.radii[center] = 0j, 1.0
    else:
        lines = [s.points(1) for s in figure.find("On")]
        lines += [s.points() for s in figure.find(*LINES, "Parallel", "Perpendicular")]
        ends = next((line for line in lines if len(line) == 2), ())
        made.points.update(zip(ends, (-1 + 0j, 1 + 0j), strict=False))


def _place_by(statement: Statement, figure: Figure, made: Arrangement) -> bool:
    """Place what one statement places by points that have a place; say whether it did."""
    before = len(made.points)
    match statement.name:
        case "Altitude" | "Median" | "Bisector":
            place_foot(statement, made)
        case "TangentCircles":
            place_circle(statement, made)
        case "Midpoint":
            place_on_line(statement, figure, made, share=0.5)
        case "On" if len(statement.points(1)) == 2:
            place_on_line(statement, figure, made)
        case "Parallel" | "Perpendicular":
            place_beside(statement, made)
        case "Intersection":
            place_crossing(statement, made)
        case "Inscribed" | "Circumscribed" if len(statement.points()) > 2:
            place_center(statement, made)
        case "Diameter" if made.has(statement.points()):
            one, other = (made.points[point] for point in statement.points())
            made.points.setdefault(statement.arguments[1], (one + other) / 2)
        case _:
            pass
    if statement.name in ON_TOUCH and statement.arguments[1] in made.points:
        place_on_circle(statement, figure, made)
    return len(made.points) > before


def _place_rest(figure: Figure, made: Arrangement, points: Sequence[str]) -> None:
    """Put those of some points that have no place onto a circle around the others."""
    for statement in figure.find("Tangent"):
        place_tangent(statement, made)
    rest = [point for point in points if point not in made.points]
    if not rest:
        return
    known = list(made.points.values())
    middle = sum(known) / len(known) if known else 0j
    radius = OUTER * max((abs(point - middle) for point in known), default=0.0) or 1.0
    for number, point in enumerate(rest):
        angle = FIRST_ANGLE + 2 * math.pi * number / len(rest)
        made.points[point] = middle + cmath.rect(radius, angle)
    if known:
        made.told += f" Nothing places {', '.join(rest[:6])}{', ...' * (len(rest) > 6)}."
    else:
        made.told = "Not to scale: the points stand on a circle."
