"""What geometry predicates say of a figure, as far as it can be drawn.

A valid text goes in (see `tasks/formats/geometry_figure.py` for the grammar); shapes, segments,
circles and values come out.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tasks.formats.geometry_figure import POINT
from tasks.formats.geometry_values import read_number

SHAPES = frozenset((
    "Triangle", "RightTriangle", "IsoscelesTriangle", "EquilateralTriangle", "Quadrilateral",
    "Parallelogram", "Rectangle", "Square", "Rhombus", "Trapezoid", "Kite", "Pentagon", "Hexagon",
    "Octagon", "Polygon", "RegularPolygon",
))  # fmt: skip
EQUAL_SIDES = frozenset(("EquilateralTriangle", "Square", "Rhombus", "RegularPolygon"))
OPPOSITE_SIDES = frozenset(("Parallelogram", "Rectangle"))
CHORDS = frozenset(("Chord", "Diameter", "Radius", "Secant", "Tangent"))
LINES = frozenset(("Segment", "Ray", "Line", "Altitude", "Median", "Bisector", *CHORDS))
"""Statements whose first argument is drawn as a line between two points."""
MIN_LENGTH, MAX_LENGTH = 1e-6, 1e9
"""Lengths beyond are labels alone."""
_STATEMENT = re.compile(r"\s*([A-Za-z]\w*)\s*\(([^()]*)\)\s*(?:=\s*(.*\S))?\s*")
_POINT = re.compile(POINT)
Pair = frozenset[str]


@dataclass(frozen=True, slots=True)
class Statement:
    """One line: its name, its arguments, and its value if it is a measure."""

    name: str
    arguments: tuple[str, ...]
    value: str | None

    def points(self, place: int = 0) -> list[str]:
        """Return the points of one argument."""
        return _POINT.findall(self.arguments[place])


@dataclass(slots=True)
class Figure:
    """A figure: what is drawn, and what is known of its sizes."""

    statements: list[Statement]
    points: dict[str, None] = field(default_factory=dict[str, None])
    """In the order in which they occur."""
    shapes: list[tuple[str, list[str]]] = field(default_factory=list[tuple[str, list[str]]])
    """(kind, corners)."""
    segments: dict[Pair, None] = field(default_factory=dict[Pair, None])
    circles: dict[str, None] = field(default_factory=dict[str, None])
    """By their centers."""
    lengths: dict[Pair, float] = field(default_factory=dict[Pair, float])
    """Two points to the number between them."""
    angles: dict[tuple[str, Pair], float] = field(default_factory=dict[tuple[str, Pair], float])
    """(corner, the points of its sides) to degrees."""
    labels: dict[Pair, str] = field(default_factory=dict[Pair, str])
    """Two points to the length as it is written."""
    angle_labels: dict[tuple[str, Pair], str] = field(default_factory=dict[tuple[str, Pair], str])

    def find(self, *names: str) -> Iterator[Statement]:
        """Yield the statements of some names, in their order."""
        return (statement for statement in self.statements if statement.name in names)


def read_figure(text: str) -> Figure:
    """Read a valid figure."""
    figure = Figure([])
    for line in text.split("\n"):
        if found := _STATEMENT.fullmatch(line):
            arguments = tuple(argument.strip() for argument in found[2].split(","))
            figure.statements.append(Statement(found[1], arguments, found[3]))
            if found[1] == "Semicircle":
                figure.statements.append(Statement("Diameter", arguments[::-1], None))
    for statement in figure.statements:
        _note_points(figure, statement)
        _note_shape(figure, statement)
        _note_measure(figure, statement)
    for kind, corners in figure.shapes:
        _equate_sides(figure, kind, corners)
    return figure


def _note_points(figure: Figure, statement: Statement) -> None:
    """Note points; names of numbered angles and of lines with small letters are none."""
    if statement.value is None:
        for place in range(len(statement.arguments)):
            figure.points.update(dict.fromkeys(statement.points(place)))


def _note_shape(figure: Figure, statement: Statement) -> None:
    name = statement.name
    if name in SHAPES:
        corners = list(statement.arguments)
        figure.shapes.append((name, corners))
        figure.segments.update(dict.fromkeys(list_sides(corners)))
    elif name in ("Circle", "TangentCircles"):
        figure.circles.update(dict.fromkeys(statement.arguments))
    elif name in ("Inscribed", "Circumscribed") and len(statement.points()) > 2:
        figure.segments.update(dict.fromkeys(list_sides(statement.points())))
    if name in LINES and len(pair := statement.points()) == 2:
        figure.segments[frozenset(pair)] = None
    if name in CHORDS | {"OnCircle", "Inscribed", "Circumscribed", "Arc"}:
        figure.circles[statement.arguments[1]] = None
    if name in ("Parallel", "Perpendicular", "Congruent"):
        pairs = [statement.points(place) for place in range(2)]
        figure.segments.update({frozenset(pair): None for pair in pairs if len(pair) == 2})


def _note_measure(figure: Figure, statement: Statement) -> None:
    name, value = statement.name, statement.value
    if name == "RightAngle" and len(points := statement.points()) == 3:
        figure.angles[points[1], frozenset((points[0], points[2]))] = 90.0
    elif name == "Perpendicular":
        _note_right_angle(figure, *(frozenset(statement.points(place)) for place in range(2)))
    if value is None:
        return
    points, number = statement.points(), read_number(value)
    if name in ("Length", "Distance") and len(points) == 2:
        figure.labels[frozenset(points)] = value
        if number is not None and MIN_LENGTH < number < MAX_LENGTH:
            figure.lengths[frozenset(points)] = number
    elif name == "Angle" and len(points) == 3:
        key = points[1], frozenset((points[0], points[2]))
        figure.angle_labels[key] = value
        if number is not None:
            figure.angles[key] = number


def _note_right_angle(figure: Figure, one: Pair, other: Pair) -> None:
    """Two sides that stand on each other and share a corner."""
    if len(one) == len(other) == 2 and len(corner := one & other) == 1:
        figure.angles[next(iter(corner)), one ^ other] = 90.0


def _equate_sides(figure: Figure, kind: str, corners: Sequence[str]) -> None:
    """Note the lengths that follow from what a shape is called."""
    sides = list_sides(corners)
    known = [figure.lengths.get(side) for side in sides]
    if kind in EQUAL_SIDES:
        length = next((length for length in known if length is not None), None)
        known = [length] * len(sides)
    elif kind in OPPOSITE_SIDES:
        known = [known[i] if known[i] is not None else known[i - 2] for i in range(4)]
    for side, length in zip(sides, known, strict=True):
        if length is not None:
            figure.lengths.setdefault(side, length)


def list_sides(corners: Sequence[str]) -> list[Pair]:
    """Return the sides of a shape, the one between the first two corners first."""
    return [frozenset((a, b)) for a, b in zip(corners, [*corners[1:], corners[0]], strict=True)]
