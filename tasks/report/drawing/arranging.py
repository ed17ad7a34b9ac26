"""Where all points of a figure lie: the first shape first, then what stands on it.

What no statement places goes onto a circle around the rest; the reader is told. Bounded work: each
pass over the statements places a point or is the last.
"""

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from tasks.formats.geometry_values import read_number
from tasks.report.drawing.figure import LINES, Figure, Statement
from tasks.report.drawing.placing import place_shape

Point = complex
ON_TOUCH = ("OnCircle", "Chord", "Diameter", "Radius", "Secant", "Inscribed", "Arc")
"""Statements whose first argument has points on a circle."""
OUTER = 1.5
"""Distance of points that nothing places."""
FIRST_ANGLE = -0.75 * math.pi
MAX_COORDINATE = 1e6


@dataclass(slots=True)
class Arrangement:
    """Places of points, radii of circles, and how true they are."""

    points: dict[str, Point] = field(default_factory=dict[str, Point])
    radii: dict[str, float] = field(default_factory=dict[str, float])
    """Center to radius."""
    told: str = ""


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
            made.radii.setdefault(center, _measure_radius(figure, made, center))
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
            _place_foot(statement, made)
        case "TangentCircles":
            _place_circle(statement, made)
        case "Midpoint":
            _place_on(statement, figure, made, share=0.5)
        case "On" if len(statement.points(1)) == 2:
            _place_on(statement, figure, made)
        case "Parallel" | "Perpendicular":
            _place_beside(statement, made)
        case "Intersection":
            _place_crossing(statement, made)
        case "Inscribed" | "Circumscribed" if len(statement.points()) > 2:
            _place_center(statement, made)
        case "Diameter" if _has(made, statement.points()):
            one, other = (made.points[point] for point in statement.points())
            made.points.setdefault(statement.arguments[1], (one + other) / 2)
        case _:
            pass
    if statement.name in ON_TOUCH and statement.arguments[1] in made.points:
        _place_on_circle(statement, figure, made)
    return len(made.points) > before


def _has(made: Arrangement, points: Sequence[str]) -> bool:
    return all(point in made.points for point in points)


def _place_on(
    statement: Statement, figure: Figure, made: Arrangement, share: float | None = None
) -> None:
    """Place a point on the line between two others, as far along as is known."""
    name, ends = statement.arguments[0], statement.points(1)
    if name in made.points or not _has(made, ends):
        return
    start, end = (made.points[point] for point in ends)
    if share is None:
        share = _find_share(name, ends, figure, made)
    made.points[name] = start + (end - start) * share


def _find_share(name: str, ends: Sequence[str], figure: Figure, made: Arrangement) -> float:
    """Find how far along a line a point lies: a foot, by its lengths, or between its neighbors."""
    start, end = (made.points[point] for point in ends)
    for statement in figure.find("Perpendicular"):
        lines = [statement.points(place) for place in range(2)]
        rising = next((line for line in lines if name in line and len(line) == 2), None)
        if rising and set(ends) in [set(line) for line in lines]:
            (top,) = [point for point in rising if point != name]
            if top in made.points and start != end:
                return ((made.points[top] - start) / (end - start)).real
    near = figure.lengths.get(frozenset((name, ends[0])))
    far = figure.lengths.get(frozenset((name, ends[1])))
    whole = figure.lengths.get(frozenset(ends))
    if near and (far or (whole and whole > near)):
        return near / (near + far if far else whole or near)
    if far and whole and whole > far:
        return 1 - far / whole
    same = [s.arguments[0] for s in figure.find("On") if set(s.points(1)) == set(ends)]
    return (same.index(name) + 1) / (len(same) + 1) if name in same else 0.5


def _place_beside(statement: Statement, made: Arrangement) -> None:
    """Place a line that is parallel or perpendicular to one that has its place."""
    pairs = [statement.points(place) for place in range(2)]
    known, new = pairs if _has(made, pairs[0]) else reversed(pairs)
    if len(known) != 2 or len(new) != 2 or not _has(made, known):
        return
    start, end = (made.points[point] for point in known)
    along = end - start
    if statement.name == "Parallel":
        ends = (start + 0.6j * along, end + 0.6j * along)
    else:
        foot = next((made.points[p] for p in new if p in made.points), start + 0.3 * along)
        # The line passes the other by a little, or ends at the point that they share.
        ends = (foot - 0.6j * along, foot - 0.6j * along if new[0] in made.points else foot)
    for point, place in zip(new, ends, strict=True):
        made.points.setdefault(point, place)


def _place_foot(statement: Statement, made: Arrangement) -> None:
    """Place the foot of an altitude, a median or a bisector on the side across."""
    ends, corners = statement.points(), statement.points(1)
    if len(ends) != 2 or len(corners) != 3 or ends[0] not in corners or not _has(made, corners):
        return
    top, one, other = (
        made.points[name] for name in (ends[0], *(c for c in corners if c != ends[0]))
    )
    side, share = other - one, 0.5
    if statement.name == "Altitude" and side:
        share = ((top - one) / side).real
    elif statement.name == "Bisector" and abs(top - one) + abs(top - other):
        share = abs(top - one) / (abs(top - one) + abs(top - other))
    made.points.setdefault(ends[1], one + share * side)


def _place_circle(statement: Statement, made: Arrangement) -> None:
    """Place a circle that touches another from outside."""
    known, new = (
        statement.arguments
        if statement.arguments[0] in made.points
        else (*reversed(statement.arguments),)
    )
    if known in made.radii and new not in made.points:
        made.radii[new] = 0.6 * made.radii[known]
        made.points[new] = made.points[known] + 1.6 * made.radii[known]


def _place_crossing(statement: Statement, made: Arrangement) -> None:
    name, one, other = statement.arguments[0], statement.points(1), statement.points(2)
    if name in made.points or len(one) != 2 or len(other) != 2 or not _has(made, [*one, *other]):
        return
    a, b, c, d = (made.points[point] for point in (*one, *other))
    across = (b - a).real * (d - c).imag - (b - a).imag * (d - c).real
    if abs(across) > 1e-9:
        share = ((c - a).real * (d - c).imag - (c - a).imag * (d - c).real) / across
        crossing = a + (b - a) * share
        # Lines that are almost parallel meet outside of every picture.
        made.points[name] = crossing if abs(crossing - a) < 20 * abs(b - a) else (a + c) / 2


def _place_center(statement: Statement, made: Arrangement) -> None:
    """Place the center of the circle around or inside of a shape whose corners have places."""
    corners, center = statement.points(), statement.arguments[1]
    if center in made.points or not _has(made, corners):
        return
    a, b, c = (made.points[corner] for corner in corners[:3])
    if statement.name == "Inscribed":
        middle = _find_circumcenter(a, b, c)
        made.points[center], made.radii[center] = middle, abs(middle - a)
    elif abs(a - b) + abs(b - c) + abs(c - a) > 0:
        p, q, r = abs(b - c), abs(c - a), abs(a - b)
        is_triangle = len(corners) == 3
        every = [made.points[corner] for corner in corners]
        middle = (p * a + q * b + r * c) / (p + q + r) if is_triangle else sum(every) / len(every)
        made.points[center], made.radii[center] = middle, _find_distance(middle, a, b)


def _find_circumcenter(a: Point, b: Point, c: Point) -> Point:
    p, q = b - a, c - a
    across = 2 * (p.real * q.imag - p.imag * q.real)
    if abs(across) < 1e-9:
        return (a + b + c) / 3
    one, other = abs(p) * abs(p), abs(q) * abs(q)
    return a + complex(q.imag * one - p.imag * other, p.real * other - q.real * one) / across


def _find_distance(point: Point, a: Point, b: Point) -> float:
    """Return the distance of a point from the line through two others."""
    side = b - a
    return abs(((point - a) * side.conjugate()).imag) / (abs(side) or 1.0)


def _place_on_circle(statement: Statement, figure: Figure, made: Arrangement) -> None:
    """Place points on a circle, evenly among all that are to lie on it."""
    center = statement.arguments[1]
    if _has(made, statement.points()):
        return
    every = dict.fromkeys(
        point
        for other in figure.find(*ON_TOUCH)
        if other.arguments[1] == center
        for point in other.points()
        if point != center
    )
    radius = made.radii.setdefault(center, _measure_radius(figure, made, center))
    points = [point for point in statement.points() if point != center]
    for point in points:
        if point in made.points:
            continue
        angle = FIRST_ANGLE + 2 * math.pi * list(every).index(point) / max(3, len(every))
        if statement.name == "Diameter" and (ends := [p for p in points if p in made.points]):
            angle = cmath.phase(made.points[center] - made.points[ends[0]])
        made.points[point] = made.points[center] + cmath.rect(radius, angle)


def _measure_radius(figure: Figure, made: Arrangement, center: str) -> float:
    """Return how far a circle's points lie from its center; a fair size where none has a place."""
    middle = made.points[center]
    for statement in figure.find(*ON_TOUCH):
        if statement.arguments[1] == center:
            for point in statement.points():
                if point != center and point in made.points:
                    return abs(made.points[point] - middle) or 1.0
    for statement in figure.find("Tangent"):
        ends = statement.points()
        if statement.arguments[1] == center and len(ends) == 2 and _has(made, ends):
            return _find_distance(middle, made.points[ends[0]], made.points[ends[1]]) or 0.5
    spread = max((abs(point - middle) for point in made.points.values()), default=0.0)
    return 0.5 * spread or 1.0


def _place_rest(figure: Figure, made: Arrangement, points: Sequence[str]) -> None:
    """Put those of some points that have no place onto a circle around the others."""
    for statement in figure.find("Tangent"):
        _place_tangent(statement, made)
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


def _place_tangent(statement: Statement, made: Arrangement) -> None:
    """Place the outer end of a tangent whose other end lies on the circle."""
    ends, center = statement.points(), statement.arguments[1]
    placed = [point for point in ends if point in made.points]
    if len(ends) == 2 and len(placed) == 1 and center in made.points:
        (outer,) = set(ends) - set(placed)
        touch = made.points[placed[0]]
        made.points[outer] = touch + 1.4j * (touch - made.points[center])
