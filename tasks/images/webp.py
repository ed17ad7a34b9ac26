"""Read the layout of a WEBP file: its RIFF chunks, and which of them the pixels need."""

import struct
from collections.abc import Iterator

from tasks.images.layout import (
    MAX_PROFILE_BYTES,
    ImageLayout,
    animated,
    corrupt,
    read_orientation,
    truncated,
)

_KEPT = frozenset((b"VP8X", b"VP8 ", b"VP8L", b"ALPH"))
_ALPHA_FLAG, _ANIMATION_FLAG = 0x10, 0x02
_MAX_CHUNKS = 1_000


def has_webp_signature(data: bytes) -> bool:
    """Tell whether the file starts as a WEBP file does."""
    return data.startswith(b"RIFF") and data.startswith(b"WEBP", 8)


def read_webp(data: bytes) -> ImageLayout:
    """Read the layout of a WEBP file.

    Args:
        data: The whole file, with its signature.

    Returns:
        The layout; the flags in `bare` claim only what it still holds.

    Raises:
        ImageError: The chunks end too early, hold no image, or say that it is animated.
    """
    kept: dict[bytes, bytes] = {}
    dropped: dict[bytes, bytes] = {}
    for kind, payload in _walk_chunks(data):
        (kept if kind in _KEPT else dropped).setdefault(kind, payload)
    if dropped.keys() & {b"ANIM", b"ANMF"} or _has_flag(kept, _ANIMATION_FLAG):
        raise animated("WEBP")
    width, height = _read_size(kept)
    profile = dropped.get(b"ICCP", b"")
    return ImageLayout(
        format="WEBP",
        width=width,
        height=height,
        bare=_join_chunks(data, kept),
        orientation=read_orientation(dropped.get(b"EXIF", b"").removeprefix(b"Exif\0\0")),
        profile=profile if len(profile) <= MAX_PROFILE_BYTES else b"",
        is_plain=True,
        is_lossless=b"VP8L" in kept,
    )


def _walk_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (kind, payload) of each chunk within the size that the file declares."""
    riff_end = 8 + int.from_bytes(data[4:8], "little")
    if riff_end > len(data):
        raise truncated("WEBP", data)
    start = 12
    for _ in range(_MAX_CHUNKS):
        if start + 8 > riff_end:
            return
        end = start + 8 + int.from_bytes(data[start + 4 : start + 8], "little")
        if end > riff_end:
            raise truncated("WEBP", data)
        yield data[start : start + 4], data[start + 8 : end]
        start = end + (end - start) % 2
    raise corrupt("WEBP", f"it has more than {_MAX_CHUNKS} chunks")


def _has_flag(kept: dict[bytes, bytes], flag: int) -> bool:
    return bool(kept.get(b"VP8X", b"")[:1] and kept[b"VP8X"][0] & flag)


def _read_size(kept: dict[bytes, bytes]) -> tuple[int, int]:
    """Return the size that the decoder allocates: the canvas where the file has one."""
    if b"VP8X" in kept:
        canvas = kept[b"VP8X"].ljust(10, b"\0")
        return 1 + int.from_bytes(canvas[4:7], "little"), 1 + int.from_bytes(canvas[7:10], "little")
    if b"VP8 " in kept:
        width, height = struct.unpack_from("<HH", kept[b"VP8 "].ljust(10, b"\0"), 6)
        return width & 0x3FFF, height & 0x3FFF
    if b"VP8L" in kept:
        bits = int.from_bytes(kept[b"VP8L"][1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    raise corrupt("WEBP", "it has no image chunk")


def _join_chunks(data: bytes, kept: dict[bytes, bytes]) -> bytes:
    if b"VP8X" in kept:
        flags = bytes((kept[b"VP8X"][0] & _ALPHA_FLAG,)) if kept[b"VP8X"] else b""
        kept = kept | {b"VP8X": flags + kept[b"VP8X"][1:]}
    body = b"".join(
        kind + struct.pack("<I", len(payload)) + payload + b"\0" * (len(payload) % 2)
        for kind, payload in kept.items()
    )
    bare = b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body
    return data if bare == data else bare
