"""Where the corners of one shape lie, from its sides and angles.

A shape whose sides are known is drawn as the one that a circle goes around: of a triangle that is
the only one, of a shape with more corners one of many. Screen coordinates: y grows downwards.
"""

import cmath
import math
from collections.abc import Sequence
from dataclasses import replace

from tasks.report.drawing.figure import Figure, list_sides

HALVINGS = 60
"""Steps of a bisection: enough for all digits of a float."""
SLANT = 65.0
"""Degrees in a parallelogram or rhombus whose angles are not given."""


def place_shape(figure: Figure, kind: str, corners: Sequence[str]) -> tuple[list[complex], str]:
    """Place the corners of a shape.

    Returns:
        A point for each corner, around the origin and about 1 from it, and how true they are: a
        sentence for the reader.
    """
    if len(corners) == 3:
        solve_triangle(figure, corners)
    lengths = [figure.lengths.get(side) for side in list_sides(corners)]
    sides = [length for length in lengths if length is not None]
    if len(sides) == len(corners) and (placed := place_on_circle(sides)):
        if kind in ("Parallelogram", "Rhombus"):
            return _slant(figure, corners, sides), "Sides to scale."
        is_true = len(corners) == 3 or kind in ("Square", "Rectangle", "RegularPolygon")
        told = "To scale." if is_true else "Sides to scale; the angles are not given by them."
        return placed, told
    even = place_on_circle([1.0] * len(corners)) or []
    if len(sides) == len(corners):
        return even, "Not to scale: no shape has these sides."
    return _guess(figure, corners) or even, "Not to scale: not all sides are known."


def _guess(figure: Figure, corners: Sequence[str]) -> list[complex] | None:
    """Place a triangle of which an angle is known, with sides of a likely length beside it."""
    sides = list_sides(corners)
    trial = replace(figure, lengths=dict(figure.lengths))
    likely = next((trial.lengths[side] for side in sides if side in trial.lengths), 1.0)
    for corner in corners if len(corners) == 3 else ():
        if (corner, frozenset(corners) - {corner}) in figure.angles:
            for side in sides:
                if corner in side:
                    trial.lengths.setdefault(side, likely)
            solve_triangle(trial, corners)
            return place_on_circle([trial.lengths.get(side, 0.0) for side in sides])
    return None


def solve_triangle(figure: Figure, corners: Sequence[str]) -> None:
    """Add the sides of a triangle that follow from other sides and its angles."""
    a, b, c = list_sides(corners)[1], list_sides(corners)[2], list_sides(corners)[0]
    sides = dict(zip(corners, (a, b, c), strict=True))
    angles = {
        corner: figure.angles[corner, side]
        for corner, side in sides.items()
        if (corner, side) in figure.angles
    }
    if len(angles) == 2:
        (third,) = [corner for corner in corners if corner not in angles]
        angles[third] = 180.0 - sum(angles.values())
    if not all(0 < degrees < 180 for degrees in angles.values()):
        return
    if len(angles) == 3 and abs(sum(angles.values()) - 180) < 0.5:
        _use_sines(figure, sides, angles)
    for corner, degrees in angles.items():
        _use_cosine(figure, sides, corner, math.radians(degrees))


def _use_sines(figure: Figure, sides: dict[str, frozenset[str]], angles: dict[str, float]) -> None:
    """Law of sines; angles alone give the shape, at any size."""
    known = [corner for corner, side in sides.items() if side in figure.lengths]
    ratio = 1.0
    if known:
        corner = known[0]
        ratio = figure.lengths[sides[corner]] / math.sin(math.radians(angles[corner]))
    for corner, side in sides.items():
        figure.lengths.setdefault(side, ratio * math.sin(math.radians(angles[corner])))


def _use_cosine(
    figure: Figure, sides: dict[str, frozenset[str]], corner: str, angle: float
) -> None:
    """Law of cosines, for the side across, or for one beside where the others are known."""
    across = sides[corner]
    beside = [side for name, side in sides.items() if name != corner]
    p, q = (figure.lengths.get(side) for side in beside)
    far = figure.lengths.get(across)
    if far is None and p is not None and q is not None:
        figure.lengths[across] = math.sqrt(max(0.0, p * p + q * q - 2 * p * q * math.cos(angle)))
    elif far is not None and (p is None) != (q is None):
        known, unknown = (q, beside[0]) if p is None else (p, beside[1])
        height = (known or 0.0) * math.sin(angle)
        root = far * far - height * height
        if root >= 0 and (length := (known or 0.0) * math.cos(angle) + math.sqrt(root)) > 0:
            figure.lengths[unknown] = length


def place_on_circle(sides: Sequence[float]) -> list[complex] | None:
    """Place a shape with these sides on the circle of radius 1, the middle side at the bottom.

    Returns:
        Its corners, clockwise on a screen; None where no shape has these sides.
    """
    if not all(0 < side < math.inf for side in sides):
        return None
    parts = [side / max(sides) for side in sides]
    if sum(parts) <= 2:
        return None
    radius, is_outside = _find_radius(parts)
    arcs = [2 * math.asin(min(1.0, part / (2 * radius))) for part in parts]
    if is_outside:
        place = parts.index(1.0)
        arcs[place] = 2 * math.pi - arcs[place]
    middle = len(sides) // 2
    start = math.pi / 2 - sum(arcs[:middle]) - arcs[middle] / 2
    return [cmath.rect(1.0, start + sum(arcs[:i])) for i in range(len(sides))]


def _find_radius(sides: Sequence[float]) -> tuple[float, bool]:
    """Find the circle around a shape, and whether its center lies beyond the longest side.

    The longest side is 1, and the others together are longer.
    """
    longest = max(sides)

    def measure(radius: float, sign: float) -> float:
        arcs = [math.asin(min(1.0, side / (2 * radius))) for side in sides]
        return sum(arcs) - (1 - sign) * math.asin(min(1.0, longest / (2 * radius)))

    low = longest / 2
    is_outside = measure(low, 1.0) < math.pi
    # Inside, the arcs make a whole turn; outside, all the others make that of the longest.
    high = sum(sides) * 1e4
    for _ in range(HALVINGS):
        radius = (low + high) / 2
        excess = -measure(radius, -1.0) if is_outside else measure(radius, 1.0) - math.pi
        low, high = (radius, high) if excess > 0 else (low, radius)
    return (low + high) / 2, is_outside


def _slant(figure: Figure, corners: Sequence[str], sides: Sequence[float]) -> list[complex]:
    """Place a parallelogram with its first side on top."""
    a, b, _, d = corners
    degrees = figure.angles.get((a, frozenset((b, d))), SLANT)
    across, down = complex(sides[0]), cmath.rect(sides[3], math.radians(180 - degrees))
    placed = [0j, across, across + down, down]
    middle = sum(placed) / 4
    size = max(abs(point - middle) for point in placed)
    return [(point - middle) / size for point in placed]
