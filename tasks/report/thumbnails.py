"""Small copies of images, as data URLs that a page can hold."""

import base64
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from tasks.images import PIXEL_CEILING, ImageError, normalize_image

MAX_SIDE = 640
"""Pixels; sharp on a screen of twice the density at the size at which the page shows it."""
SMALLER_SIDES = (640, 480, 320, 160)
QUALITY = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnail:
    """An image that is part of a page."""

    url: str
    """`data:image/...;base64,...`."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""


def make_thumbnail(data: bytes, max_bytes: int) -> Thumbnail | None:
    """Make a copy of at most `max_bytes` before base64; None where the image cannot be read."""
    try:
        image = normalize_image(data, max_pixels=PIXEL_CEILING, max_side=MAX_SIDE)
    except ImageError:
        return None
    if len(image.data) <= max_bytes:
        return _embed(image.data, image.media_type, image.width, image.height)
    return _shrink(image.data, max_bytes)


def _shrink(data: bytes, max_bytes: int) -> Thumbnail | None:
    """Encode as lossy WEBP, smaller until it fits."""
    with Image.open(BytesIO(data)) as image:
        pixels = image.convert("RGBA")
    paper = Image.new("RGBA", pixels.size, "white")
    flat = Image.alpha_composite(paper, pixels).convert("RGB")
    for side in SMALLER_SIDES:
        flat.thumbnail((side, side))
        buffer = BytesIO()
        flat.save(buffer, "WEBP", quality=QUALITY)
        if buffer.tell() <= max_bytes:
            return _embed(buffer.getvalue(), "image/webp", *flat.size)
    return None


def _embed(data: bytes, media_type: str, width: int, height: int) -> Thumbnail:
    code = base64.b64encode(data).decode()
    return Thumbnail(url=f"data:{media_type};base64,{code}", width=width, height=height)
