"""Change the pixels of a decoded image: upright, in sRGB, 8 bits, bounded; and encode them."""

from functools import lru_cache
from io import BytesIO
from typing import Any, cast

import numpy as np
from PIL import Image, ImageCms, JpegImagePlugin

from tasks.images.layout import ImageLayout

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Levels of 255 by which a profile may move a colour and still count as sRGB: rounding moves two.
_MAX_COLOUR_SHIFT = 3


def needs_encoding(image: Image.Image, layout: ImageLayout, max_side: int) -> bool:
    """Tell whether the pixels have to change, and not the metadata alone."""
    return (
        not layout.is_plain
        or layout.orientation != 1
        or max(layout.width, layout.height) > max_side
        or (image.mode in ("RGB", "RGBA", "P") and _shifts_colours(layout.profile))
    )


def change_pixels(image: Image.Image, layout: ImageLayout, max_side: int) -> Image.Image:
    """Return the image in mode L, RGB or RGBA, upright, and bounded by `max_side` pixels."""
    plain = _to_plain_srgb(image, layout)
    size = fit_size(layout.width, layout.height, max_side)
    if size != plain.size:
        plain = plain.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    if layout.orientation in _UPRIGHT:
        plain = plain.transpose(_UPRIGHT[layout.orientation])
    return plain


def fit_size(width: int, height: int, max_side: int) -> tuple[int, int]:
    """Return the size, in pixels, of an image scaled down so that no side exceeds `max_side`."""
    scale = min(1.0, max_side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _to_plain_srgb(image: Image.Image, layout: ImageLayout) -> Image.Image:
    """Return an image in mode L, RGB or RGBA, 8 bits each."""
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode == "CMYK":
        return _apply_profile(image, layout.profile) or image.convert("RGB")
    if not layout.is_plain:
        image.info.pop("transparency", None)  # a 16-bit colour, of no use to 8-bit pixels
    mode = _plain_mode(image)
    plain = image if image.mode == mode else image.convert(mode)
    if plain.mode == "L" or not _shifts_colours(layout.profile):
        return plain
    return _apply_profile(plain, layout.profile) or plain


def _plain_mode(image: Image.Image) -> str:
    if image.has_transparency_data:
        return "RGBA"
    return "L" if image.mode in ("1", "L") else "RGB"


@lru_cache(maxsize=16)
def _shifts_colours(profile: bytes) -> bool:
    """Tell by a few colours whether a profile means other colours than sRGB does."""
    levels = np.arange(0, 256, 51, dtype=np.uint8)
    before = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
    after = _apply_profile(Image.fromarray(before), profile)
    if after is None:
        return False
    difference = np.abs(np.asarray(after).astype(int) - before)
    return bool(difference.max() > _MAX_COLOUR_SHIFT)


def _apply_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Convert to sRGB; None if the profile is absent, damaged or not meant for the mode."""
    if not profile:
        return None
    target = "RGBA" if image.mode == "RGBA" else "RGB"
    srgb = cast("Any", ImageCms).createProfile("sRGB")  # Pillow leaves its type open
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        transform = ImageCms.buildTransform(source, srgb, image.mode, target)
        return ImageCms.applyTransform(image, transform)
    except (OSError, ValueError, ImageCms.PyCMSError):
        return None


def encode(image: Image.Image, original: Image.Image, layout: ImageLayout) -> bytes:
    """Encode in the original's format, as near to it as is quick."""
    image.info = {}
    options: dict[str, Any]
    if layout.format == "PNG":
        options = {"compress_level": 2}
    elif layout.format == "JPEG":
        sampling = JpegImagePlugin.get_sampling(original)
        options = {"quality": 95, "subsampling": max(sampling, 0)}
    elif layout.is_lossless:
        options = {"lossless": True, "quality": 50, "method": 1}
    else:
        options = {"quality": 95, "method": 2}
    encoded = BytesIO()
    image.save(encoded, layout.format, **options)
    return encoded.getvalue()
