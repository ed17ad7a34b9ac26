"""Read the layout of a PNG file: its chunks, and which of them the pixels need."""

import struct
import zlib
from collections.abc import Iterator

from tasks.images.layout import (
    MAX_PROFILE_BYTES,
    ImageLayout,
    animated,
    corrupt,
    keep_spans,
    read_orientation,
    truncated,
)

SIGNATURE = b"\x89PNG\r\n\x1a\n"

# Text, EXIF, colour profiles and the frames of animations are not among them.
_KEPT = frozenset(b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB pHYs bKGD sBIT hIST tIME".split())
# No kept chunk but IDAT needs more than a palette does; a larger one hides something.
_MAX_SMALL_BYTES = 768
_MAX_CHUNKS = 100_000


def read_png(data: bytes) -> ImageLayout:
    """Read the layout of a PNG file.

    Args:
        data: The whole file, with its signature.

    Returns:
        The layout; `bare` ends with the IEND chunk.

    Raises:
        ImageError: The chunks end too early, are damaged, or say that the image is animated.
    """
    spans = [(0, len(SIGNATURE))]
    dropped: dict[bytes, bytes] = {}
    for kind, start, end in _walk_chunks(data):
        if not _is_kept(kind, end - start - 12):
            dropped[kind] = data[start + 8 : end - 4]
            continue
        if (len(spans) == 1) != (kind == b"IHDR"):
            raise corrupt("PNG", "expected one IHDR chunk, before all others")
        _check_crc(data, start, end)
        spans.append((start, end))
    if b"acTL" in dropped:
        raise animated("PNG")
    header_start = spans[1][0] + 8
    width, height, bit_depth = struct.unpack_from(">IIB", data, header_start)
    return ImageLayout(
        format="PNG",
        width=width,
        height=height,
        bare=keep_spans(data, spans),
        orientation=read_orientation(dropped.get(b"eXIf", b"")),
        profile=_inflate_profile(dropped.get(b"iCCP", b"")),
        is_plain=bit_depth <= 8,
        is_lossless=True,
    )


def _walk_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield (kind, start, end) of each chunk, the last one IEND."""
    start = len(SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        kind = data[start + 4 : start + 8]
        end = start + 12 + int.from_bytes(data[start : start + 4], "big")
        if end > len(data):
            raise truncated("PNG", data)
        yield kind, start, end
        if kind == b"IEND":
            return
        start = end
    raise corrupt("PNG", f"it has more than {_MAX_CHUNKS} chunks")


def _is_kept(kind: bytes, payload_bytes: int) -> bool:
    if kind not in _KEPT:
        return False
    if kind == b"IDAT" or payload_bytes <= _MAX_SMALL_BYTES:
        return True
    if kind.isupper():
        raise corrupt("PNG", f"chunk {kind!r} has {payload_bytes} bytes")
    return False


def _check_crc(data: bytes, start: int, end: int) -> None:
    """Check a chunk's checksum, which Pillow does not do for IDAT."""
    stored = int.from_bytes(data[end - 4 : end], "big")
    if zlib.crc32(memoryview(data)[start + 4 : end - 4]) != stored:
        raise corrupt("PNG", f"wrong checksum of chunk {data[start + 4 : start + 8]!r}")


def _inflate_profile(payload: bytes) -> bytes:
    _, _, method_and_profile = payload.partition(b"\0")
    inflater = zlib.decompressobj()
    try:
        profile = inflater.decompress(method_and_profile[1:], MAX_PROFILE_BYTES)
    except zlib.error:
        return b""
    return profile if inflater.eof else b""
