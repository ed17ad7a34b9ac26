"""Parquet's only door: shards are written under a contract and read back under it.

A shard carries its row counts by reason in its footer, so a finished shard reports the same as
one that was just built. No time, run id or path goes into a shard: same rows, same bytes. A shard
that lacks something, or was made from one that does, says so there and is made anew by the next
run (see `unfinished`).
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import ContractError
from schemas.manifest import Manifest, ShardEntry
from schemas.records import ShardReport
from schemas.tables import TABLES
from tasks.storage import Folder
from tasks.unfinished import count_unfinished, note_unfinished

COUNTS_KEY = b"sightline.counts"
UNFINISHED_KEY = b"sightline.unfinished"
MANIFEST = "manifest.json"
ROWS_PER_GROUP = 64
GROUP_BYTES = 16 << 20
"""A row group of large images ends here, since readers hold a whole one in memory."""
READ_BYTES = 1 << 18
"""Read at a time from a column; without it a column of a row group is read whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardJob:
    """One shard of one partition: what every stage task is given."""

    partition: str
    """URL of the partition's folder in the workspace."""
    tables: Mapping[str, str]
    """Table name to its fingerprint."""
    index: int
    num_shards: int

    @property
    def name(self) -> str:
        """Name such as `00003-of-00016`, used in file and task-run names."""
        return f"{self.index:05d}-of-{self.num_shards:05d}"

    @property
    def file(self) -> str:
        """File name of the shard, the same in every table."""
        return f"shard-{self.name}.parquet"

    def folder(self, table: str) -> Folder:
        """Return the folder of a table."""
        return table_folder(self.partition, table, self.tables[table])


def make_fingerprint(identity: Mapping[str, Any]) -> str:
    """Hash everything that a table depends on, 16 hexadecimal digits."""
    text = json.dumps(identity, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def table_folder(partition: str, table: str, fingerprint: str) -> Folder:
    """Return the folder of a table under a fingerprint."""
    return Folder(partition).join(f"{table}/{fingerprint}")


def conform(frame: pl.DataFrame | pa.Table, schema: pa.Schema) -> pa.Table:
    """Cast a table to its contract: names, order, types and nullability.

    Raises:
        ContractError: a column is missing, extra, or holds a null that the contract forbids.
    """
    table = frame.to_arrow() if isinstance(frame, pl.DataFrame) else frame
    missing = sorted(set(schema.names) - set(table.column_names))
    extra = sorted(set(table.column_names) - set(schema.names))
    if missing or extra:
        raise ContractError(f"table does not match its contract: {missing=}, {extra=}")
    columns: list[pa.ChunkedArray] = []
    for field in schema:
        values = table.column(field.name).cast(field.type)
        if values.null_count and not field.nullable:
            raise ContractError(f"column {field.name!r} holds {values.null_count} nulls")
        columns.append(values)
    return pa.Table.from_arrays(columns, schema=schema)


def rows_to_table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Build a table from dictionaries that have exactly the contract's keys."""
    for row in rows[:1]:
        if set(row) != set(schema.names):
            raise ContractError(f"row does not match its contract: {sorted(row)}")
    return conform(pa.Table.from_pylist(list(rows), schema=schema), schema)


def write_shard(
    job: ShardJob, table: str, rows: pa.Table, counts: Mapping[str, int]
) -> ShardReport:
    """Write one shard of a table, durably and whole."""
    batches = (rows.slice(i, ROWS_PER_GROUP) for i in range(0, rows.num_rows, ROWS_PER_GROUP))
    return write_batches(job, table, batches, lambda: counts)


def write_batches(
    job: ShardJob,
    table: str,
    batches: Iterable[pa.Table],
    counts: Callable[[], Mapping[str, int]],
) -> ShardReport:
    """Write one shard from tables of bounded size; `counts()` is asked when all are written."""
    with job.folder(table).replacing(job.file) as temporary, temporary.open("wb") as stream:
        num_rows = stream_table(stream, TABLES[table], batches, counts)
    return ShardReport(
        table=table,
        file=job.file,
        rows=num_rows,
        counts=dict(counts()),
        num_unfinished=count_unfinished(),
    )


def stream_table(
    stream: IO[bytes],
    schema: pa.Schema,
    batches: Iterable[pa.Table],
    counts: Callable[[], Mapping[str, int]],
) -> int:
    """Write Parquet to a stream, one row group a batch; return the number of rows.

    Image bytes are stored as they are: they are compressed already, and a later edit then changes
    few bytes of the file. The rest is zstd.
    """
    images = [path for path in _leaf_paths(schema) if path.endswith("bytes")]
    compression = {path: "none" if path in images else "zstd" for path in _leaf_paths(schema)}
    dictionary = [path for path in compression if path not in images]
    num_rows = 0
    # pyarrow takes both by column, which its annotations do not say.
    options: dict[str, Any] = {"compression": compression, "use_dictionary": dictionary}
    with pq.ParquetWriter(stream, schema, write_page_index=True, **options) as writer:
        for batch in batches:
            writer.write_table(batch, row_group_size=ROWS_PER_GROUP)
            num_rows += batch.num_rows
        writer.add_key_value_metadata({COUNTS_KEY: json.dumps(dict(counts()), sort_keys=True)})
        if num_unfinished := count_unfinished():
            writer.add_key_value_metadata({UNFINISHED_KEY: str(num_unfinished)})
    return num_rows


def find_shard(
    job: ShardJob, table: str, *, is_unfinished_fine: bool = False
) -> ShardReport | None:
    """Return the report of a finished shard, or None where it is missing or out of contract.

    One that lacks something is found only where that is fine.
    """
    folder = job.folder(table)
    if not folder.exists(job.file):
        return None
    try:
        with folder.open(job.file) as stream:
            footer = pq.ParquetFile(stream)
            if not footer.schema_arrow.equals(TABLES[table]):
                return None
            counts: dict[str, int] = json.loads(footer.metadata.metadata[COUNTS_KEY])
            rows, num_unfinished = footer.metadata.num_rows, _read_unfinished(footer)
    except (pa.ArrowInvalid, OSError, KeyError, ValueError):
        return None
    if num_unfinished and not is_unfinished_fine:
        return None
    return ShardReport(
        table=table,
        file=job.file,
        rows=rows,
        counts=counts,
        num_unfinished=num_unfinished,
        is_reused=True,
    )


def _read_unfinished(file: pq.ParquetFile) -> int:
    return int((file.metadata.metadata or {}).get(UNFINISHED_KEY, 0))


def read_shard(job: ShardJob, table: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Read columns of a finished shard (rows, contract of the table)."""
    with job.folder(table).open(job.file) as stream:
        file = pq.ParquetFile(stream)
        note_unfinished(_read_unfinished(file))
        found = file.read(columns=list(columns) if columns else None)
    return pl.DataFrame(found)


def iterate_rows(job: ShardJob, table: str, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a shard as dictionaries, a row group in memory at a time."""
    with job.folder(table).open(job.file) as stream:
        for group in iterate_groups(stream, columns):
            yield from group.to_pylist()


def iterate_groups(stream: IO[bytes], columns: Sequence[str]) -> Iterator[pa.Table]:
    """Yield the row groups of an open Parquet file."""
    file = pq.ParquetFile(stream, buffer_size=READ_BYTES)
    for group in range(file.num_row_groups):
        yield file.read_row_group(group, columns=list(columns))


@contextlib.contextmanager
def open_parquet(folder: Folder, name: str) -> Generator[pq.ParquetFile]:
    """Open a Parquet file for its footer and single row groups."""
    with folder.open(name) as stream:
        yield pq.ParquetFile(stream, buffer_size=READ_BYTES)


def _leaf_paths(schema: pa.Schema) -> list[str]:
    """Return the Parquet column paths of a schema, such as `images.list.element.bytes`."""

    def walk(prefix: str, kind: pa.DataType) -> list[str]:
        if pa.types.is_struct(kind):
            return [leaf for field in kind for leaf in walk(f"{prefix}.{field.name}", field.type)]
        if pa.types.is_list(kind):
            return walk(f"{prefix}.list.element", kind.value_type)
        return [prefix]

    return [leaf for field in schema for leaf in walk(field.name, field.type)]


def complete_table(jobs: Sequence[ShardJob], table: str, facts: Mapping[str, Any]) -> None:
    """Write the manifest that makes a table complete: what its shards are, and `facts`."""
    folder = jobs[0].folder(table)
    shards: list[ShardEntry] = []
    for job in jobs:
        report = find_shard(job, table, is_unfinished_fine=True)
        if report is None:
            raise ContractError(f"shard {job.file} of {table} was written and is not there")
        size, digest = folder.size(job.file) or 0, folder.sha256(job.file)
        shards.append(
            ShardEntry(
                file=job.file,
                rows=report.rows,
                bytes=size,
                sha256=digest,
                counts=report.counts,
                num_unfinished=report.num_unfinished,
            )
        )
    manifest = Manifest(
        table=table, fingerprint=jobs[0].tables[table], shards=tuple(shards), **facts
    )
    folder.write(MANIFEST, (manifest.model_dump_json(indent=1) + "\n").encode())


def find_table(jobs: Sequence[ShardJob], table: str) -> list[ShardReport] | None:
    """Return the reports of a complete table, or None where a shard or the manifest is missing.

    A table of which a shard lacks something is not complete.
    """
    folder = jobs[0].folder(table)
    if not folder.exists(MANIFEST):
        return None
    try:
        manifest = Manifest.model_validate_json(folder.read(MANIFEST))
    except ValueError:
        return None
    if any(
        shard.num_unfinished or folder.size(shard.file) != shard.bytes for shard in manifest.shards
    ):
        return None
    return [
        ShardReport(table=table, file=s.file, rows=s.rows, counts=s.counts, is_reused=True)
        for s in manifest.shards
    ]
