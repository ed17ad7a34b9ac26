"""Perceptual hashes: images that look alike have hashes that differ in few of 256 bits.

A pHash: the image in gray on white, 64 x 64 pixels, its 16 x 16 lowest frequencies without the
constant ones, each a bit: above their median or not (Zauner, Implementation and Benchmarking of
Perceptual Image Hash Functions, 2010). Among the 291,466 pairs of 764 images of tables, bars,
figures and scenes, 9 are within 12 bits, 8 of them the same table; of a difference hash of as many
bits it is 147. A JPEG of quality 50 is within 14 bits of its image, an image of half or twice the
size within 20 for half of them. A kernel: bytes in, hashes out.
"""

from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tasks.curation.banding import Keys, Pairs, pair_across, pair_within
from tasks.curation.shingles import mix

SIDE = 64
"""Pixels of the gray image's side."""
NUM_FREQUENCIES = 16
NUM_BITS = NUM_FREQUENCIES**2
MAX_DISTANCE = 12
MIN_CONTRAST = 2.0
"""Standard deviation of the gray levels below which an image shows nothing to compare."""
_BLOCK_PAIRS = 1 << 18
Bits = NDArray[np.uint8]
"""(images, NUM_BITS), 0 or 1."""
Distances = NDArray[np.int64]


def hash_normalized(data: bytes) -> str | None:
    """Hash an image that `normalize_image` made: 64 hexadecimal digits; None for a single color."""
    with Image.open(BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as image:
        gray = _read_gray(image)
    if gray.std() < MIN_CONTRAST:
        return None
    waves = _make_waves()
    frequencies = (waves @ gray @ waves.T)[1:, 1:].ravel()
    return np.packbits(frequencies > np.median(frequencies)).tobytes().hex()


def read_bits(hashes: Sequence[str]) -> Bits:
    """Read hashes as bits.

    Raises:
        ValueError: a hash has not 64 hexadecimal digits.
    """
    for digits in hashes:
        if len(digits) != NUM_BITS // 4:
            raise ValueError(
                f"expected an image hash of {NUM_BITS // 4} digits, got {digits!r:.80}"
            )
    data = np.frombuffer(bytes.fromhex("".join(hashes)), dtype=np.uint8)
    return np.unpackbits(data).reshape(-1, NUM_BITS)


def pair_images(
    hashes: Sequence[str], others: Sequence[str] | None = None, max_distance: int = MAX_DISTANCE
) -> tuple[Pairs, Distances]:
    """Find the pairs of images whose hashes differ in at most `max_distance` bits.

    Of `max_distance` + 1 bands of bits at least one is equal in such a pair, so none is missed,
    but where more than 64 hashes share a band.

    Args:
        hashes: Of `hash_normalized`; best each once.
        others: Hashes to compare with; None: those of `hashes` among themselves.
        max_distance: In bits, 0 to 31.

    Returns:
        (pairs, 2) of places in `hashes` (and `others`), sorted; (pairs,) distances in bits.

    Raises:
        ValueError: `max_distance` is out of range, or a hash is malformed.
    """
    if not 0 <= max_distance < 32:
        raise ValueError(f"max_distance must be 0 to 31 bits, got {max_distance}")
    bits, other_bits = read_bits(hashes), read_bits(hashes if others is None else others)
    keys = _make_keys(bits, max_distance + 1)
    if others is None:
        pairs = pair_within(keys)
    else:
        pairs = pair_across(keys, _make_keys(other_bits, max_distance + 1))
    distances = _measure_pairs(bits, other_bits, pairs)
    is_near = distances <= max_distance
    return pairs[is_near], distances[is_near]


@lru_cache(maxsize=1)
def _make_waves() -> NDArray[np.float64]:
    """Return the first rows of the discrete cosine transform: (NUM_FREQUENCIES + 1, SIDE)."""
    frequency, place = np.arange(NUM_FREQUENCIES + 1)[:, None], np.arange(SIDE)[None]
    return np.cos(np.pi * frequency * (2 * place + 1) / (2 * SIDE))


def _read_gray(image: Image.Image) -> NDArray[np.float64]:
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    small = image.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64)


def _make_keys(bits: Bits, num_bands: int) -> Keys:
    """Hash each band of bits; neighbors in frequency go to different bands."""
    keys = np.zeros((len(bits), num_bands), dtype=np.uint64)
    for band in range(num_bands):
        packed = np.packbits(bits[:, band::num_bands], axis=1)
        for column in packed.T:
            keys[:, band] = mix(keys[:, band] * np.uint64(256) + column)
    return keys


def _measure_pairs(bits: Bits, others: Bits, pairs: Pairs) -> Distances:
    blocks = [
        np.count_nonzero(bits[block[:, 0]] != others[block[:, 1]], axis=1)
        for block in np.split(pairs, range(_BLOCK_PAIRS, len(pairs), _BLOCK_PAIRS))
    ]
    return np.concatenate(blocks).astype(np.int64)
