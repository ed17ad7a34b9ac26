"""What the reply stores of a workspace hold: count, size, age; and the removal of old segments."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tasks.replies.local_journal import INDEX_SUFFIX, SEGMENT_SUFFIX
from tasks.replies.segments import scan
from tasks.replies.store import FOLDER
from tasks.storage import Folder

_NANOSECONDS = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One file of replies; one run of one process wrote it."""

    dataset: str
    name: str
    begun: datetime
    num_replies: int
    num_bytes: int


def list_datasets(workspace: Folder) -> list[str]:
    """Return the names of the data sets in a workspace that have replies, sorted."""
    names = (name.split("/") for name in workspace.list() if name.endswith(SEGMENT_SUFFIX))
    return sorted({parts[0] for parts in names if len(parts) == 3 and parts[1] == FOLDER})


def list_segments(workspace: Folder, dataset: str) -> list[Segment]:
    """List the segments of a data set, the oldest first; every record is read and checked."""
    folder = workspace.join(f"{dataset}/{FOLDER}")
    names = [name for name in folder.list() if name.endswith(SEGMENT_SUFFIX) and "/" not in name]
    return [_read_segment(folder, dataset, name) for name in names]


def remove_segments(workspace: Folder, segments: Sequence[Segment]) -> None:
    """Remove segments and what is beside them; the requests behind them are asked again."""
    for segment in segments:
        folder = workspace.join(f"{segment.dataset}/{FOLDER}")
        with contextlib.suppress(FileNotFoundError):
            folder.remove(segment.name.removesuffix(SEGMENT_SUFFIX) + INDEX_SUFFIX)
        folder.remove(segment.name)


def _read_segment(folder: Folder, dataset: str, name: str) -> Segment:
    with folder.open(name) as file:
        entries, _ = scan(file)
    return Segment(
        dataset=dataset,
        name=name,
        begun=read_begun(name),
        num_replies=len(entries),
        num_bytes=folder.size(name) or 0,
    )


def read_begun(name: str) -> datetime:
    """Read from a segment's name when its writing began."""
    digits = name.split("-", 1)[0]
    seconds = int(digits) / _NANOSECONDS if digits.isdecimal() else 0.0
    return datetime.fromtimestamp(seconds, UTC)
