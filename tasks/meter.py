"""Counts of a run while it goes on: what the progress display reads.

Stage tasks add to it, the display only reads it; a run without a display has one all the same.
Rows are counted by their stage as they end; tokens and requests by the replies that come in.
"""

import contextlib
import time
from collections.abc import Generator
from contextvars import ContextVar
from dataclasses import dataclass, field

from schemas.records import Reply
from tasks.model_meter import ModelMeter


@dataclass(slots=True)
class StageMeter:
    """Progress of one stage."""

    total: int | None = None
    """Rows that the stage will see, once known."""
    done: int = 0
    """Rows that are finished, found ones included."""
    reused: int = 0
    """Rows that were found finished, or whose replies were all found kept."""
    completion_tokens: int = 0
    """Tokens that models wrote for this stage in this run."""
    started: float | None = None
    """`time.monotonic()` when the stage began."""
    ended: float | None = None

    @property
    def seconds(self) -> float:
        """How long the stage has run, or ran."""
        if self.started is None:
            return 0.0
        return (self.ended or time.monotonic()) - self.started


@dataclass(slots=True)
class _Row:
    """A row in the making."""

    num_new: int = 0
    """Replies to it that were not kept before."""


_ROW: ContextVar[_Row | None] = ContextVar("_ROW", default=None)


@dataclass(slots=True)
class RowCount:
    """Counts the rows of one shard in its stage as they end."""

    stage: StageMeter
    done: int = 0
    reused: int = 0

    @contextlib.contextmanager
    def row(self) -> Generator[None]:
        """Count a row when the block ends; it was found where all its replies were kept."""
        row = _Row()
        token = _ROW.set(row)
        try:
            yield
        finally:
            _ROW.reset(token)
        self._add(1, 0 if row.num_new else 1)

    def take_back(self) -> None:
        """Uncount the rows: their shard is tried again."""
        self._add(-self.done, -self.reused)

    def _add(self, done: int, reused: int) -> None:
        self.done += done
        self.reused += reused
        self.stage.done += done
        self.stage.reused += reused


@dataclass(slots=True)
class Meter:
    """Progress of a run: one `StageMeter` a stage, one `ModelMeter` a model."""

    stages: dict[str, StageMeter] = field(default_factory=dict[str, StageMeter])
    models: dict[str, ModelMeter] = field(default_factory=dict[str, ModelMeter])
    """By role."""
    note: str = ""
    """What the run waits for, in words; empty while it goes on."""

    def begin(self, stage: str, total: int | None) -> StageMeter:
        """Start a stage that will see `total` rows; one that had ended, by an earlier run, anew."""
        meter = self.stages.setdefault(stage, StageMeter())
        if meter.ended is not None:
            meter = self.stages[stage] = StageMeter()
        meter.total, meter.started = total, time.monotonic()
        return meter

    def end(self, stage: str) -> None:
        """Finish a stage."""
        meter = self.stages[stage]
        meter.ended = time.monotonic()
        meter.total = meter.done

    def advance(self, stage: str, rows: int, *, reused: bool = False) -> None:
        """Count finished rows of a stage."""
        meter = self.stages.setdefault(stage, StageMeter())
        meter.done += rows
        meter.reused += rows if reused else 0

    @contextlib.contextmanager
    def count_rows(self, stage: str) -> Generator[RowCount]:
        """Count the rows of a shard one by one; those of a shard that fails are taken back."""
        count = RowCount(self.stages.setdefault(stage, StageMeter()))
        try:
            yield count
        except BaseException:
            count.take_back()
            raise

    def count_reply(self, stage: str, reply: Reply, *, is_reused: bool) -> None:
        """Count one reply of a model, of the row in whose making it was asked for."""
        if is_reused:
            return
        meter = self.stages.setdefault(stage, StageMeter())
        meter.completion_tokens += reply.completion_tokens or 0
        if (row := _ROW.get()) is not None:
            row.num_new += 1


METER: ContextVar[Meter] = ContextVar("METER")
"""The meter of the run in progress; whoever starts a run may set one to watch it."""
METER.set(Meter())
