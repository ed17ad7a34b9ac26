"""Bar charts: three or four labelled bars of 1 to 20; the formal text is CSV.

label,value
K,12
R,7
E,19
"""

import random
from dataclasses import dataclass

from tasks.world.canvas import AXIS, COLORS, GRID, Canvas, Drawing, pick_background, vary_color
from tasks.world.figures import Listing, Question

LABELS = "EFGHKLMNPRSTUVXYZ"
"""Capitals; A to D are left to the letters of options."""
WIDTH, HEIGHT = 140, 112
LEFT, BASE = 28, 86
"""Where the axes cross, in pixels."""
UNIT_PIXELS = 4
HIGHEST = 20


@dataclass(frozen=True, slots=True)
class BarChart:
    """Labelled bars, from left to right."""

    bars: tuple[tuple[str, int], ...]

    @property
    def formal_text(self) -> str:
        """CSV with a header."""
        return "label,value\n" + "\n".join(f"{label},{value}" for label, value in self.bars)

    def draw(self, rng: random.Random) -> Drawing:
        """Draw axes with ticks every five, then the bars in one color or several."""
        canvas = Canvas(WIDTH, HEIGHT, pick_background(rng))
        _draw_axes(canvas)
        colors = rng.sample(list(COLORS.values()), len(self.bars))
        if rng.random() < 0.5:
            colors = colors[:1] * len(self.bars)
        slot = (WIDTH - LEFT) / len(self.bars)
        half = slot * rng.uniform(0.26, 0.36)
        label_size = rng.uniform(13, 15)
        for index, (label, value) in enumerate(self.bars):
            center = LEFT + slot * (index + 0.5)
            corners = ((center - half, BASE - UNIT_PIXELS * value), (center + half, BASE - 0.5))
            canvas.fill_box(corners, vary_color(rng, colors[index]))
            canvas.write((center, BASE + 12), label, label_size)
            canvas.mark((center, BASE + 12), label)
            canvas.mark((center, corners[0][1]), str(value))
        return canvas.finish(rng)

    def ask(self, rng: random.Random) -> Question:
        """Ask a random question about the bars."""
        return Listing(
            entries=self.bars,
            noun="value",
            entry_word="label",
            total_text="What is the total of all values?",
        ).ask(rng)


def make_bar_chart(rng: random.Random) -> BarChart:
    """Make a chart of three or four bars."""
    labels = rng.sample(LABELS, rng.randint(3, 4))
    return BarChart(tuple((label, rng.randint(1, HIGHEST)) for label in labels))


def _draw_axes(canvas: Canvas) -> None:
    for tick in range(5, HIGHEST + 1, 5):
        y = BASE - UNIT_PIXELS * tick
        canvas.draw_line([(LEFT, y), (WIDTH - 2, y)], GRID, 1)
        canvas.write((LEFT - 12, y), str(tick), 10, AXIS)
    canvas.draw_line([(LEFT, 3), (LEFT, BASE)], AXIS, 1)
    canvas.draw_line([(LEFT, BASE), (WIDTH - 2, BASE)], AXIS, 1)
