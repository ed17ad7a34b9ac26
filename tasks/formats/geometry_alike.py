"""Statements of geometry that say the same in other words: AB is BA, and a triangle ABC is BCA.

Points are put into one order, by what they name: the ends of a segment, the corners of a shape
around it, the arms of an angle. Things that a relation names without an order are sorted.
"""

import re
from collections.abc import Sequence

POINT = r"[A-Z](?:[0-9]{1,3}|_[0-9]{1,3})?'{0,3}"
POINTS = re.compile(POINT)
MUTUAL = ("Parallel", "Perpendicular", "Congruent", "CongruentAngles", "Similar", "TangentCircles",
          "Collinear")  # fmt: skip
"""Statements whose arguments may change places."""
MATCHED = ("Congruent", "Similar")
"""Statements in which the corners of one shape belong to those of the other, in their order."""


def order_arguments(name: str, arguments: Sequence[str], kinds: Sequence[str]) -> list[str]:
    """Write the arguments of a statement so that those that say the same are the same.

    Args:
        name: of the statement.
        arguments: as they are written; each fits its kind.
        kinds: of the arguments; `...` means more of the last kind.
    """
    if all(kind in ("point", "...") for kind in kinds) and len(kinds) > 2 and name not in MUTUAL:
        return _order_around(arguments)  # The corners of a shape.
    padded = [*kinds, *(kinds[-1] for _ in arguments)]
    ordered = [
        argument
        if name == "Ray" or (name in MATCHED and len(POINTS.findall(argument)) > 2)
        else order_points(argument, kind)
        for argument, kind in zip(arguments, padded, strict=False)
    ]
    if name == "Intersection":
        return [ordered[0], *sorted(ordered[1:])]
    return sorted(ordered) if name in MUTUAL else ordered


def order_points(argument: str, kind: str, *, is_measured: bool = False) -> str:
    """Write the points of one argument in one order.

    `is_measured`: its size alone counts, so that the corners of a shape may be in any order.
    """
    points = POINTS.findall(argument)
    if kind == "angle" or (kind == "arc" and len(points) > 2):
        return "".join(min(points, points[::-1])) or argument
    if kind == "shape" and len(points) > 2 and not is_measured:
        return argument
    return "".join(sorted(points)) or argument


def _order_around(points: Sequence[str]) -> list[str]:
    """Go around a shape from its first point in the alphabet, to the lesser of its neighbors."""
    start = min(range(len(points)), key=lambda at: points[at])
    onwards = [*points[start:], *points[:start]]
    backwards = [onwards[0], *reversed(onwards[1:])]
    return min(onwards, backwards)
