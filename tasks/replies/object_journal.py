"""Reply segments as immutable objects of any fsspec file system, one a batch.

Blocking. All objects are copied into one local spool file and read from there; at the end those of
a run are joined into one, so that the next start lists few.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from tasks.replies.index import Place
from tasks.replies.local_journal import SEGMENT_SUFFIX, make_segment_name, write_all
from tasks.replies.segments import Entries, scan


class ObjectJournal:
    """The objects of one folder, and the spool."""

    linger_seconds = 1.0
    """How long a batch waits for company; an object is too dear to write for one reply."""
    _AT_ONCE = 16
    _SMALL_BYTES = 4 << 20

    def __init__(self, fs: Any, folder: str) -> None:
        self._fs = fs
        self._folder = folder
        self._run = make_segment_name()
        self._own_objects: list[str] = []
        self._spool: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives until close
        self._end = 0
        self._own_start = 0

    own_segment = None

    def load(self) -> list[tuple[int, Entries]]:
        """Copy all objects into the spool; what vanishes meanwhile was joined into another."""
        known: dict[str, int] = {}
        while fresh := self._list_objects().items() - known.items():
            names = sorted(fresh)
            for first in range(0, len(names), self._AT_ONCE):
                self._fetch(names[first : first + self._AT_ONCE])
            known |= dict(names)
        self._own_start = self._end
        return [(0, scan(self._spool)[0])]

    def append(self, data: bytes) -> Place:
        """Put one object; the store has it when this returns."""
        name = f"{self._folder}/{self._run}-{len(self._own_objects):06d}{SEGMENT_SUFFIX}"
        if not self._own_objects:
            self._fs.makedirs(self._folder, exist_ok=True)
        self._fs.pipe_file(name, data)
        self._own_objects.append(name)
        return self._keep(data)

    def read(self, place: Place) -> bytes:
        """Return the bytes at a place of the spool."""
        return os.pread(self._spool.fileno(), place.size, place.offset)

    def close(self, entries: Entries) -> None:
        """Join this run's objects into one, then delete them."""
        if len(self._own_objects) > 1:
            self._spool.seek(self._own_start)
            with self._fs.open(f"{self._folder}/{self._run}-all{SEGMENT_SUFFIX}", "wb") as out:
                shutil.copyfileobj(self._spool, out, 1 << 20)
            self._fs.rm(self._own_objects)
        self._spool.close()

    def _list_objects(self) -> dict[str, int]:
        self._fs.invalidate_cache()
        found: dict[str, Any] = {}
        with contextlib.suppress(FileNotFoundError):
            found = self._fs.find(self._folder, detail=True)
        return {
            name: int(info["size"]) for name, info in found.items() if name.endswith(SEGMENT_SUFFIX)
        }

    def _fetch(self, names: list[tuple[str, int]]) -> None:
        with ThreadPoolExecutor(self._AT_ONCE) as pool:
            small = {
                name: pool.submit(self._fs.cat_file, name)
                for name, size in names
                if size <= self._SMALL_BYTES
            }
            for name, _ in names:
                with contextlib.suppress(FileNotFoundError):
                    for block in [small[name].result()] if name in small else self._stream(name):
                        self._keep(block)
                    self._keep(b"\n")

    def _stream(self, name: str) -> Iterator[bytes]:
        with self._fs.open(name, "rb") as file:
            while block := file.read(1 << 20):
                yield block

    def _keep(self, data: bytes) -> Place:
        start = self._end
        write_all(self._spool.fileno(), data, start)
        self._end += len(data)
        return Place(0, start, len(data))
