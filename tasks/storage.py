"""Files on a local disk or any fsspec URL, written whole or not at all.

The only module that knows how a write becomes durable: on a local disk a temporary file, fsync and
rename; on an object store one put, which is atomic there.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

TEMPORARY_MARK = ".tmp-"
CHANGE_MARKS = ("mtime", "ETag", "LastModified", "etag", "last_modified", "blob_id", "created")
"""What file systems call the mark of a change; a local disk's `created` says nothing more."""


@dataclass(frozen=True)
class Folder:
    """A folder on some file system, given by a path or an fsspec URL."""

    url: str

    @cached_property
    def _target(self) -> tuple[fsspec.AbstractFileSystem, str]:
        return fsspec.core.url_to_fs(self.url)

    @property
    def fs(self) -> fsspec.AbstractFileSystem:
        """The file system that holds the folder."""
        return self._target[0]

    @property
    def is_local(self) -> bool:
        """Whether the folder is on a local disk."""
        return isinstance(self.fs, LocalFileSystem)

    def path(self, name: str = "") -> str:
        """Return the path of `name` within the file system."""
        root = self._target[1].rstrip("/")
        return f"{root}/{name}" if name else root

    def join(self, name: str) -> "Folder":
        """Return the folder `name` inside this one."""
        return Folder(f"{self.url.rstrip('/')}/{name}")

    def exists(self, name: str) -> bool:
        """Whether a file `name` is there; never from a cached listing."""
        return self.size(name) is not None

    def size(self, name: str) -> int | None:
        """Return the size of a file in bytes, or None where there is none."""
        try:
            self.fs.invalidate_cache()
            return int(self.fs.info(self.path(name))["size"] or 0)
        except FileNotFoundError:
            return None

    def version(self, name: str) -> str:
        """Return size and change mark of a file: another text means that the file was changed."""
        info = self.fs.info(self.path(name))
        marks = [str(info[key]) for key in CHANGE_MARKS if info.get(key)]
        return " ".join([name, str(info["size"]), *marks])

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading."""
        return self.fs.open(self.path(name), "rb")  # type: ignore[no-any-return]

    def read(self, name: str) -> bytes:
        """Return the whole content of a file."""
        return self.fs.cat_file(self.path(name))  # type: ignore[no-any-return]

    def list(self) -> list[str]:
        """Return the names of the finished files below this folder, relative to it, sorted."""
        self.fs.invalidate_cache()
        root = self.path()
        with contextlib.suppress(FileNotFoundError):
            names = [str(path)[len(root) :].lstrip("/") for path in self.fs.find(root)]
            return sorted(name for name in names if TEMPORARY_MARK not in name)
        return []

    def remove(self, name: str) -> None:
        """Delete a file."""
        self.fs.rm_file(self.path(name))

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole, durably."""
        with self.replacing(name) as temporary:
            temporary.write_bytes(data)

    @contextlib.contextmanager
    def replacing(self, name: str) -> Generator[Path]:
        """Yield a local file to write; on success it takes the place of `name`, durably.

        On an exception nothing of `name` changes and the temporary file is removed.
        """
        if not self.is_local:
            with tempfile.TemporaryDirectory() as scratch:
                temporary = Path(scratch) / "file"
                yield temporary
                self.fs.put_file(str(temporary), self.path(name))
            return
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}{TEMPORARY_MARK}{os.getpid()}")
        try:
            yield temporary
            _sync(temporary)
            temporary.replace(target)
            _sync(target.parent)
        finally:
            temporary.unlink(missing_ok=True)

    def sha256(self, name: str) -> str:
        """Return the hexadecimal sha256 of a file."""
        with self.open(name) as stream:
            return hash_stream(stream)


def hash_stream(stream: IO[Any]) -> str:
    """Return the hexadecimal sha256 of what is left in a stream."""
    digest = hashlib.sha256()
    while block := stream.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
