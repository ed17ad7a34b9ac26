"""The file format of kept replies: segments of framed lines, and the index beside a segment.

A record is one line: key (32 hexadecimal digits), CRC-32 of the body (8), body (compact JSON).
A line that is torn or whose checksum is wrong is no record, and readers pass over it, so a writer
may be killed at any moment. Pure: bytes and open files in, arrays out.
"""

import struct
import zlib
from typing import IO, Any

import numpy as np
import numpy.typing as npt

KEY_CHARS = 32
BODY_START = KEY_CHARS + 10
"""Key, space, checksum, space."""

ENTRY = np.dtype([("high", "<u8"), ("low", "<u8"), ("offset", "<u8"), ("size", "<u4")])
"""One record: the two halves of its key, and where its line lies in the segment."""

Entries = npt.NDArray[Any]

_ENTRY = struct.Struct("<QQQI")
_HEADER = struct.Struct("<8sQQI")
_MAGIC = b"SLINDEX1"


def frame(key: str, body: bytes) -> bytes:
    """Make the line of one record; `body` holds no line break."""
    return _frame_head(key, body) + body + b"\n"


def _frame_head(key: str, body: bytes) -> bytes:
    return b"%s %08x " % (key.encode("ascii"), zlib.crc32(body))


def read_body(line: bytes, key: str) -> bytes | None:
    """Return the body of a line, or None where the line is not a whole record of `key`."""
    body = line[BODY_START:-1]
    is_whole = line.endswith(b"\n") and line.startswith(_frame_head(key, body))
    return body if is_whole else None


def scan(file: IO[bytes], start: int = 0) -> tuple[Entries, int]:
    """Find the records of a segment from `start` on.

    Args:
        file: The segment, open for reading; it may grow meanwhile.
        start: Where a line begins.

    Returns:
        The records in file order, and the end of the last whole line.
    """
    file.seek(start)
    found = bytearray()
    offset = start
    for line in file:
        if not line.endswith(b"\n"):
            break
        if halves := _read_key(line):
            found += _ENTRY.pack(*halves, offset, len(line))
        offset += len(line)
    return np.frombuffer(found, dtype=ENTRY), offset


def _read_key(line: bytes) -> tuple[int, int] | None:
    try:
        key = line[:KEY_CHARS].decode("ascii")
        halves = split_key(key)
    except ValueError:
        return None
    return halves if read_body(line, key) is not None else None


def split_key(key: str) -> tuple[int, int]:
    """Return the two 64-bit halves of a key of 32 hexadecimal digits."""
    return int(key[:16], 16), int(key[16:], 16)


def dump_index(entries: Entries, covered_bytes: int) -> bytes:
    """Make the index file of a segment's first `covered_bytes` bytes."""
    body = entries.tobytes()
    return _HEADER.pack(_MAGIC, covered_bytes, len(entries), zlib.crc32(body)) + body


def parse_index(data: bytes) -> tuple[Entries, int] | None:
    """Read an index file; None where it is damaged, so that the segment must be scanned."""
    if len(data) < _HEADER.size:
        return None
    magic, covered_bytes, num_entries, checksum = _HEADER.unpack_from(data)
    body = data[_HEADER.size :]
    is_whole = len(body) == num_entries * ENTRY.itemsize and zlib.crc32(body) == checksum
    if magic != _MAGIC or not is_whole:
        return None
    return np.frombuffer(body, dtype=ENTRY), covered_bytes
