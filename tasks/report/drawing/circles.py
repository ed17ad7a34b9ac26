"""Points that a statement places by circles: centers, points on them, ends of tangents."""

import cmath
import math

from tasks.report.drawing.arrangement import Arrangement, Point
from tasks.report.drawing.figure import Figure, Statement

ON_TOUCH = ("OnCircle", "Chord", "Diameter", "Radius", "Secant", "Inscribed", "Arc")
"""Statements whose first argument has points on a circle."""
FIRST_ANGLE = -0.75 * math.pi
"""Where the first point stands on a circle: at the top left."""


def place_circle(statement: Statement, made: Arrangement) -> None:
    """Place a circle that touches another from outside."""
    known, new = (
        statement.arguments
        if statement.arguments[0] in made.points
        else (*reversed(statement.arguments),)
    )
    if known in made.radii and new not in made.points:
        made.radii[new] = 0.6 * made.radii[known]
        made.points[new] = made.points[known] + 1.6 * made.radii[known]


def place_center(statement: Statement, made: Arrangement) -> None:
    """Place the center of the circle around or inside of a shape whose corners have places."""
    corners, center = statement.points(), statement.arguments[1]
    if center in made.points or not made.has(corners):
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


def place_on_circle(statement: Statement, figure: Figure, made: Arrangement) -> None:
    """Place points on a circle, evenly among all that are to lie on it."""
    center = statement.arguments[1]
    if made.has(statement.points()):
        return
    every = dict.fromkeys(
        point
        for other in figure.find(*ON_TOUCH)
        if other.arguments[1] == center
        for point in other.points()
        if point != center
    )
    radius = made.radii.setdefault(center, measure_radius(figure, made, center))
    points = [point for point in statement.points() if point != center]
    for point in points:
        if point in made.points:
            continue
        angle = FIRST_ANGLE + 2 * math.pi * list(every).index(point) / max(3, len(every))
        if statement.name == "Diameter" and (ends := [p for p in points if p in made.points]):
            angle = cmath.phase(made.points[center] - made.points[ends[0]])
        made.points[point] = made.points[center] + cmath.rect(radius, angle)


def measure_radius(figure: Figure, made: Arrangement, center: str) -> float:
    """Return how far a circle's points lie from its center; a fair size where none has a place."""
    middle = made.points[center]
    for statement in figure.find(*ON_TOUCH):
        if statement.arguments[1] == center:
            for point in statement.points():
                if point != center and point in made.points:
                    return abs(made.points[point] - middle) or 1.0
    for statement in figure.find("Tangent"):
        ends = statement.points()
        if statement.arguments[1] == center and len(ends) == 2 and made.has(ends):
            return _find_distance(middle, made.points[ends[0]], made.points[ends[1]]) or 0.5
    spread = max((abs(point - middle) for point in made.points.values()), default=0.0)
    return 0.5 * spread or 1.0


def place_tangent(statement: Statement, made: Arrangement) -> None:
    """Place the outer end of a tangent whose other end lies on the circle."""
    ends, center = statement.points(), statement.arguments[1]
    placed = [point for point in ends if point in made.points]
    if len(ends) == 2 and len(placed) == 1 and center in made.points:
        (outer,) = set(ends) - set(placed)
        touch = made.points[placed[0]]
        made.points[outer] = touch + 1.4j * (touch - made.points[center])
