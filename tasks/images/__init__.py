"""Images from outside: checked, bounded, upright and without metadata. Bytes in, bytes out.

A kernel, and Pillow's only door besides the drawn worlds. `normalization` is the entry; `png`,
`jpeg` and `webp` walk the containers, `pixels` changes what cannot be kept as it is.
"""

from tasks.images.layout import ImageError
from tasks.images.normalization import (
    MAX_FILE_BYTES,
    PIXEL_CEILING,
    NormalizedImage,
    normalize_image,
)

__all__ = ["MAX_FILE_BYTES", "PIXEL_CEILING", "ImageError", "NormalizedImage", "normalize_image"]
