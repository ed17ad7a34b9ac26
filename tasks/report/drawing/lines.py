"""Points that a statement places on lines: feet, crossings, ends of parallels."""

from collections.abc import Sequence

from tasks.report.drawing.arrangement import Arrangement
from tasks.report.drawing.figure import Figure, Statement


def place_on_line(
    statement: Statement, figure: Figure, made: Arrangement, share: float | None = None
) -> None:
    """Place a point on the line between two others, as far along as is known."""
    name, ends = statement.arguments[0], statement.points(1)
    if name in made.points or not made.has(ends):
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


def place_beside(statement: Statement, made: Arrangement) -> None:
    """Place a line that is parallel or perpendicular to one that has its place."""
    pairs = [statement.points(place) for place in range(2)]
    known, new = pairs if made.has(pairs[0]) else reversed(pairs)
    if len(known) != 2 or len(new) != 2 or not made.has(known):
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


def place_foot(statement: Statement, made: Arrangement) -> None:
    """Place the foot of an altitude, a median or a bisector on the side across."""
    ends, corners = statement.points(), statement.points(1)
    if len(ends) != 2 or len(corners) != 3 or ends[0] not in corners or not made.has(corners):
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


def place_crossing(statement: Statement, made: Arrangement) -> None:
    """Place a point where two lines meet, or between them where they hardly do."""
    name, one, other = statement.arguments[0], statement.points(1), statement.points(2)
    if name in made.points or len(one) != 2 or len(other) != 2 or not made.has([*one, *other]):
        return
    a, b, c, d = (made.points[point] for point in (*one, *other))
    across = (b - a).real * (d - c).imag - (b - a).imag * (d - c).real
    if abs(across) > 1e-9:
        share = ((c - a).real * (d - c).imag - (c - a).imag * (d - c).real) / across
        crossing = a + (b - a) * share
        # Lines that are almost parallel meet outside of every picture.
        made.points[name] = crossing if abs(crossing - a) < 20 * abs(b - a) else (a + c) / 2
