"""Parquet files as a source, read a few rows at a time."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import pyarrow as pa

from tasks.shards import open_parquet
from tasks.sources.source import SourceRow
from tasks.storage import Folder


@dataclass(slots=True)
class ParquetRows:
    """Parquet files, read a few rows at a time."""

    folder: Folder
    files: list[str]
    root: Folder
    num_rows: int = 0
    groups: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    group_rows: list[int] = field(default_factory=list[int])
    """First row of each row group."""
    names: list[str] = field(default_factory=list[str])
    rest: dict[int, Iterator[SourceRow]] = field(default_factory=dict[int, Iterator[SourceRow]])
    """The rows behind those that were read last, by the number of the first."""

    def __post_init__(self) -> None:
        """Read the footers."""
        for name in self.files:
            with open_parquet(self.folder, name) as file:
                self.names = sorted({*self.names, *file.schema_arrow.names})
                for group in range(file.num_row_groups):
                    self.groups.append((name, group))
                    self.group_rows.append(self.num_rows)
                    self.num_rows += file.metadata.row_group(group).num_rows

    @property
    def version(self) -> list[str]:
        """What changes when the files that hold the rows change."""
        return [self.folder.version(file) for file in self.files]

    def read(self, start: int, stop: int) -> Iterator[SourceRow]:
        """Yield rows start to stop - 1; goes on from there if `start` is next.

        A file may be one large row group, which can be read from its beginning alone.
        """
        rows = self.rest.pop(start, None) or self._read_from(start)
        yield from islice(rows, stop - start)
        self.rest = {stop: rows} if stop < self.num_rows else {}

    def _read_from(self, start: int) -> Iterator[SourceRow]:
        index = bisect_right(self.group_rows, start) - 1
        row = self.group_rows[index]
        for name, group in self.groups[index:]:
            for batch in self._batches(name, group):
                first = max(start - row, 0)
                for position, values in enumerate(batch.slice(first).to_pylist(), row + first):
                    yield SourceRow(row=position, values=values)
                row += batch.num_rows

    def _batches(self, name: str, group: int) -> Iterator[pa.RecordBatch]:
        with open_parquet(self.folder, name) as file:
            yield from file.iter_batches(batch_size=16, row_groups=[group])

    def columns(self) -> list[str]:
        """Return the columns of the files."""
        return self.names

    def close(self) -> None:
        """Close the file that is open for the next reader."""
        self.rest.clear()
