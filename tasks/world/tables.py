"""Tables: two or three items with two numbers each; the formal text is CSV.

item,cost,age
cup,12,7
hat,3,28
"""

import random
from dataclasses import dataclass

from tasks.world.canvas import (
    AXIS,
    COLORS,
    GRID,
    Canvas,
    Color,
    Drawing,
    pick_background,
    vary_color,
)
from tasks.world.figures import Listing, Question

ITEMS = ("cup", "hat", "key", "map", "pen", "box", "toy", "bag")
COLUMNS = ("cost", "size", "mass", "age")
HIGHEST = 30
SIDE = 112
ROW_PIXELS = 28
CENTERS = (18.0, 55.0, 92.0)
"""Of the columns, in pixels."""
RULES = (0.5, 36.5, 73.5, 111.0)


@dataclass(frozen=True, slots=True)
class Table:
    """Items and their numbers, one row each."""

    columns: tuple[str, str]
    rows: tuple[tuple[str, int, int], ...]

    @property
    def formal_text(self) -> str:
        """CSV with a header."""
        head = ",".join(("item", *self.columns))
        return head + "\n" + "\n".join(f"{name},{left},{right}" for name, left, right in self.rows)

    def draw(self, rng: random.Random) -> Drawing:
        """Draw a tinted header, rules, and the cells."""
        canvas = Canvas(SIDE, SIDE, pick_background(rng))
        height = ROW_PIXELS * (len(self.rows) + 1)
        tint = _soften(vary_color(rng, rng.choice(list(COLORS.values()))))
        canvas.fill_box(((0.5, 0.5), (SIDE - 1, ROW_PIXELS)), tint)
        _draw_rules(canvas, height)
        sizes = rng.uniform(11.5, 12.5), rng.uniform(13, 15)
        for index, cells in enumerate([("item", *self.columns), *self.rows]):
            y = ROW_PIXELS * (index + 0.5) + rng.uniform(-1, 1)
            for column, cell in enumerate(cells):
                is_word = index == 0 or column == 0
                x = CENTERS[column] + rng.uniform(-1, 1)
                canvas.write((x, y), str(cell), sizes[0] if is_word else sizes[1])
                canvas.mark((CENTERS[column], ROW_PIXELS * (index + 0.5)), str(cell))
        return canvas.finish(rng)

    def ask(self, rng: random.Random) -> Question:
        """Ask about one column, or about the two numbers of one item."""
        if rng.random() < 0.25:
            return self._ask_row(rng)
        which = rng.randrange(2)
        column = self.columns[which]
        return Listing(
            entries=tuple((str(row[0]), int(row[which + 1])) for row in self.rows),
            noun=column,
            entry_word="item",
            prefix=f"the {column} of ",
            preface=f"{column} {which + 1}: ",
            total_text=f"What is the total {column}?",
        ).ask(rng)

    def _ask_row(self, rng: random.Random) -> Question:
        name, left, right = rng.choice(self.rows)
        listing = Listing(
            entries=((self.columns[0], left), (self.columns[1], right)),
            noun="number",
            entry_word="column",
            prefix="the ",
            suffix=f" of {name}",
            preface=f"{name}: ",
            total_text=f"What is the total of {name}?",
        )
        return listing.ask_pair(rng)


def make_table(rng: random.Random) -> Table:
    """Make a table of two or three items."""
    first, second = rng.sample(COLUMNS, 2)
    names = rng.sample(ITEMS, rng.randint(2, 3))
    rows = tuple((name, rng.randint(1, HIGHEST), rng.randint(1, HIGHEST)) for name in names)
    return Table((first, second), rows)


def _soften(color: Color) -> Color:
    """Mix a color with much white."""
    red, green, blue = (255 - (255 - value) // 5 for value in color)
    return red, green, blue


def _draw_rules(canvas: Canvas, height: int) -> None:
    for row in range(height // ROW_PIXELS + 1):
        y = max(0.5, row * ROW_PIXELS - 0.5)
        canvas.draw_line([(0, y), (SIDE, y)], AXIS if row < 2 else GRID, 1)
    for x in RULES:
        canvas.draw_line([(x, 0), (x, height)], GRID, 1)
