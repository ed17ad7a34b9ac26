"""How the miniature world draws: a canvas of twice the size, one font, soft colors, a little noise.

Pillow's own font is the only one used, so an image depends on nothing installed. Everything random
comes from the generator that the caller seeds: the same seed gives the same pixels.
"""

import random
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFont

Point = tuple[float, float]
Color = tuple[int, int, int]

SCALE = 2
"""Everything is drawn this much larger and then averaged, which smooths the edges."""

COLORS: dict[str, Color] = {
    "red": (214, 48, 49),
    "green": (46, 158, 84),
    "blue": (52, 96, 214),
    "yellow": (240, 196, 32),
    "purple": (142, 68, 173),
    "black": (44, 48, 56),
}
INK: Color = (34, 38, 46)
AXIS: Color = (96, 102, 112)
GRID: Color = (222, 225, 230)
NOISE_TILE_PIXELS = 512


def vary_color(rng: random.Random, color: Color, spread: int = 12) -> Color:
    """Shift each channel a little."""
    red, green, blue = (min(255, max(0, value + rng.randint(-spread, spread))) for value in color)
    return red, green, blue


def pick_background(rng: random.Random) -> Color:
    """Pick a light, nearly neutral background."""
    light = rng.randint(242, 255)
    return light, min(255, light + rng.randint(-2, 1)), max(0, light - rng.randint(0, 6))


@cache
def load_font(size: int) -> ImageFont.FreeTypeFont:
    """Load Pillow's own font."""
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType; install the wheel from PyPI")
    return font


@cache
def load_noise_tile() -> Image.Image:
    """Make the one tile of gaussian noise that all images crop theirs from."""
    generator = np.random.default_rng(20)
    shape = (NOISE_TILE_PIXELS, NOISE_TILE_PIXELS, 3)
    noise = generator.normal(128.0, 2.2, shape).round().clip(0, 255)
    return Image.fromarray(noise.astype(np.uint8), "RGB")


@dataclass(frozen=True, slots=True)
class Mark:
    """Something on an image that can be read, and where its middle is."""

    center: Point
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished image, and what can be read on it."""

    image: Image.Image
    marks: tuple[Mark, ...]


class Canvas:
    """An image being drawn, addressed in final pixels (fractions allowed)."""

    def __init__(self, width: int, height: int, background: Color) -> None:
        """Start from a plain background."""
        self.size = (width, height)
        self._image = Image.new("RGB", (width * SCALE, height * SCALE), background)
        self._draw = ImageDraw.Draw(self._image)
        self._marks: list[Mark] = []

    def mark(self, center: Point, text: str) -> None:
        """Note what a point of the image says."""
        self._marks.append(Mark(center, text))

    def draw_line(self, points: list[Point], color: Color, width: float = 1.0) -> None:
        """Draw an open line through the points."""
        scaled = [_scale(point) for point in points]
        self._draw.line(scaled, fill=color, width=round(width * SCALE), joint="curve")

    def fill_polygon(self, points: list[Point], color: Color) -> None:
        """Fill a polygon."""
        self._draw.polygon([_scale(point) for point in points], fill=color)

    def fill_circle(self, center: Point, radius: float, color: Color) -> None:
        """Fill a circle."""
        self._draw.circle(_scale(center), radius * SCALE, fill=color)

    def fill_box(self, corners: tuple[Point, Point], color: Color) -> None:
        """Fill a rectangle given by two opposite corners."""
        self._draw.rectangle((_scale(corners[0]), _scale(corners[1])), fill=color)

    def write(self, center: Point, text: str, size: float, color: Color = INK) -> None:
        """Write one line of text centered on a point."""
        font = load_font(round(size * SCALE))
        self._draw.text(_scale(center), text, fill=color, font=font, anchor="mm")

    def finish(self, rng: random.Random) -> Drawing:
        """Average to the final size and add noise."""
        small = self._image.reduce(SCALE)
        left, top = (rng.randrange(NOISE_TILE_PIXELS - side) for side in self.size)
        noise = load_noise_tile().crop((left, top, left + self.size[0], top + self.size[1]))
        return Drawing(ImageChops.add(small, noise, scale=1.0, offset=-128), tuple(self._marks))


def _scale(point: Point) -> Point:
    return point[0] * SCALE, point[1] * SCALE
