"""Reply segments as files on a local disk: each grows by appending, and has an index when closed.

Blocking. Every process writes one segment of its own and reads those of all others.
"""

import contextlib
import os
import secrets
import time
from collections import OrderedDict
from pathlib import Path

import numpy as np

from tasks.replies.index import Place
from tasks.replies.segments import Entries, dump_index, parse_index, scan

SEGMENT_SUFFIX = ".log"
INDEX_SUFFIX = ".index"


def make_segment_name() -> str:
    """Name a new segment; names sort by the time of their making."""
    return f"{time.time_ns():020d}-{secrets.token_hex(4)}"


class LocalJournal:
    """The segment files of one folder."""

    linger_seconds = 0.005
    """How long a batch waits for company before it is synced."""
    _MAX_OPEN_FILES = 64
    _INDEX_AFTER_BYTES = 1 << 20
    """An index is written for another process's segment when this much of it has none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths: list[Path] = []
        self._readers: OrderedDict[int, int] = OrderedDict()
        self._writer: int | None = None
        self._written_bytes = 0

    @property
    def own_segment(self) -> int | None:
        """Number of the segment that this process is writing."""
        return None if self._writer is None else len(self._paths) - 1

    def load(self) -> list[tuple[int, Entries]]:
        """Find all records; a segment is scanned only behind what its index covers."""
        self._paths = sorted(self._folder.glob(f"*{SEGMENT_SUFFIX}"))
        return [(number, self._load_segment(path)) for number, path in enumerate(self._paths)]

    def append(self, data: bytes) -> Place:
        """Append and sync; after a fault the segment is cut back and a new one begun."""
        writer = self._open_writer() if self._writer is None else self._writer
        start = self._written_bytes
        try:
            write_all(writer, data)
            os.fsync(writer)
        except OSError:
            self._abandon(writer, start)
            raise
        self._written_bytes += len(data)
        return Place(len(self._paths) - 1, start, len(data))

    def read(self, place: Place) -> bytes:
        """Return the bytes at a place."""
        try:
            return os.pread(self._open_reader(place.segment), place.size, place.offset)
        except FileNotFoundError:
            return b""

    def close(self, entries: Entries) -> None:
        """Write the index of the own segment and close all files."""
        if self._writer is not None:
            _write_index(self._paths[-1], entries, self._written_bytes)
            os.close(self._writer)
            self._writer = None
        for reader in self._readers.values():
            os.close(reader)
        self._readers.clear()

    def _load_segment(self, path: Path) -> Entries:
        indexed = None
        with contextlib.suppress(OSError):
            indexed = parse_index(path.with_suffix(INDEX_SUFFIX).read_bytes())
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if indexed is None or indexed[1] > size:
                entries, covered = scan(file)
            elif indexed[1] == size:
                return indexed[0]
            else:
                fresh, covered = scan(file, indexed[1])
                entries = np.concatenate([indexed[0], fresh])
        if covered - (indexed[1] if indexed else 0) >= self._INDEX_AFTER_BYTES:
            _write_index(path, entries, covered)
        return entries

    def _open_writer(self) -> int:
        _make_folder(self._folder)
        path = self._folder / (make_segment_name() + SEGMENT_SUFFIX)
        self._writer = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        self._written_bytes = 0
        self._paths.append(path)
        _sync_folder(self._folder)
        return self._writer

    def _abandon(self, writer: int, end: int) -> None:
        # After a failed sync the state of the file's pages is unknown, so it is not written again.
        with contextlib.suppress(OSError):
            os.ftruncate(writer, end)
        with contextlib.suppress(OSError):
            os.close(writer)
        self._writer = None

    def _open_reader(self, segment: int) -> int:
        reader = self._readers.pop(segment, None)
        if reader is None:
            reader = os.open(self._paths[segment], os.O_RDONLY)
        self._readers[segment] = reader
        if len(self._readers) > self._MAX_OPEN_FILES:
            os.close(self._readers.popitem(last=False)[1])
        return reader


def write_all(descriptor: int, data: bytes, offset: int | None = None) -> None:
    """Write all of `data`, at the end or at `offset`."""
    view = memoryview(data)
    while view:
        if offset is None:
            count = os.write(descriptor, view)
        else:
            count = os.pwrite(descriptor, view, offset)
            offset += count
        view = view[count:]


def _write_index(segment: Path, entries: Entries, covered_bytes: int) -> None:
    # An index only saves time, so a full or read-only disk is no reason to fail.
    temporary = segment.with_suffix(f".{secrets.token_hex(4)}.tmp")
    try:
        temporary.write_bytes(dump_index(entries, covered_bytes))
        temporary.replace(segment.with_suffix(INDEX_SUFFIX))
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _make_folder(folder: Path) -> None:
    """Make a folder and what it lies in, so that they survive a loss of power."""
    absent = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in absent:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
