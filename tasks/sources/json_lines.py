"""JSONL files as a source; an index of every 64th row makes any range readable."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

import orjson

from tasks.sources.source import SourceRow
from tasks.storage import Folder

MAX_LINE_BYTES = 64 * 1024 * 1024
LINES_PER_MARK = 64
"""The line index remembers the offset of every 64th row: 0.1 bytes a row."""
PEEKED_ROWS = 100


@dataclass(slots=True)
class JsonLines:
    """JSONL files; blank lines are not rows."""

    folder: Folder
    files: list[str]
    root: Folder
    num_rows: int = 0
    marks: list[tuple[str, int, int]] = field(default_factory=list[tuple[str, int, int]])
    """(file, offset, line number) of every 64th row, and of the first row of each file."""
    mark_rows: list[int] = field(default_factory=list[int])

    def __post_init__(self) -> None:
        """Count the rows and remember where they are."""
        for file in self.files:
            with self.folder.open(file) as stream:
                first = self.num_rows
                for offset, line_number, line in _iterate_lines(stream):
                    if line is not None and not line.strip():
                        continue
                    if (self.num_rows - first) % LINES_PER_MARK == 0:
                        self.marks.append((file, offset, line_number))
                        self.mark_rows.append(self.num_rows)
                    self.num_rows += 1

    @property
    def version(self) -> list[str]:
        """What changes when the files that hold the rows change."""
        return [self.folder.version(file) for file in self.files]

    def read(self, start: int, stop: int) -> Iterator[SourceRow]:
        """Yield rows start to stop - 1; a line that is not a JSON object is a row with a fault."""
        index = bisect_right(self.mark_rows, start) - 1
        row = self.mark_rows[index] if self.marks else stop
        while row < stop:
            file, offset, line_number = self.marks[index]
            with self.folder.open(file) as stream:
                stream.seek(offset)
                for _, number, line in _iterate_lines(stream, offset, line_number):
                    if row >= stop:
                        return
                    if line is not None and not line.strip():
                        continue
                    if row >= start:
                        yield _parse_line(row, line, f"{file} line {number}")
                    row += 1
            index = bisect_right(self.mark_rows, row - 1)

    def columns(self) -> list[str]:
        """Return the keys of the first rows."""
        peeked = self.read(0, min(self.num_rows, PEEKED_ROWS))
        return sorted({key for row in peeked for key in row.values})

    def close(self) -> None:
        """Do nothing: every reader opens its file anew."""


def _iterate_lines(
    stream: IO[bytes], offset: int = 0, number: int = 1
) -> Iterator[tuple[int, int, bytes | None]]:
    """Yield (offset, line number, line); None for a line over the size limit."""
    while line := stream.readline(MAX_LINE_BYTES):
        size, kept = len(line), line
        while not line.endswith(b"\n") and (line := stream.readline(MAX_LINE_BYTES)):
            size, kept = size + len(line), None
        yield offset, number, kept
        offset, number = offset + size, number + 1


def _parse_line(row: int, line: bytes | None, where: str) -> SourceRow:
    if line is None:
        fault = f"{where}: longer than {MAX_LINE_BYTES} bytes"
        return SourceRow(row=row, values={}, fault=fault)
    try:
        values = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return SourceRow(row=row, values={}, fault=f"{where}: not JSON: {error.msg}")
    if not isinstance(values, dict):
        return SourceRow(row=row, values={}, fault=f"{where}: not a JSON object")
    return SourceRow(row=row, values=values)
