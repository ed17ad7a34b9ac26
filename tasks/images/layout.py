"""What the bytes of an image file say about it, before any decoder runs.

The readers `png_layout`, `jpeg_layout` and `webp_layout` walk a file by hand, in time and memory
linear in it, and return one `ImageLayout`. Whether the pixels can be decoded is for
`tasks.images` to find out.
"""

import struct
from dataclasses import dataclass
from typing import Literal

ImageFormat = Literal["PNG", "JPEG", "WEBP"]

MAX_PROFILE_BYTES = 1 << 20
"""A colour profile above this size is ignored; those of printers have about half of it."""

_ORIENTATION_TAG = 0x0112
_SHORT = 3


class ImageError(ValueError):
    """An image that cannot be used; `reason` is the word that the funnel counts."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type["ImageError"], tuple[str, str]]:
        return type(self), (self.reason, str(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageLayout:
    """What the bytes of one image file say about it."""

    format: ImageFormat
    width: int
    """Pixels, as stored: before the orientation is applied."""
    height: int
    """Pixels, as stored."""
    bare: bytes
    """The file with its pixels and nothing else; the same object when nothing had to go."""
    orientation: int
    """The EXIF orientation, 1 to 8; 1 when there is none."""
    profile: bytes
    """The ICC colour profile; empty when there is none, or it is damaged or very large."""
    is_plain: bool
    """Grey, colour or palette of at most 8 bits, which every model server accepts."""
    is_lossless: bool
    """No compression that loses pixels."""


def corrupt(image_format: ImageFormat, detail: str) -> ImageError:
    """Return the error for a file that contradicts itself."""
    return ImageError("image_corrupt", f"{image_format} image is damaged: {detail}")


def truncated(image_format: ImageFormat, data: bytes) -> ImageError:
    """Return the error for a file that ends before its image does."""
    return ImageError(
        "image_truncated",
        f"{image_format} image ends too early: its {len(data)} bytes hold no complete image",
    )


def animated(image_format: ImageFormat) -> ImageError:
    """Return the error for an image of several frames."""
    return ImageError("image_animated", f"{image_format} image is animated, expected a still image")


def keep_spans(data: bytes, spans: list[tuple[int, int]]) -> bytes:
    """Join the (start, end) spans, in order; return `data` itself if they are all of it."""
    if sum(end - start for start, end in spans) == len(data):
        return data
    view = memoryview(data)
    return b"".join([view[start:end] for start, end in spans])


def read_orientation(exif: bytes) -> int:
    """Read the orientation out of a TIFF header and its first directory; 1 if there is none."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None or len(exif) < 8:
        return 1
    (first,) = struct.unpack_from(f"{order}I", exif, 4)
    (num_entries,) = struct.unpack(f"{order}H", exif[first : first + 2].ljust(2, b"\0"))
    for start in range(first + 2, min(first + 2 + 12 * num_entries, len(exif) - 11), 12):
        tag, kind, count, value = struct.unpack_from(f"{order}HHIH", exif, start)
        if tag == _ORIENTATION_TAG and (kind, count) == (_SHORT, 1):
            return value if 1 <= value <= 8 else 1
    return 1
