"""Images as Qwen2.5-VL reads them: data URL, resized RGB pixels, normalized patches.

Agrees with the image processor of transformers and vLLM (sizes, bicubic resampling, patch order)
without torchvision. Nothing is fetched and no path is read.
"""

import binascii
import contextlib
import json
import math
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pybase64
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from tasks.embedded.protocol import RequestError

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
_MAX_SOURCE_PIXELS = 64_000_000
_MAX_ASPECT_RATIO = 200
_STRIP_ROWS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSettings:
    """The preprocessing that a checkpoint was trained with."""

    min_pixels: int
    max_pixels: int
    patch_size: int
    temporal_patch_size: int
    merge_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def factor(self) -> int:
        """Both sides of a resized image are multiples of this, in pixels."""
        return self.patch_size * self.merge_size

    @classmethod
    def from_folder(cls, model_dir: Path) -> "ImageSettings":
        """Read a checkpoint's settings, with Qwen2.5-VL's own defaults for what is not said."""
        fields = _read_preprocessor(model_dir)
        size: dict[str, int] = fields.get("size") or {}
        smallest = size.get("shortest_edge", size.get("min_pixels", 56 * 56))
        largest = size.get("longest_edge", size.get("max_pixels", 28 * 28 * 1280))
        return cls(
            min_pixels=fields.get("min_pixels") or smallest,
            max_pixels=fields.get("max_pixels") or largest,
            patch_size=fields.get("patch_size", 14),
            temporal_patch_size=fields.get("temporal_patch_size", 2),
            merge_size=fields.get("merge_size", 2),
            mean=tuple(fields.get("image_mean", (0.48145466, 0.4578275, 0.40821073))),
            std=tuple(fields.get("image_std", (0.26862954, 0.26130258, 0.27577711))),
        )


def _read_preprocessor(model_dir: Path) -> dict[str, Any]:
    for name, key in (("preprocessor_config.json", None), ("processor_config.json", "image")):
        path = model_dir / name
        if path.is_file():
            fields = json.loads(path.read_text(encoding="utf-8"))
            return fields if key is None else fields.get("image_processor", {})
    return {}


def read_data_url(url: str) -> Image.Image:
    """Decode the image that a data URL carries: upright, over white where it is transparent.

    Raises:
        RequestError: It is no base64 data URL, or holds no image of a known format and sane size.
    """
    head, comma, payload = url.partition(",")
    if head[:5].lower() != "data:":
        raise RequestError(
            f"image_url must be a data URL, got {url[:40]!r}; remote and file URLs are never read"
        )
    if not comma or not head.lower().endswith(";base64"):
        raise RequestError(f"a data URL must be 'data:image/...;base64,...', got {head[:40]!r}")
    try:
        return _open_image(pybase64.b64decode(payload, validate=True))
    except binascii.Error as error:
        raise RequestError(f"the image's base64 is broken: {error}") from error
    except UnidentifiedImageError as error:
        raise RequestError(f"the image is none of {', '.join(_FORMATS)}") from error
    # Pillow's decoders raise many kinds for broken bytes, and this is a stranger's input.
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        if isinstance(error, RequestError):
            raise
        raise RequestError(f"the image cannot be decoded: {error}") from error


def _open_image(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data), formats=_FORMATS)
    if image.width * image.height > _MAX_SOURCE_PIXELS:
        raise RequestError(f"the image has more than {_MAX_SOURCE_PIXELS} pixels: {image.size}")
    if max(image.size) > _MAX_ASPECT_RATIO * min(image.size):
        raise RequestError(f"the image is over {_MAX_ASPECT_RATIO} times longer than wide")
    image.load()
    with contextlib.suppress(Exception):  # broken metadata does not spoil the picture
        if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
            image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits of gray, which Pillow cuts off at 255
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or (image.mode != "RGB" and "transparency" in image.info):
        return _put_on_white(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _put_on_white(image: Image.Image) -> Image.Image:
    # In strips: a large image would be in memory four times otherwise.
    result = Image.new("RGB", image.size)
    for top in range(0, image.height, _STRIP_ROWS):
        box = (0, top, image.width, min(top + _STRIP_ROWS, image.height))
        strip = image.crop(box)
        strip.info = image.info
        strip = strip.convert("RGBA")
        result.paste(Image.alpha_composite(Image.new("RGBA", strip.size, "white"), strip), box)
    return result


def fit_size(height: int, width: int, settings: ImageSettings) -> tuple[int, int]:
    """The (height, width) in pixels that an image is resized to.

    Multiples of `settings.factor`, between its smallest and largest area, the aspect ratio kept as
    nearly as that allows.
    """
    factor = settings.factor
    fitted = round(height / factor) * factor, round(width / factor) * factor
    area = fitted[0] * fitted[1]
    if area > settings.max_pixels:
        shrink = math.sqrt(height * width / settings.max_pixels)
        sides = (math.floor(side / shrink / factor) * factor for side in (height, width))
        return max(factor, next(sides)), max(factor, next(sides))
    if area < settings.min_pixels:
        grow = math.sqrt(settings.min_pixels / (height * width))
        sides = (math.ceil(side * grow / factor) * factor for side in (height, width))
        return next(sides), next(sides)
    return fitted


def resize_image(image: Image.Image, settings: ImageSettings) -> NDArray[np.uint8]:
    """The pixels (height, width, 3) that the model sees."""
    height, width = fit_size(image.height, image.width, settings)
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BICUBIC)
    return np.array(image, dtype=np.uint8)


def patchify(pixels: NDArray[np.uint8], settings: ImageSettings) -> NDArray[np.float32]:
    """Cut pixels into normalized patches, (patches, 3 * temporal * patch * patch).

    Patches that the model merges stand together; a still image is repeated over the temporal axis.
    """
    patch, merge, frames = settings.patch_size, settings.merge_size, settings.temporal_patch_size
    mean, std = np.array(settings.mean, np.float32), np.array(settings.std, np.float32)
    values = (pixels.astype(np.float32) * np.float32(1 / 255) - mean) / std
    rows, columns = pixels.shape[0] // patch, pixels.shape[1] // patch
    blocks = values.reshape(rows // merge, merge, patch, columns // merge, merge, patch, 3)
    ordered = blocks.transpose(0, 3, 1, 4, 6, 2, 5)[:, :, :, :, :, None]
    repeated = np.broadcast_to(ordered, (*ordered.shape[:5], frames, patch, patch))
    return np.ascontiguousarray(repeated).reshape(rows * columns, -1)
