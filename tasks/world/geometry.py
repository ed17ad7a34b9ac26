"""Triangles and quadrilaterals with labelled sides; the formal text is geometry predicates.

    Triangle(P,Q,R)
    Length(PQ)=7
    Length(QR)=9
    Length(RP)=5

The figures are not to scale, as in many a textbook: the labels count.
"""

import random
from dataclasses import dataclass

from tasks.world.canvas import (
    COLORS,
    INK,
    Canvas,
    Color,
    Drawing,
    Point,
    pick_background,
    vary_color,
)
from tasks.world.figures import Listing, Question

CORNER_NAMES = {
    3: ("EFG", "KLM", "PQR", "STU", "XYZ"),
    4: ("EFGH", "KLMN", "PQRS", "UVWX"),
}
SHAPE_NAMES = {3: "Triangle", 4: "Quadrilateral"}
SIDE_PIXELS = 112
CORNERS: dict[int, tuple[tuple[Point, ...], ...]] = {
    3: (
        ((56, 24), (92, 88), (20, 88)),
        ((24, 24), (88, 88), (24, 88)),
        ((24, 26), (90, 26), (56, 88)),
    ),
    4: (
        ((26, 28), (86, 28), (86, 86), (26, 86)),
        ((36, 28), (80, 28), (92, 86), (22, 86)),
        ((38, 28), (92, 28), (76, 86), (22, 86)),
    ),
}
"""Layouts, clockwise from the first corner."""
JITTER_PIXELS = 3.0
LETTER_DISTANCE, NUMBER_DISTANCE = 11.0, 11.0
SHORTEST, LONGEST = 2, 19


@dataclass(frozen=True, slots=True)
class Polygon:
    """A triangle or quadrilateral: corners clockwise, and the length of each side."""

    corners: str
    lengths: tuple[int, ...]

    @property
    def sides(self) -> tuple[str, ...]:
        """Names of the sides, each from a corner to the next."""
        turned = self.corners[1:] + self.corners[:1]
        return tuple(first + second for first, second in zip(self.corners, turned, strict=True))

    @property
    def formal_text(self) -> str:
        """One predicate a line."""
        head = f"{SHAPE_NAMES[len(self.corners)]}({','.join(self.corners)})"
        pairs = zip(self.sides, self.lengths, strict=True)
        return "\n".join([head, *(f"Length({side})={length}" for side, length in pairs)])

    def draw(self, rng: random.Random) -> Drawing:
        """Draw the outline over a pale filling, corner letters and side lengths outside it."""
        canvas = Canvas(SIDE_PIXELS, SIDE_PIXELS, pick_background(rng))
        points = [_shake(point, rng) for point in rng.choice(CORNERS[len(self.corners)])]
        color = vary_color(rng, rng.choice(list(COLORS.values())))
        canvas.fill_polygon(points, _soften(color))
        canvas.draw_line([*points, points[0], points[1]], color, rng.uniform(1.2, 2.0))
        middle = _average(points)
        sizes = rng.uniform(13, 15), rng.uniform(13, 15)
        for index, letter in enumerate(self.corners):
            corner = _push(points[index], middle, LETTER_DISTANCE)
            canvas.write(corner, letter, sizes[0], INK)
            side = [points[index], points[(index + 1) % len(points)]]
            at = _push(_average(side), middle, NUMBER_DISTANCE)
            canvas.write(at, str(self.lengths[index]), sizes[1], (168, 36, 36))
            canvas.mark(at, str(self.lengths[index]))
            canvas.mark(corner, letter)
        return canvas.finish(rng)

    def ask(self, rng: random.Random) -> Question:
        """Ask a random question about the sides."""
        return Listing(
            entries=tuple(zip(self.sides, self.lengths, strict=True)),
            noun="length",
            entry_word="side",
            total_text="What is the perimeter?",
        ).ask(rng)


def make_polygon(rng: random.Random) -> Polygon:
    """Make a triangle or quadrilateral whose lengths can be those of a real one."""
    num_sides = rng.choice((3, 4))
    while True:
        lengths = tuple(rng.randint(SHORTEST, LONGEST) for _ in range(num_sides))
        if 2 * max(lengths) < sum(lengths):
            return Polygon(rng.choice(CORNER_NAMES[num_sides]), lengths)


def _shake(point: Point, rng: random.Random) -> Point:
    return (
        point[0] + rng.uniform(-JITTER_PIXELS, JITTER_PIXELS),
        point[1] + rng.uniform(-JITTER_PIXELS, JITTER_PIXELS),
    )


def _average(points: list[Point]) -> Point:
    return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)


def _push(point: Point, away_from: Point, distance: float) -> Point:
    """Move a point outwards, and keep it inside the image."""
    across, down = point[0] - away_from[0], point[1] - away_from[1]
    reach = max(1.0, (across**2 + down**2) ** 0.5)
    moved = point[0] + distance * across / reach, point[1] + distance * down / reach
    return min(102.0, max(10.0, moved[0])), min(103.0, max(9.0, moved[1]))


def _soften(color: Color) -> Color:
    """Mix a color with much white."""
    red, green, blue = (255 - (255 - value) // 7 for value in color)
    return red, green, blue
