"""Read the layout of a JPEG file: its segments, and which of them the pixels need."""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from tasks.images.layout import (
    MAX_PROFILE_BYTES,
    ImageLayout,
    corrupt,
    keep_spans,
    read_orientation,
    truncated,
)

SIGNATURE = b"\xff\xd8\xff"

# In scan data 0xFF is followed by 0x00, a restart marker or fill; only these markers end it.
_NEXT_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN, _END = 0xDA, 0xD9
_APP1, _APP2 = 0xE1, 0xE2
_KEPT = _FRAMES | {0xC4, 0xCC, 0xDB, 0xDC, 0xDD, _SCAN, _END}
# Decoders need these two for the colour space; the sizes leave no room for a thumbnail.
_KEPT_HEADERS = {0xE0: (b"JFIF\0", 18), 0xEE: (b"Adobe", 32)}

_MAX_SEGMENTS = 10_000
# Each scan of a progressive image is a pass over all its pixels, however few bytes it has.
_MAX_SCANS = 100


class _Segment(NamedTuple):
    marker: int
    start: int
    end: int
    scan_end: int
    """Where the scan data after the segment ends; `end` where there is none."""


def read_jpeg(data: bytes) -> ImageLayout:
    """Read the layout of a JPEG file.

    Args:
        data: The whole file, with its signature.

    Returns:
        The layout; `bare` ends with the first EOI marker, so it holds one picture.

    Raises:
        ImageError: There is no EOI marker, or not exactly one frame, or too many scans.
    """
    segments = list(_walk_segments(data))
    width, height, num_components = _read_frame(data, segments)
    num_scans = sum(segment.marker == _SCAN for segment in segments)
    if not 1 <= num_scans <= _MAX_SCANS:
        raise corrupt("JPEG", f"it has {num_scans} scans, expected 1 to {_MAX_SCANS}")
    kept = [(each.start, each.scan_end) for each in segments if _is_kept(data, each)]
    return ImageLayout(
        format="JPEG",
        width=width,
        height=height,
        bare=keep_spans(data, [(0, 2), *kept]),
        orientation=read_orientation(_read_exif(data, segments)),
        profile=_read_profile(data, segments),
        is_plain=num_components in (1, 3),
        is_lossless=False,
    )


def _walk_segments(data: bytes) -> Iterator[_Segment]:
    """Yield the segments, the last one EOI; what lies between two of them is in neither."""
    found = _NEXT_MARKER.search(data, 2)
    for _ in range(_MAX_SEGMENTS):
        if found is None:
            raise truncated("JPEG", data)
        start, marker = found.start(), data[found.start() + 1]
        if marker == _END:
            yield _Segment(marker, start, start + 2, start + 2)
            return
        if start + 4 > len(data):
            raise truncated("JPEG", data)
        num_bytes = int.from_bytes(data[start + 2 : start + 4], "big")
        if num_bytes < 2:
            raise corrupt("JPEG", f"segment 0x{marker:02x} says it has {num_bytes} bytes")
        end = start + 2 + num_bytes
        found = _NEXT_MARKER.search(data, end)
        yield _Segment(marker, start, end, found.start() if found and marker == _SCAN else end)
    raise corrupt("JPEG", f"it has more than {_MAX_SEGMENTS} segments")


def _is_kept(data: bytes, segment: _Segment) -> bool:
    if segment.marker not in _KEPT_HEADERS:
        return segment.marker in _KEPT
    name, max_bytes = _KEPT_HEADERS[segment.marker]
    size_fits = segment.end - segment.start <= max_bytes
    return size_fits and data[segment.start + 4 : segment.end].startswith(name)


def _read_frame(data: bytes, segments: list[_Segment]) -> tuple[int, int, int]:
    """Return width and height in pixels and the number of colour components."""
    frames = [segment for segment in segments if segment.marker in _FRAMES]
    if len(frames) != 1 or frames[0].end - frames[0].start < 10:
        raise corrupt("JPEG", f"it has {len(frames)} frame headers, expected 1 that is whole")
    height, width, num_components = struct.unpack_from(">HHB", data, frames[0].start + 5)
    return width, height, num_components


def _read_exif(data: bytes, segments: list[_Segment]) -> bytes:
    for marker, start, end, _ in segments:
        if marker == _APP1 and data.startswith(b"Exif\0", start + 4):
            return data[start + 10 : end]
    return b""


def _read_profile(data: bytes, segments: list[_Segment]) -> bytes:
    """Join the parts of the ICC profile by their numbers; the last of twins counts."""
    parts: dict[int, bytes] = {}
    for marker, start, end, _ in segments:
        if marker == _APP2 and data.startswith(b"ICC_PROFILE\0", start + 4) and end - start > 18:
            parts[data[start + 16]] = data[start + 18 : end]
    profile = b"".join(part for _, part in sorted(parts.items()))
    return profile if len(profile) <= MAX_PROFILE_BYTES else b""
