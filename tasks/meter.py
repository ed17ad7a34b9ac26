"""Counts of a run while it goes on: what the progress display reads.

Stage tasks add to it, the display only reads it; a run without a display has one all the same.
"""

import time
from contextvars import ContextVar
from dataclasses import dataclass, field

from schemas.records import Reply, ShardReport


@dataclass(slots=True)
class StageMeter:
    """Progress of one stage."""

    total: int | None = None
    """Rows that the stage will see, once known."""
    done: int = 0
    """Rows that are finished, found ones included."""
    reused: int = 0
    """Rows that were found finished, or replies that were found kept."""
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
class Meter:
    """Progress of a run: one `StageMeter` a stage."""

    stages: dict[str, StageMeter] = field(default_factory=dict[str, StageMeter])
    note: str = ""
    """What the run waits for, in words; empty while it goes on."""

    def begin(self, stage: str, total: int | None) -> StageMeter:
        """Start a stage that will see `total` rows."""
        meter = self.stages.setdefault(stage, StageMeter())
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

    def count_reply(self, stage: str, reply: Reply, *, is_reused: bool, rows: int = 1) -> None:
        """Count one reply of a model, which finishes `rows` of its stage."""
        self.advance(stage, rows, reused=is_reused)
        if not is_reused:
            self.stages[stage].completion_tokens += reply.completion_tokens or 0

    def finish_shard(self, stage: str, report: ShardReport, *, counts_replies: bool) -> None:
        """Count a shard whose rows were not counted one by one."""
        if report.is_reused or not counts_replies:
            rows = sum(report.counts.values())
            self.advance(stage, rows, reused=report.is_reused)


METER: ContextVar[Meter] = ContextVar("METER")
"""The meter of the run in progress; whoever starts a run may set one to watch it."""
METER.set(Meter())
