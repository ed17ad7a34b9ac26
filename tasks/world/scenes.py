"""Scenes: colored shapes on a grid of four by four; the formal text is JSON.

[{"id":1,"is":"small red circle","at":[1,2]},
{"id":2,"is":"big blue square","at":[3,4]}]
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from tasks.world.canvas import COLORS, GRID, Canvas, Drawing, Point, pick_background, vary_color
from tasks.world.figures import Question, count_matches, offer_options, say

SIZES = ("small", "big")
SHAPES = ("circle", "square", "triangle", "diamond")
NUM_CELLS = 4
"""Cells along each side."""
CELL_PIXELS = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One shape of a scene."""

    number: int
    """From 1, in reading order."""
    size: str
    color: str
    shape: str
    row: int
    column: int

    @property
    def name(self) -> str:
        """What it is, in words."""
        return f"{self.size} {self.color} {self.shape}"


@dataclass(frozen=True, slots=True)
class Scene:
    """Shapes on a grid, in reading order."""

    things: tuple[Thing, ...]

    @property
    def formal_text(self) -> str:
        """A JSON list, one object a line."""
        rows = [
            f'{{"id":{thing.number},"is":"{thing.name}","at":[{thing.row},{thing.column}]}}'
            for thing in self.things
        ]
        return "[" + ",\n".join(rows) + "]"

    def draw(self, rng: random.Random) -> Drawing:
        """Draw the grid faintly, then each shape a little off its cell's center."""
        side = NUM_CELLS * CELL_PIXELS
        canvas = Canvas(side, side, pick_background(rng))
        for line in range(1, NUM_CELLS):
            at = line * CELL_PIXELS
            canvas.draw_line([(at, 0), (at, side)], GRID, 0.5)
            canvas.draw_line([(0, at), (side, at)], GRID, 0.5)
        for thing in self.things:
            _draw_thing(canvas, thing, rng)
        return canvas.finish(rng)

    def ask(self, rng: random.Random) -> Question:
        """Ask a random question about the scene."""
        asks: list[Callable[[random.Random], Question]] = [
            self._ask_count,
            self._ask_count,
            self._ask_count_options,
            self._ask_thing_at,
            self._ask_existence,
            self._ask_difference,
            self._ask_comparison,
        ]
        return rng.choice(asks)(rng)

    def _ask_count(self, rng: random.Random) -> Question:
        words = self._pick_filter(rng)
        steps, count = self._count(words)
        text = f"How many {' '.join(words)}s are there?"
        if words[-1] not in SHAPES:
            text = f"How many {' '.join(words)} things are there?"
        return Question(name="count", text=text, answer=str(count), steps=steps, difficulty=2)

    def _ask_count_options(self, rng: random.Random) -> Question:
        return offer_options(self._ask_count(rng), rng)

    def _ask_thing_at(self, rng: random.Random) -> Question:
        thing = rng.choice(self.things)
        return Question(
            name="look-up",
            text=f"What is at row {thing.row}, column {thing.column}?",
            answer=thing.name,
            steps=f"[{thing.row},{thing.column}] is {thing.number}, {thing.name}.",
            difficulty=1,
        )

    def _ask_existence(self, rng: random.Random) -> Question:
        color, shape = self._pick_filter(rng, num_words=2)
        steps, count = self._count((color, shape))
        text = f"Is there a {color} {shape}?"
        answer = say(count > 0)
        return Question(name="existence", text=text, answer=answer, steps=steps, difficulty=2)

    def _ask_difference(self, rng: random.Random) -> Question:
        (first, more), (second, fewer) = self._count_two_colors(rng)
        if fewer[1] > more[1]:
            first, more, second, fewer = second, fewer, first, more
        gap = more[1] - fewer[1]
        return Question(
            name="difference",
            text=f"How many more {first} things than {second} things are there?",
            answer=str(gap),
            steps=f"{more[0]} {fewer[0]} {more[1]}-{fewer[1]}={gap}.",
            difficulty=3,
        )

    def _ask_comparison(self, rng: random.Random) -> Question:
        (first, left), (second, right) = self._count_two_colors(rng)
        if left[1] == right[1]:
            return self._ask_difference(rng)
        return Question(
            name="compare",
            text=f"Which color appears more often, {first} or {second}?",
            answer=first if left[1] > right[1] else second,
            steps=f"{left[0]} {right[0]} {first}={left[1]}, {second}={right[1]}.",
            difficulty=3,
        )

    def _count_two_colors(self, rng: random.Random) -> list[tuple[str, tuple[str, int]]]:
        first = rng.choice(self.things).color
        second = rng.choice([color for color in COLORS if color != first])
        pair = [first, second]
        rng.shuffle(pair)
        return [(color, self._count((color,))) for color in pair]

    def _count(self, words: tuple[str, ...]) -> tuple[str, int]:
        items: list[tuple[str, bool]] = []
        for thing in self.things:
            shown = [_word_like(thing, word) for word in words]
            items.append((f"{thing.number} {' '.join(shown)}", shown == list(words)))
        steps, count = count_matches(items)
        return f"count {' '.join(words)}: {steps}", count

    def _pick_filter(self, rng: random.Random, num_words: int | None = None) -> tuple[str, ...]:
        thing = rng.choice(self.things)
        color, shape = thing.color, thing.shape
        if rng.random() < 0.25:
            color, shape = rng.choice(list(COLORS)), rng.choice(SHAPES)
        if num_words == 2 or rng.random() < 0.3:
            return color, shape
        return (rng.choice((color, shape, color, shape, thing.size)),)


def make_scene(rng: random.Random) -> Scene:
    """Make a scene of one to six shapes."""
    cells = sorted(rng.sample(range(NUM_CELLS**2), rng.randint(1, 6)))
    return Scene(
        tuple(
            Thing(
                number=index + 1,
                size=rng.choice(SIZES),
                color=rng.choice(list(COLORS)),
                shape=rng.choice(SHAPES),
                row=cell // NUM_CELLS + 1,
                column=cell % NUM_CELLS + 1,
            )
            for index, cell in enumerate(cells)
        )
    )


def _word_like(thing: Thing, word: str) -> str:
    """Give the attribute of the thing that is of the word's sort."""
    if word in SIZES:
        return thing.size
    return thing.color if word in COLORS else thing.shape


def _draw_thing(canvas: Canvas, thing: Thing, rng: random.Random) -> None:
    radius = rng.uniform(4.6, 6.2) if thing.size == "small" else rng.uniform(9.0, 11.0)
    x = (thing.column - 0.5) * CELL_PIXELS + rng.uniform(-2, 2)
    y = (thing.row - 0.5) * CELL_PIXELS + rng.uniform(-2, 2)
    color = vary_color(rng, COLORS[thing.color])
    canvas.mark((x, y), thing.name)
    if thing.shape == "circle":
        canvas.fill_circle((x, y), radius, color)
    else:
        canvas.fill_polygon(_outline(thing.shape, (x, y), radius), color)


def _outline(shape: str, center: Point, radius: float) -> list[Point]:
    x, y = center
    if shape == "square":
        side = radius * 0.9
        return [
            (x - side, y - side),
            (x + side, y - side),
            (x + side, y + side),
            (x - side, y + side),
        ]
    if shape == "triangle":
        return [(x, y - radius), (x - radius, y + radius * 0.85), (x + radius, y + radius * 0.85)]
    return [(x, y - radius), (x - radius, y), (x, y + radius), (x + radius, y)]
