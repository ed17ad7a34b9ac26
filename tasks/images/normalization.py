"""The door to Pillow for images that come from outside: bytes in, bytes out.

An image is checked before it is decoded, decoded in full, freed of metadata, turned upright,
brought to sRGB and bounded in size. Bytes that need none of this are handed on as they came:
most images need none, and encoding costs much more than decoding.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO

from PIL import Image

from tasks.images.jpeg import SIGNATURE as JPEG_SIGNATURE
from tasks.images.jpeg import read_jpeg
from tasks.images.layout import ImageError, ImageFormat, ImageLayout, corrupt
from tasks.images.pixels import change_pixels, encode, fit_size, needs_encoding
from tasks.images.png import SIGNATURE as PNG_SIGNATURE
from tasks.images.png import read_png
from tasks.images.webp import has_webp_signature, read_webp

MAX_FILE_BYTES = 64 * 1024 * 1024
PIXEL_CEILING = 89_478_485
"""The most that `max_pixels` may be: above it Pillow warns, and warnings are global state."""

_MEDIA_TYPES: dict[ImageFormat, str] = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
}
_EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalizedImage:
    """A still image that every model server accepts, without metadata."""

    data: bytes
    """The file; the very object that came in when nothing had to change."""
    media_type: str
    """`image/png`, `image/jpeg` or `image/webp`, as the original."""
    width: int
    """Pixels, upright."""
    height: int
    """Pixels, upright."""
    sha256: str
    """Of `data`, in hex."""
    original_sha256: str
    """Of the bytes that came in, in hex."""

    @property
    def file_name(self) -> str:
        """A name by content, such as `<sha256>.png`."""
        return f"{self.sha256}.{_EXTENSIONS[self.media_type]}"


def normalize_image(
    data: bytes, *, max_pixels: int, max_side: int, max_file_bytes: int = MAX_FILE_BYTES
) -> NormalizedImage:
    """Check one image and make it fit for a model server.

    Pixels are encoded anew only if they change (orientation, colour profile, 16 bits, CMYK, longest
    side); metadata alone is cut out of the file. The same bytes always give the same bytes.

    Args:
        data: A PNG, JPEG or WEBP file; its name does not matter.
        max_pixels: Most pixels, width x height, that are decoded; at most `PIXEL_CEILING`.
        max_side: Longest side of the result, in pixels; larger images are scaled down to it.
        max_file_bytes: Largest file that is looked at.

    Returns:
        The image, in the format in which it came.

    Raises:
        ImageError: The image cannot be used; `reason` is one of image_empty, image_too_big_file,
            image_format, image_truncated, image_corrupt, image_animated, image_too_large.
        ValueError: A limit is out of range.
    """
    if not 1 <= max_pixels <= PIXEL_CEILING:
        raise ValueError(f"max_pixels must be 1 to {PIXEL_CEILING}, got {max_pixels}")
    if max_side < 1:
        raise ValueError(f"max_side must be positive, got {max_side}")
    layout = _read_layout(data, max_file_bytes)
    _check_size(layout, max_pixels)
    with _pillow_errors(layout.format):
        image = _decode(layout, max_side)
        normalized, (width, height) = layout.bare, image.size
        if needs_encoding(image, layout, max_side):
            changed = change_pixels(image, layout, max_side)
            normalized, (width, height) = encode(changed, image, layout), changed.size
    original_sha256 = sha256(data).hexdigest()
    return NormalizedImage(
        data=normalized,
        media_type=_MEDIA_TYPES[layout.format],
        width=width,
        height=height,
        sha256=original_sha256 if normalized is data else sha256(normalized).hexdigest(),
        original_sha256=original_sha256,
    )


def _read_layout(data: bytes, max_file_bytes: int) -> ImageLayout:
    if not data:
        raise ImageError("image_empty", "image has 0 bytes")
    if len(data) > max_file_bytes:
        raise ImageError(
            "image_too_big_file",
            f"image file has {len(data)} bytes, expected at most {max_file_bytes}",
        )
    if data.startswith(PNG_SIGNATURE):
        return read_png(data)
    if data.startswith(JPEG_SIGNATURE):
        return read_jpeg(data)
    if has_webp_signature(data):
        return read_webp(data)
    raise ImageError(
        "image_format", f"file starts with {data[:12]!r}, expected a PNG, JPEG or WEBP image"
    )


def _check_size(layout: ImageLayout, max_pixels: int) -> None:
    width, height = layout.width, layout.height
    if not width or not height:
        raise corrupt(layout.format, f"its size is {width} x {height} pixels")
    if width * height > max_pixels:
        raise ImageError(
            "image_too_large",
            f"image has {width} x {height} pixels, expected at most {max_pixels} in all",
        )


@contextmanager
def _pillow_errors(image_format: ImageFormat) -> Generator[None, None, None]:
    try:
        yield
    except (ImageError, MemoryError):
        raise
    # Damaged files raise over a dozen types in Pillow, and its documentation promises none.
    except Exception as error:
        raise corrupt(image_format, f"{type(error).__name__}: {error}") from error


def _decode(layout: ImageLayout, max_side: int) -> Image.Image:
    """Decode in full, which alone finds damage; a JPEG far too large comes out smaller at once."""
    image = Image.open(BytesIO(layout.bare), formats=(layout.format,))
    if image.size != (layout.width, layout.height):
        raise corrupt(
            layout.format, f"its size is {layout.width} x {layout.height} or {image.size}"
        )
    width, height = fit_size(layout.width, layout.height, 2 * max_side)
    image.draft(None, (width, height))
    image.load()
    return image
