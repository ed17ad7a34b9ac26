"""Where rows come from: a folder with metadata.jsonl, JSONL, Parquet, or a Hub data set.

Every source says how many rows it has and yields any range of them, so that a shard can be made
again on its own and memory does not grow with the source. Rows are raw values here; `ingest`
decides what they are worth.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any, Protocol

import huggingface_hub
import orjson
import pyarrow as pa
from huggingface_hub.errors import HfHubHTTPError

from schemas.errors import SourceError
from schemas.recipe import SourceParams
from tasks.shards import open_parquet
from tasks.storage import Folder

MAX_LINE_BYTES = 64 * 1024 * 1024
LINES_PER_MARK = 64
"""The line index remembers the offset of every 64th row: 0.1 bytes a row."""
PEEKED_ROWS = 100
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """One row as the source holds it."""

    row: int
    """Position in the source, from 0."""
    values: dict[str, Any]
    fault: str | None = None
    """Why the row cannot be read, where it cannot; `values` is empty then."""


class Source(Protocol):
    """A readable source."""

    num_rows: int
    root: Folder
    """Folder that relative image paths start from."""

    @property
    def version(self) -> list[str]:
        """What changes when the files that hold the rows change."""
        ...

    def read(self, start: int, stop: int) -> Iterator[SourceRow]:
        """Yield rows start to stop - 1."""
        ...

    def columns(self) -> list[str]:
        """Return the columns that rows have, sorted."""
        ...


def open_source(params: SourceParams) -> Source:
    """Open a source and count its rows.

    Raises:
        SourceError: there is nothing to read, or its columns are not those of the recipe.
    """
    if not params.path:
        raise SourceError("no source: give --source FOLDER, FILE or HUB_ID, or set source.path")
    source = _find_source(params)
    if not source.num_rows:
        raise SourceError(f"source {params.path!r} has no rows")
    _check_columns(params, source)
    return source


def image_column(params: SourceParams, columns: list[str]) -> str:
    """Return the column that holds the image; `file_name` is the ImageFolder convention."""
    if params.image not in columns and "image" not in params.model_fields_set:
        return "file_name"
    return params.image


def _find_source(params: SourceParams) -> Source:
    path = params.path
    try:
        folder = Folder(path)
        kind = "" if "*" in path else _kind(folder)
        if not kind and "*" not in path and HUB_ID.fullmatch(path):
            return _open_folder(_hub_folder(params), params)
        if kind == "directory":
            return _open_folder(folder, params)
        return _open_files(folder, params, kind)
    except (OSError, ValueError, ImportError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"cannot read source {path!r}: {error}") from error


def _kind(folder: Folder) -> str:
    try:
        return str(folder.fs.info(folder.path())["type"])
    except FileNotFoundError:
        return ""


def _open_folder(folder: Folder, params: SourceParams) -> Source:
    names = folder.list()
    for metadata in ("metadata.jsonl", f"{params.split}/metadata.jsonl"):
        if metadata in names:
            root = folder.join(params.split) if "/" in metadata else folder
            return JsonLines(root, ["metadata.jsonl"], _image_root(params, root))
    parquet = [name for name in names if name.endswith(".parquet")]
    wanted = [name for name in parquet if _is_of_split(name, params)] or (
        parquet if not params.subset else []
    )
    if not wanted:
        raise SourceError(
            f"source {params.path!r} has neither metadata.jsonl nor *.parquet"
            f" of split {params.split!r}"
        )
    return ParquetRows(folder, wanted, _image_root(params, folder))


def _open_files(folder: Folder, params: SourceParams, kind: str) -> Source:
    fs, pattern = folder.fs, folder.path()
    paths = sorted(str(path) for path in fs.glob(pattern)) if not kind else [pattern]
    if not paths:
        raise SourceError(f"source {params.path!r} does not exist; give a folder, file or Hub id")
    scheme = folder.url.split("://")[0] + "://" if "://" in folder.url else ""
    root = Folder(scheme + paths[0].rsplit("/", 1)[0])
    prefix = root.path() + "/"
    names = [path.removeprefix(prefix) for path in paths]
    if any(name.startswith("/") for name in names):
        raise SourceError(f"source {params.path!r} spans several folders; give one source each")
    if all(name.endswith(".parquet") for name in names):
        return ParquetRows(root, names, _image_root(params, root))
    if all(name.endswith((".jsonl", ".ndjson")) for name in names):
        return JsonLines(root, names, _image_root(params, root))
    raise SourceError(f"source {params.path!r}: expected .jsonl or .parquet files, got {names[:3]}")


def _hub_folder(params: SourceParams) -> Folder:
    """Return a Hub data set at a pinned revision as a folder."""
    try:
        found = huggingface_hub.HfApi().dataset_info(params.path, revision=params.revision)
    except (HfHubHTTPError, OSError) as error:
        cause = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise SourceError(
            f"source {params.path!r} is neither a path nor a data set that the Hub shows: {cause}"
        ) from None
    return Folder(f"hf://datasets/{params.path}@{found.sha}")


def _is_of_split(name: str, params: SourceParams) -> bool:
    parts = name.split("/")
    if params.subset and params.subset not in parts:
        return False
    is_named = re.match(rf"{re.escape(params.split)}[-.]", parts[-1]) is not None
    return is_named or params.split in parts[:-1]


def _image_root(params: SourceParams, root: Folder) -> Folder:
    return Folder(params.image_root) if params.image_root else root


def _check_columns(params: SourceParams, source: Source) -> None:
    columns = source.columns()
    wanted = {"question": params.question, "answer": params.answer}
    wanted["image"] = image_column(params, columns)
    for key in ("choices", "id", "unit", "domain"):
        if key in params.model_fields_set:
            wanted[key] = getattr(params, key)
    for key, name in wanted.items():
        if name not in columns:
            raise SourceError(
                f"source {params.path!r} has no column {name!r} (source.{key});"
                f" its columns: {columns}"
            )


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
