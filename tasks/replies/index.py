"""Where each kept reply lies: a compact table in memory, 32 bytes a reply.

Keys are two 64-bit halves. Most entries are in sorted arrays; the latest are in a dictionary that
is folded into the arrays when it has grown.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tasks.replies.segments import ENTRY, Entries, split_key

FOLD_AT = 16_384
"""Entries in the dictionary at most; it costs five times the memory of the arrays."""


class Place(NamedTuple):
    """Where the line of a reply lies."""

    segment: int
    offset: int
    size: int


@dataclass(slots=True)
class _Columns:
    """Entries sorted by key; `size` 0 marks one that was discarded."""

    high: npt.NDArray[np.uint64]
    low: npt.NDArray[np.uint64]
    segment: npt.NDArray[np.uint32]
    offset: npt.NDArray[np.uint64]
    size: npt.NDArray[np.uint32]

    def select(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> "_Columns":
        return _Columns(*(column[rows] for column in self.all()))

    def all(self) -> tuple[npt.NDArray[np.unsignedinteger], ...]:
        return self.high, self.low, self.segment, self.offset, self.size


class ReplyIndex:
    """A map from key to `Place`; the first entry of a key wins."""

    def __init__(self) -> None:
        self._latest: dict[tuple[int, int], Place] = {}
        self._sorted = _make_columns(np.empty(0, ENTRY), 0)

    def __len__(self) -> int:
        return len(self._latest) + int(np.count_nonzero(self._sorted.size))

    @property
    def num_bytes(self) -> int:
        """Memory of the sorted part."""
        return sum(column.nbytes for column in self._sorted.all())

    def find(self, key: str) -> Place | None:
        """Return where the reply of `key` lies."""
        halves = split_key(key)
        if place := self._latest.get(halves):
            return place
        row = self._find_row(*halves)
        if row is None:
            return None
        table = self._sorted
        return Place(int(table.segment[row]), int(table.offset[row]), int(table.size[row]))

    def add(self, key: str, place: Place) -> None:
        """Enter a reply whose key is not there yet."""
        self._latest[split_key(key)] = place
        if len(self._latest) >= FOLD_AT:
            self._fold()

    def discard(self, key: str) -> None:
        """Forget a reply whose line proved unreadable."""
        halves = split_key(key)
        self._latest.pop(halves, None)
        row = self._find_row(*halves)
        if row is not None:
            self._sorted.size[row] = 0

    def load(self, segments: list[tuple[int, Entries]]) -> None:
        """Enter all records of segments, the earliest first, into an empty index."""
        tables = [_make_columns(entries, number) for number, entries in segments]
        if tables:
            parts = zip(*(table.all() for table in tables), strict=True)
            self._sorted = _sort_unique(_Columns(*(np.concatenate(part) for part in parts)))

    def entries_of(self, segment: int) -> Entries:
        """Return the entries of one segment, by key."""
        self._fold()
        rows = (self._sorted.segment == segment) & (self._sorted.size > 0)
        chosen = self._sorted.select(rows)
        entries = np.empty(len(chosen.high), ENTRY)
        for name in ("high", "low", "offset", "size"):
            entries[name] = getattr(chosen, name)
        return entries

    def _find_row(self, high: int, low: int) -> int | None:
        table = self._sorted
        row = int(table.high.searchsorted(np.uint64(high)))
        while row < len(table.high) and int(table.high[row]) == high:
            if int(table.low[row]) == low and table.size[row]:
                return row
            row += 1
        return None

    def _fold(self) -> None:
        if not self._latest:
            return
        rows = [(*halves, *place) for halves, place in sorted(self._latest.items())]
        columns = list(zip(*rows, strict=True))
        high = np.array(columns[0], np.uint64)
        before = self._sorted.high.searchsorted(high)
        self._sorted = _Columns(
            *(
                np.insert(old, before, np.array(new, old.dtype))
                for old, new in zip(self._sorted.all(), columns, strict=True)
            )
        )
        self._latest.clear()


def _make_columns(entries: Entries, segment: int) -> _Columns:
    return _Columns(
        high=np.ascontiguousarray(entries["high"]),
        low=np.ascontiguousarray(entries["low"]),
        segment=np.full(len(entries), segment, np.uint32),
        offset=np.ascontiguousarray(entries["offset"]),
        size=np.ascontiguousarray(entries["size"]),
    )


def _sort_unique(table: _Columns) -> _Columns:
    table = table.select(np.lexsort((table.low, table.high)))
    is_first = np.ones(len(table.high), bool)
    is_first[1:] = (np.diff(table.high) != 0) | (np.diff(table.low) != 0)
    return table.select(is_first)
