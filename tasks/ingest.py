"""Ingest: source rows become problems, or rejects with a reason.

Shards are made in order, since a duplicate is rejected whatever shard its first copy is in. A raw
ImageFolder row: {"file_name": "images/82.png", "id": "82", "question": "...", "answer": "3"}.
"""

import asyncio
import hashlib
import math
import posixpath
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from prefect import task
from prefect.cache_policies import NO_CACHE

from schemas.errors import SourceError
from schemas.recipe import IngestParams, SourceParams
from schemas.records import ShardReport
from schemas.tables import PROBLEMS, REJECTS
from tasks.answers import Gold, check_answer, type_gold
from tasks.images import ImageError, NormalizedImage, normalize_image
from tasks.shards import (
    GROUP_BYTES,
    ROWS_PER_GROUP,
    ShardJob,
    find_shard,
    read_shard,
    rows_to_table,
    write_batches,
    write_shard,
)
from tasks.sources import Source, SourceRow, image_column
from tasks.storage import Folder

MAX_IMAGE_BYTES = 64 * 1024 * 1024
MAX_TEXT_CHARS = 100_000
NUM_THREADS = 2
"""Pillow decodes outside the interpreter lock."""


class RejectedRowError(ValueError):
    """A source row that is no problem; `reason` is the word that the funnel counts."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSource:
    """A source, and how many of its rows this run takes."""

    params: SourceParams
    name: str
    source: Source
    num_rows: int
    image: str
    """Column of the image."""


def plan_sources(
    sources: Iterable[tuple[SourceParams, Source]], limit: int | None
) -> list[PlannedSource]:
    """Decide how many rows each source gives.

    Weights scale the sources down to the largest mixture that has them exactly; `limit` bounds
    the total and keeps the shares.
    """
    opened = list(sources)
    caps = [min(source.num_rows, params.limit or source.num_rows) for params, source in opened]
    weights = [params.weight for params, _ in opened]
    if any(weights):
        if not all(weights):
            raise SourceError("give every source a weight, or none (source.weight)")
        scale = min(cap / (weight or 1) for cap, weight in zip(caps, weights, strict=True))
        caps = [math.floor(scale * (weight or 1)) for weight in weights]
    if limit is not None and limit < sum(caps):
        ends = [round(limit * sum(caps[: i + 1]) / sum(caps)) for i in range(len(caps))]
        caps = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    names = [params.name or _source_name(params.path) for params, _ in opened]
    if len(set(names)) < len(names):
        raise SourceError(f"two sources have the same name: {names}; set source.name")
    return [
        PlannedSource(
            params=params,
            name=name,
            source=source,
            num_rows=cap,
            image=image_column(params, source.columns()),
        )
        for (params, source), name, cap in zip(opened, names, caps, strict=True)
    ]


def _source_name(path: str) -> str:
    return posixpath.basename(path.rstrip("/")) or "source"


def shard_rows(
    sources: Iterable[PlannedSource], index: int, num_shards: int
) -> Iterator[tuple[PlannedSource, SourceRow]]:
    """Yield the rows of one shard: the same fraction of every source."""
    for planned in sources:
        start = planned.num_rows * index // num_shards
        stop = planned.num_rows * (index + 1) // num_shards
        for row in planned.source.read(start, stop):
            yield planned, row


class Seen:
    """Which problems and source ids came before; 16 bytes a problem."""

    def __init__(self) -> None:
        self._keys = np.empty(0, dtype=np.uint64)
        self._fresh: set[int] = set()

    def add(self, key: str) -> bool:
        """Remember a key; return whether it is new."""
        digest = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "little")
        place = int(self._keys.searchsorted(np.uint64(digest)))
        is_old = place < len(self._keys) and int(self._keys[place]) == digest
        if is_old or digest in self._fresh:
            return False
        self._fresh.add(digest)
        if len(self._fresh) >= 4096:
            fresh = np.sort(np.fromiter(self._fresh, dtype=np.uint64, count=len(self._fresh)))
            # Both are sorted already: to merge them costs a copy, to sort them anew much more.
            self._keys = np.insert(self._keys, self._keys.searchsorted(fresh), fresh)
            self._fresh.clear()
        return True

    def add_problem(self, problem_id: str, source: str, source_id: str | None) -> None:
        """Remember a problem and its source id.

        Raises:
            RejectedRowError: the problem, or another problem under the same id, was there before.
        """
        if not self.add(problem_id):
            raise RejectedRowError("duplicate", "the same image and question came before")
        if source_id is not None:
            name = unicodedata.normalize("NFC", source_id)
            if not self.add(f"{source}\0{name}"):
                detail = f"the id {source_id[:100]!r} came before with another image or question"
                raise RejectedRowError("duplicate_id", detail)


def parse_row(planned: PlannedSource, row: SourceRow, params: IngestParams) -> dict[str, Any]:
    """Turn a source row into a row of `problems`.

    Raises:
        RejectedRowError: the row is no problem; the error says why.
    """
    if row.fault:
        raise RejectedRowError("unreadable_row", row.fault)
    values, names = row.values, planned.params
    question = _read_question(values.get(names.question))
    options = _read_options(values.get(names.choices))
    unit = _read_word(values.get(names.unit))
    gold = _read_gold(values.get(names.answer), options, unit)
    images = _read_images(values.get(planned.image), planned.source.root, params)
    return {
        "problem_id": make_problem_id(images, question),
        "source": planned.name,
        "source_id": _read_word(values.get(names.id)),
        "source_row": row.row,
        "question": question,
        "options": options,
        "gold_answer": gold.answer,
        "answer_type": gold.answer_type.value,
        "unit": unit,
        "domain": _read_word(values.get(names.domain)),
        "license": names.license,
        "images": [{"bytes": image.data, "path": image.file_name} for image in images],
        "image_sha256": [image.sha256 for image in images],
        "original_sha256": [image.original_sha256 for image in images],
        "image_size": [[image.width, image.height] for image in images],
    }


def make_problem_id(images: Iterable[NormalizedImage], question: str) -> str:
    """Hash the normalized image bytes and the question; Unicode twins are the same question."""
    digest = hashlib.sha256()
    for image in images:
        digest.update(bytes.fromhex(image.sha256))
    digest.update(unicodedata.normalize("NFC", question).encode())
    return digest.hexdigest()[:32]


def _read_question(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise RejectedRowError("empty_question", f"expected a text, got {_shorten(value)}")
    if len(value) > MAX_TEXT_CHARS:
        raise RejectedRowError("question_too_long", f"{len(value)} characters")
    return value.strip()


def _read_options(value: Any) -> list[str] | None:
    if value is None or value == []:
        return None
    if not isinstance(value, list) or not all(isinstance(v, str | int | float) for v in value):
        raise RejectedRowError("bad_options", f"expected a list of texts, got {_shorten(value)}")
    return [str(option) for option in value]


def _read_gold(value: Any, options: list[str] | None, unit: str | None) -> Gold:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        raise RejectedRowError("no_gold_answer", "the gold answer is null")
    if not isinstance(value, str | int | float):
        raise RejectedRowError("bad_gold_answer", f"expected one answer, got {_shorten(value)}")
    answer = str(value).strip()
    if not answer:
        raise RejectedRowError("no_gold_answer", "the gold answer is empty")
    if len(answer) > MAX_TEXT_CHARS:
        raise RejectedRowError("bad_gold_answer", f"{len(answer)} characters")
    try:
        gold = type_gold(answer, options, unit)
    except ValueError as error:
        raise RejectedRowError("bad_gold_answer", str(error)) from error
    if check_answer(gold, answer).is_correct is not True:
        detail = f"the verifier does not accept the gold answer {answer[:100]!r} as its own answer"
        raise RejectedRowError("bad_gold_answer", detail)
    return gold


def _read_word(value: Any) -> str | None:
    if value is None or isinstance(value, dict | list | bytes):
        return None
    return str(value)[:1024] or None


def _read_images(value: Any, root: Folder, params: IngestParams) -> list[NormalizedImage]:
    found: list[Any] = value if isinstance(value, list) else [value]
    if len(found) > params.max_images:
        detail = f"{len(found)} images, at most {params.max_images} (ingest.max_images)"
        raise RejectedRowError("too_many_images", detail)
    if not found or any(image is None for image in found):
        raise RejectedRowError("no_image", "the row has no image")
    try:
        return [
            normalize_image(
                _image_bytes(image, root), max_pixels=params.max_pixels, max_side=params.max_side
            )
            for image in found
        ]
    except ImageError as error:
        raise RejectedRowError(error.reason, str(error)) from error


def _image_bytes(value: Any, root: Folder) -> bytes:
    if isinstance(value, Mapping):
        data = value.get("bytes")
        return data if isinstance(data, bytes) else _image_file(value.get("path"), root)
    return value if isinstance(value, bytes) else _image_file(value, root)


def _image_file(name: Any, root: Folder) -> bytes:
    """Read an image file that a row names; only files inside the source's folder are read."""
    if not isinstance(name, str) or not name or "\0" in name or "://" in name:
        detail = f"expected a path inside the source, got {_shorten(name)}"
        raise RejectedRowError("bad_image_path", detail)
    base = root.path()
    path = posixpath.normpath(posixpath.join(base, name))
    if root.is_local:
        base, path = str(Path(base).resolve()), str(Path(path).resolve())
    if not path.startswith(base.rstrip("/") + "/"):
        raise RejectedRowError("bad_image_path", f"{_shorten(name)} is outside the source")
    try:
        with root.fs.open(path, "rb") as stream:
            return stream.read(MAX_IMAGE_BYTES + 1)  # type: ignore[no-any-return]
    except FileNotFoundError:
        raise RejectedRowError("missing_image", f"there is no file {_shorten(name)}") from None
    except OSError as error:
        detail = f"{_shorten(name)}: {error.strerror or type(error).__name__}"
        raise RejectedRowError("missing_image", detail) from None


def _shorten(value: Any) -> str:
    return repr(value)[:120]


def _make_reject(planned: PlannedSource, row: SourceRow, error: RejectedRowError) -> dict[str, Any]:
    return {
        "stage": "ingest",
        "problem_id": None,
        "rollout_index": None,
        "source": planned.name,
        "source_id": _read_word(row.values.get(planned.params.id)),
        "source_row": row.row,
        "drop_reason": error.reason,
        "detail": str(error).encode("utf-8", "replace").decode()[:500],
    }


def ingest_rows(
    rows: Iterable[tuple[PlannedSource, SourceRow]], params: IngestParams, seen: Seen
) -> Iterator[tuple[dict[str, Any] | None, dict[str, Any] | None]]:
    """Yield (problem, None) or (None, reject) for every row, in order."""

    def parse(item: tuple[PlannedSource, SourceRow]) -> dict[str, Any] | RejectedRowError:
        try:
            return parse_row(*item, params)
        except RejectedRowError as error:
            return error

    with ThreadPoolExecutor(NUM_THREADS) as pool:
        for window in _windows(rows):
            for (planned, row), parsed in zip(window, pool.map(parse, window), strict=True):
                try:
                    if isinstance(parsed, RejectedRowError):
                        raise parsed
                    seen.add_problem(parsed["problem_id"], planned.name, parsed["source_id"])
                    yield parsed, None
                except RejectedRowError as error:
                    yield None, _make_reject(planned, row, error)


def _windows(items: Iterable[Any]) -> Iterator[list[Any]]:
    window: list[Any] = []
    for item in items:
        window.append(item)
        if len(window) == ROWS_PER_GROUP // 2:
            yield window
            window = []
    if window:
        yield window


def group_problems(problems: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Cut problems into row groups that are bounded in rows and in bytes of images."""
    group: list[dict[str, Any]] = []
    num_bytes = 0
    for problem in problems:
        group.append(problem)
        num_bytes += sum(len(image["bytes"]) for image in problem["images"])
        if len(group) == ROWS_PER_GROUP or num_bytes >= GROUP_BYTES:
            yield group
            group, num_bytes = [], 0
    yield group


def write_problems(
    job: ShardJob, sources: list[PlannedSource], params: IngestParams, seen: Seen
) -> ShardReport:
    """Ingest one shard and write its problems and its rejects, the problems last."""
    rejects: list[dict[str, Any]] = []
    counts: Counter[str] = Counter()

    def problems() -> Iterator[dict[str, Any]]:
        rows = shard_rows(sources, job.index, job.num_shards)
        for problem, reject in ingest_rows(rows, params, seen):
            counts[reject["drop_reason"] if reject else "ok"] += 1
            if problem:
                yield problem
            elif reject:
                rejects.append(reject)

    def batches() -> Iterator[pa.Table]:
        for group in group_problems(problems()):
            yield rows_to_table(group, PROBLEMS)
        write_shard(job, "ingest_rejects", rows_to_table(rejects, REJECTS), counts)

    return write_batches(job, "problems", batches(), lambda: counts)


def remember_shard(job: ShardJob, seen: Seen) -> None:
    """Add the problems of a finished shard to those that came before."""
    columns = ["problem_id", "source", "source_id"]
    for row in read_shard(job, "problems", columns).select(pl.col(columns)).iter_rows():
        seen.add_problem(*row)


@task(name="ingest_shard", task_run_name="ingest-{job.name}", cache_policy=NO_CACHE)
async def ingest_shard(
    job: ShardJob, sources: list[PlannedSource], params: IngestParams, seen: Seen
) -> ShardReport:
    """Prefect shell over `write_problems` for one shard."""
    if report := find_shard(job, "problems"):
        await asyncio.to_thread(remember_shard, job, seen)
        return report
    return await asyncio.to_thread(write_problems, job, sources, params, seen)
