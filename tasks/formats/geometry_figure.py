"""Geometry: a figure as predicates, one statement a line.

    Triangle(A,B,C)
    Circle(O)
    Length(AB)=2x+3
    Angle(ABC)=90
    Perpendicular(AD,BC)
    On(D,BC)

A point is a capital letter, with digits or primes after it if need be: A, B1, C'. A line may also
have a small letter as its name: l, m2. Points that name one thing together are written together
(AB, ABC), as in the books; the corners of a shape are parted by commas. `STATEMENTS` is the whole
vocabulary and `MEASURES` what has a value; `geometry_values` says how values are written.

A statement about a measure needs figures that hold its points; one thing has one value. Numbers
need not fit a drawing to scale, since many a textbook figure is not.
"""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tasks.formats.geometry_alike import POINT, POINTS, order_arguments, order_points
from tasks.formats.geometry_values import find_value_problem, read_number
from tasks.formats.problems import Problem, list_names, quote

MAX_POINTS = 30
KINDS: dict[str, tuple[str, str]] = {
    "point": (POINT, "a point such as A"),
    "line": (rf"(?:{POINT}){{2}}|[a-z][0-9]?", "two points such as AB, or a line's name such as l"),
    "segment": (rf"(?:{POINT}){{2}}", "two points such as AB"),
    "angle": (rf"(?:{POINT}){{3}}|[1-9][0-9]?", "three points such as ABC, or a number such as 1"),
    "arc": (rf"(?:{POINT}){{2,3}}", "two or three points such as AB or ACB"),
    "triangle": (rf"(?:{POINT}){{3}}", "three points such as ABC"),
    "shape": (rf"(?:{POINT}){{2,12}}", "points such as AB, ABC or ABCD"),
    "value": (r".+", "a number"),
}
"""How an argument is written: a pattern and its name in messages."""
_SHAPES = {
    "Triangle": 3, "RightTriangle": 3, "IsoscelesTriangle": 3, "EquilateralTriangle": 3,
    "Quadrilateral": 4, "Parallelogram": 4, "Rectangle": 4, "Square": 4, "Rhombus": 4,
    "Trapezoid": 4, "Kite": 4, "Pentagon": 5, "Hexagon": 6, "Octagon": 8,
}  # fmt: skip
STATEMENTS: dict[str, tuple[str, ...]] = {
    **{name: ("point",) * count for name, count in _SHAPES.items()},
    "Polygon": ("point", "point", "point", "..."),
    "RegularPolygon": ("point", "point", "point", "..."),
    "Point": ("point",),
    "Segment": ("segment",),
    "Ray": ("segment",),
    "Line": ("line",),
    "Circle": ("point",),
    "Semicircle": ("point", "segment"),
    "Arc": ("arc", "point"),
    "Chord": ("segment", "point"),
    "Diameter": ("segment", "point"),
    "Radius": ("segment", "point"),
    "Tangent": ("line", "point"),
    "Secant": ("line", "point"),
    "TangentCircles": ("point", "point"),
    "Parallel": ("line", "line"),
    "Perpendicular": ("line", "line"),
    "RightAngle": ("angle",),
    "Congruent": ("shape", "shape"),
    "CongruentAngles": ("angle", "angle"),
    "Similar": ("shape", "shape"),
    "On": ("point", "line"),
    "OnCircle": ("point", "point"),
    "Inside": ("point", "shape"),
    "Midpoint": ("point", "segment"),
    "Intersection": ("point", "line", "line"),
    "Collinear": ("point", "point", "point", "..."),
    "Bisector": ("line", "angle"),
    "Altitude": ("segment", "triangle"),
    "Median": ("segment", "triangle"),
    "Inscribed": ("shape", "point"),
    "Circumscribed": ("shape", "point"),
    "Shaded": ("shape",),
}
"""Statement to the kinds of its arguments; `...` means more of the last kind."""
MEASURES: dict[str, str] = {
    "Length": "segment",
    "Distance": "segment",
    "Angle": "angle",
    "ArcAngle": "arc",
    "ArcLength": "arc",
    "RadiusLength": "point",
    "DiameterLength": "point",
    "Area": "shape",
    "Perimeter": "shape",
    "Coordinates": "point",
}
"""What has a value to the kind of its argument: Length(AB)=5, RadiusLength(O)=3."""
APART = ("Midpoint", "Inside")
"""Statements whose point is none of those that follow it."""
_STATEMENT = re.compile(r"\s*([A-Za-z]\w{0,40})\s*\(([^()]{0,400})\)\s*(?:=\s*(\S.{0,400}))?")


@dataclass(slots=True)
class Figure:
    """What has been said so far."""

    first_lines: dict[str, int] = field(default_factory=dict[str, int])
    """Statement, written alike, to the line of its first time."""
    values: dict[tuple[str, str], tuple[str, int]] = field(
        default_factory=dict[tuple[str, str], tuple[str, int]]
    )
    """(measure, points in a fixed order) to its value and line."""
    points: set[str] = field(default_factory=set[str])
    """Points that a statement other than a measure names."""


def check_geometry(text: str) -> Iterator[Problem]:
    """Yield the problems of a figure written as predicates."""
    figure = Figure()
    measures: list[tuple[int, str]] = []
    for line, statement in enumerate(text.split("\n"), start=1):
        if not statement.strip():
            continue
        problem = _check_statement(statement, line, figure, measures)
        if problem:
            yield Problem(line, problem)
    for line, argument in measures:
        unknown = [point for point in POINTS.findall(argument) if point not in figure.points]
        if unknown:
            yield Problem(
                line,
                f"No figure has the point {unknown[0]}; state the figure that it belongs to, "
                f"such as Segment({argument}), or correct the letter.",
            )


def _check_statement(
    statement: str, line: int, figure: Figure, measures: list[tuple[int, str]]
) -> str | None:
    """Return what is wrong with one line, else note what it says."""
    found = _STATEMENT.fullmatch(statement.rstrip())
    if not found:
        return f"{quote(statement.strip())} is not like Triangle(A,B,C) or Length(AB)=5."
    name, inside, value = found.groups()
    arguments = [argument.strip() for argument in inside.split(",")]
    if name in MEASURES and (value is not None or name not in STATEMENTS):
        problem = _check_measure(name, arguments, value, line, figure)
        if (not problem and MEASURES[name] != "angle") or POINTS.match(arguments[0]):
            measures.append((line, arguments[0]))
        return problem
    if name not in STATEMENTS:
        return _suggest(name)
    if value is not None:
        return f"{name} has no value; values have {list_names(MEASURES)}."
    problem = _check_arguments(name, arguments, STATEMENTS[name])
    if problem:
        return problem
    alike = order_arguments(name, arguments, STATEMENTS[name])
    first = figure.first_lines.setdefault(f"{name}({','.join(alike)})", line)
    figure.points.update(POINTS.findall(inside))
    return f"This repeats line {first}; remove it." if first != line else None


def _suggest(name: str) -> str:
    known = [*STATEMENTS, *MEASURES]
    by_folded = {word.lower(): word for word in known}
    close = difflib.get_close_matches(name.lower(), by_folded, n=1)
    remedy = f"write {by_folded[close[0]]}" if close else f"use {list_names(known)}"
    return f"There is no statement {quote(name)}; {remedy}."


def _check_arguments(name: str, arguments: list[str], kinds: tuple[str, ...]) -> str | None:
    """Return what is wrong with the number, the form or the points of arguments."""
    is_open = kinds[-1] == "..."
    wanted = kinds[:-1] if is_open else kinds
    if len(arguments) < len(wanted) or (not is_open and len(arguments) > len(wanted)):
        count = f"{len(wanted)}{' or more' * is_open}"
        return f"{name} takes {count} arguments parted by commas, not {len(arguments)}."
    if len(arguments) > MAX_POINTS:
        return f"{name} has {len(arguments)} points; at most {MAX_POINTS} are read."
    padded = (*wanted, *(wanted[-1:] * (len(arguments) - len(wanted))))
    for argument, kind in zip(arguments, padded, strict=True):
        pattern, described = KINDS[kind]
        if not re.fullmatch(pattern, argument):
            return f"{quote(argument)} in {name} must be {described}."
        points = POINTS.findall(argument)
        if len(set(points)) < len(points):
            return f"{quote(argument)} in {name} names a point twice."
    alike = [order_points(each, kind) for each, kind in zip(arguments, padded, strict=True)]
    if len(set(alike)) < len(alike):
        return f"{name} names the same thing twice."
    if name in APART and arguments[0] in POINTS.findall(arguments[1]):
        point, whole = arguments[:2]
        return f"{point} in {name} is an end or a corner of {whole}; name another point."
    return None


def _check_measure(
    name: str, arguments: list[str], value: str | None, line: int, figure: Figure
) -> str | None:
    """Return what is wrong with a measure, else note its value."""
    problem = _check_arguments(name, arguments, (MEASURES[name],))
    if problem:
        return problem
    if value is None:
        return f"{name} needs a value, such as {name}({arguments[0]})=5."
    if problem := find_value_problem(name, value):
        return problem
    plain = "".join(value.split())
    measured = order_points(arguments[0], MEASURES[name], is_measured=True)
    earlier, first = figure.values.setdefault((name, measured), (plain, line))
    if first == line:
        return None
    if earlier == plain:
        return f"This repeats line {first}; remove it."
    numbers = read_number(earlier), read_number(plain)
    if None not in numbers and numbers[0] != numbers[1]:
        return f"Line {first} gives {quote(earlier)} for the same thing; keep the one shown."
    return None
