"""Publish: curated rows with their images become a data set in the Hub's layout.

Comes in: sft, grpo and rejects of one partition, and the images of its problems. Goes out: a
folder that `datasets.load_dataset(FOLDER, "sft")` reads, with a card. Files of other partitions
stay as they are; the manifest is written last.
"""

import asyncio
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.errors import ContractError
from schemas.records import ShardReport
from schemas.tables import IMAGE, TABLES, column
from tasks.shards import (
    ShardJob,
    conform,
    find_shard,
    iterate_groups,
    read_shard,
    stream_table,
)
from tasks.storage import Folder, hash_stream

CONFIGS = ("sft", "grpo", "test", "rejects")
UNFINISHED = "-unfinished"
"""Follows the fingerprint of a file whose shard lacks something: the next run may have more."""
MANIFEST = "sightline.json"
CARD = "README.md"
CARD_MARK = b"Made with Sightline"
"""In every card that `card` writes."""
DATA_FILE = re.compile(rf"({'|'.join(CONFIGS)})/(?P<partition>.+)-\d{{5}}-of-\d{{5}}\.parquet")
PRIMITIVES = {
    "string": "string",
    "bool": "bool",
    "int32": "int32",
    "int64": "int64",
    "float": "float32",
}


class PublishedFile(BaseModel):
    """One data file of a published data set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    config: str
    partition: str
    fingerprint: str
    """Of the table it was made from; the same one is the same file, but with `UNFINISHED`."""
    rows: int
    bytes: int
    sha256: str


class PublishedManifest(BaseModel):
    """Which files of the folder are ours, and what each partition was made with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    files: tuple[PublishedFile, ...] = ()
    partitions: dict[str, dict[str, Any]] = {}
    """Partition to its funnel, models, prompts and code version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishJob:
    """One file to publish: a config of a shard."""

    shard: ShardJob
    config: str
    target: str
    partition: str
    max_images: int
    is_unfinished: bool = False

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the table, with a mark where its shard lacks something."""
        return self.shard.tables[self.config] + (UNFINISHED if self.is_unfinished else "")

    @property
    def path(self) -> str:
        """Path of the file in the data set."""
        return f"{self.config}/{self.partition}-{self.shard.name}.parquet"


def published_schema(config: str, max_images: int) -> pa.Schema:
    """Return the schema of a published config, with the Hub's feature types in its metadata."""
    schema = TABLES[config]
    if config != "rejects":
        kind, name = (IMAGE, "image") if max_images == 1 else (pa.list_(IMAGE), "images")
        # `datasets` takes the Image feature only from a field that may be null, as its own are.
        doc = "image of the problem, as the model saw it"
        schema = schema.insert(1, column(name, kind, doc, nullable=True))
    features = {field.name: _feature(field.type) for field in schema}
    info = json.dumps({"info": {"features": features}})
    return schema.with_metadata({"huggingface": info})


def _feature(kind: pa.DataType) -> Any:
    if kind == IMAGE:
        return {"_type": "Image"}
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    if pa.types.is_list(kind):
        return {"_type": "List", "feature": _feature(kind.value_type)}
    return {"_type": "Value", "dtype": PRIMITIVES[str(kind)]}


def join_images(job: PublishJob, rows: pl.DataFrame, schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield the rows of a config with their images, a row group of problems at a time."""
    if job.config == "rejects":
        yield conform(rows, schema)
        return
    name = schema.names[1]
    with job.shard.folder("problems").open(job.shard.file) as stream:
        for group in iterate_groups(stream, ["problem_id", "images"]):
            ids = group.select(["problem_id"]).append_column("place", [list(range(len(group)))])
            found = rows.join(pl.DataFrame(ids), on="problem_id", maintain_order="left")
            if found.is_empty():
                continue
            images = group.column("images").take(found["place"].to_arrow())
            if name == "image":
                images = pc.call_function("list_element", [images, 0])
            table = found.drop("place").to_arrow().append_column(name, images)
            yield conform(table, schema)


def read_rows(job: PublishJob) -> pl.DataFrame:
    """Read the rows of a config; the rejects of ingest and of the later stages are one config."""
    rows = read_shard(job.shard, job.config)
    if job.config != "rejects":
        return rows
    return pl.concat([read_shard(job.shard, "ingest_rejects"), rows])


def write_file(job: PublishJob) -> PublishedFile | None:
    """Write one data file of the target; None where it would have no rows."""
    rows = read_rows(job)
    if rows.is_empty():
        return None
    schema = published_schema(job.config, job.max_images)
    with Folder(job.target).replacing(job.path) as temporary:
        with temporary.open("wb") as stream:
            num_rows = stream_table(stream, schema, join_images(job, rows, schema), dict)
        return _describe(job, temporary, num_rows)


def _describe(job: PublishJob, file: Path, rows: int) -> PublishedFile:
    with file.open("rb") as stream:
        digest = hash_stream(stream)
    return PublishedFile(
        path=job.path,
        config=job.config,
        partition=job.partition,
        fingerprint=job.fingerprint,
        rows=rows,
        bytes=file.stat().st_size,
        sha256=digest,
    )


def read_manifest(target: Folder, dataset: str) -> PublishedManifest:
    """Return the manifest of a published folder; an empty one where there is none.

    Raises:
        ContractError: the folder holds another data set, or files that are not a data set of ours.
    """
    remedy = "give --publish another folder"
    if not target.exists(MANIFEST):
        if target.exists(CARD) and CARD_MARK not in target.read(CARD):
            raise ContractError(f"{target.url} has a {CARD} that is not ours; {remedy}")
        return PublishedManifest(dataset=dataset)
    try:
        found = PublishedManifest.model_validate_json(target.read(MANIFEST))
    except ValidationError:
        raise ContractError(f"{target.url}/{MANIFEST} is no manifest of ours; {remedy}") from None
    if found.dataset != dataset:
        held = f"{target.url} holds the data set {found.dataset!r}, not {dataset!r}"
        raise ContractError(f"{held}; {remedy}")
    return found


def complete_target(
    target: Folder, old: PublishedManifest, new: PublishedManifest, card: str
) -> bool:
    """Write card and manifest, then delete our files that are stale; False if nothing changed."""
    card_bytes = card.encode()
    manifest_bytes = (new.model_dump_json(indent=1) + "\n").encode()
    is_card_old = not target.exists(CARD) or target.read(CARD) != card_bytes
    if is_card_old:
        target.write(CARD, card_bytes)
    if old != new or not target.exists(MANIFEST):
        target.write(MANIFEST, manifest_bytes)
    stale = find_stale(target.list(), new)
    for path in stale:
        target.remove(path)
    return is_card_old or old != new or bool(stale)


def find_stale(names: Iterable[str], manifest: PublishedManifest) -> list[str]:
    """Return the data files of known partitions that the manifest does not have.

    A run that was killed leaves files that no manifest ever had, so their names decide.
    """
    current = {file.path for file in manifest.files}
    return [
        name
        for name in names
        if name not in current
        and (found := DATA_FILE.fullmatch(name))
        and found["partition"] in manifest.partitions
    ]


def merge_manifest(
    old: PublishedManifest,
    partition: str,
    files: Sequence[PublishedFile],
    facts: dict[str, Any],
) -> PublishedManifest:
    """Put the files of one partition in the place of those that it had."""
    kept = [file for file in old.files if file.partition != partition]
    return PublishedManifest(
        dataset=old.dataset,
        files=tuple(sorted([*kept, *files], key=lambda file: file.path)),
        partitions=dict(sorted({**old.partitions, partition: facts}.items())),
    )


def find_published(job: PublishJob, old: PublishedManifest) -> PublishedFile | None:
    """Return the file as published before, where it is still what the job would write."""
    for file in old.files if not job.is_unfinished else ():
        if file.path == job.path and file.fingerprint == job.fingerprint:
            return file if Folder(job.target).size(job.path) == file.bytes else None
    return None


@task(name="publish_shard", task_run_name="publish-{shard.name}", cache_policy=NO_CACHE)
async def publish_shard(
    shard: ShardJob, target: str, partition: str, max_images: int, old: PublishedManifest
) -> tuple[ShardReport, list[PublishedFile]]:
    """Prefect shell over `write_file` for the configs of one shard."""
    files: list[PublishedFile] = []
    is_reused = True
    source = find_shard(shard, "sft", is_unfinished_fine=True)
    for config in CONFIGS:
        job = PublishJob(
            shard=shard,
            config=config,
            target=target,
            partition=partition,
            max_images=max_images,
            is_unfinished=source is not None and source.num_unfinished > 0,
        )
        file = find_published(job, old)
        if file is None:
            file = await asyncio.to_thread(write_file, job)
            is_reused = is_reused and (file is None or file in old.files)
        files += [file] if file else []
    rows = source.rows if source else 0
    return ShardReport(table="published", file=shard.file, rows=rows, is_reused=is_reused), files
