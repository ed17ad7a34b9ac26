"""Replies that models gave, kept by content: what was once paid for is never asked again.

A reply is durable before `put` returns; many that wait share one sync. Replies of all runs and
processes of a dataset lie in its folder `replies/`; bodies stay on disk, and the memory of an open
store is 32 bytes a reply.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import fsspec
from fsspec.implementations.local import LocalFileSystem

from schemas.records import Reply
from tasks.replies.format import dump_reply, load_reply
from tasks.replies.index import Place, ReplyIndex
from tasks.replies.local_journal import LocalJournal
from tasks.replies.object_journal import ObjectJournal
from tasks.replies.segments import Entries, frame, read_body

FOLDER = "replies"
MAX_BATCH_REPLIES = 256
MAX_BATCH_BYTES = 16 << 20
"""A batch of this size is written without waiting for company."""


class ReplyStoreError(OSError):
    """A reply cannot be kept (full disk, no access): the run must stop, nothing is damaged."""


class Journal(Protocol):
    """Where segments lie: one folder, in which this process writes segments of its own."""

    linger_seconds: float

    @property
    def own_segment(self) -> int | None:
        """Number of the segment that this process is writing, if it has one to index."""
        ...

    def load(self) -> list[tuple[int, Entries]]:
        """Find all records that are there: (segment number, entries), the earliest first."""
        ...

    def append(self, data: bytes) -> Place:
        """Write whole lines durably; return where they lie. On an exception nothing counts."""
        ...

    def read(self, place: Place) -> bytes:
        """Return the bytes at a place; fewer where the segment was cut or is gone."""
        ...

    def close(self, entries: Entries) -> None:
        """Leave the own segment, whose records are `entries`, quick to load."""
        ...


class _Batch:
    """Lines that are written together, and who waits for each."""

    def __init__(self) -> None:
        self.lines: dict[str, bytes] = {}
        self.waiters: list[asyncio.Future[None]] = []
        self.num_bytes = 0
        self.is_full = asyncio.Event()

    def add(self, key: str, reply: Reply) -> None:
        line = frame(key, dump_reply(reply))
        self.lines[key] = line
        self.num_bytes += len(line)
        if len(self.lines) >= MAX_BATCH_REPLIES or self.num_bytes >= MAX_BATCH_BYTES:
            self.is_full.set()

    def settle(self, error: Exception | None) -> None:
        for waiter in self.waiters:
            if waiter.done():
                continue
            if error is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(error)


class ReplyStore:
    """The replies of one dataset. One event loop at a time; `open` and `get` block shortly."""

    def __init__(self, journal: Journal, url: str) -> None:
        self.url = url
        self._journal = journal
        self._index = ReplyIndex()
        self._batch = _Batch()
        self._flusher: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="replies")

    @classmethod
    def open(cls, root_url: str) -> Self:
        """Open the store below a dataset's root (a path or any fsspec URL); it may be absent."""
        fs, root = fsspec.core.url_to_fs(root_url)
        folder = f"{root.rstrip('/')}/{FOLDER}"
        is_local = isinstance(fs, LocalFileSystem)
        store = cls(LocalJournal(Path(folder)) if is_local else ObjectJournal(fs, folder), root_url)
        store._index.load(store._journal.load())
        return store

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def max_unsynced(self) -> int:
        """Replies that may wait for company before they are written: on an object store a batch."""
        return MAX_BATCH_REPLIES if self._journal.linger_seconds >= 0.1 else 0

    def __len__(self) -> int:
        return len(self._index)

    def get(self, key: str) -> Reply | None:
        """Return the kept reply of a key; a record that cannot be read is as good as none."""
        place = self._index.find(key)
        if place is None:
            return None
        body = read_body(self._journal.read(place), key)
        reply = None if body is None else load_reply(body)
        if reply is None:
            self._index.discard(key)
        return reply

    async def put(self, key: str, reply: Reply) -> None:
        """Keep a reply; it survives a crash when this returns. The first of a key wins.

        Raises:
            ReplyStoreError: It cannot be kept; whatever was kept before is intact.
        """
        if self._index.find(key) is not None:
            return
        if key not in self._batch.lines:
            self._batch.add(key, reply)
        waiter = asyncio.get_running_loop().create_future()
        self._batch.waiters.append(waiter)
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush())
        await waiter

    async def close(self) -> None:
        """Write what waits, leave the segments quick to open, and free everything."""
        if self._flusher is not None:
            self._batch.is_full.set()
            await self._flusher
        segment = self._journal.own_segment
        entries = self._index.entries_of(-1 if segment is None else segment)
        try:
            await asyncio.get_running_loop().run_in_executor(
                self._thread, self._journal.close, entries
            )
        finally:
            self._thread.shutdown()

    async def _flush(self) -> None:
        try:
            while self._batch.lines:
                await self._wait_for_company(self._batch.is_full)
                batch, self._batch = self._batch, _Batch()
                batch.settle(await self._write(batch.lines))
        finally:
            self._flusher = None

    async def _wait_for_company(self, is_full: asyncio.Event) -> None:
        if self._journal.linger_seconds < 0.1:  # A timer is cheaper than a wait with a timeout.
            await asyncio.sleep(self._journal.linger_seconds)
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(is_full.wait(), self._journal.linger_seconds)

    async def _write(self, lines: dict[str, bytes]) -> ReplyStoreError | None:
        loop = asyncio.get_running_loop()
        try:
            start = await loop.run_in_executor(self._thread, self._append, list(lines.values()))
        except Exception as error:  # The back ends of fsspec raise what they like.
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            failure = ReplyStoreError(f"cannot keep replies in {self.url!r}: {why}")
            failure.__cause__ = error
            return failure
        offset = start.offset
        for key, line in lines.items():
            if self._index.find(key) is None:
                self._index.add(key, Place(start.segment, offset, len(line)))
            offset += len(line)
        return None

    def _append(self, lines: Sequence[bytes]) -> Place:
        return self._journal.append(b"".join(lines))
