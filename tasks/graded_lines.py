"""Grade lines of JSON: gold answers and predictions in, the same lines with their verdicts out.

Lines go through worker processes in batches and come back in their order, so memory depends on the
size of a batch and not on the number of lines. What the rules leave open is settled here, by one
algebra system for all workers.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import IO, NamedTuple

from tasks.algebra import AlgebraPool
from tasks.answer_line import (
    MAX_LINE_BYTES,
    AnswerLine,
    GradedLine,
    Line,
    LineError,
    read_line,
    write_fault,
    write_verdict,
)
from tasks.answers import Policy
from tasks.grading import Checked, Item, check_items, settle_checked
from tasks.worker_processes import map_in_processes

BATCH_LINES = 1_000
BATCH_BYTES = 4 << 20

Batch = list[Line]


class OpenLine(NamedTuple):
    """One line of which an algebra system is asked."""

    position: int
    """In its batch."""
    line: AnswerLine
    item: Item
    checked: Checked


@dataclass(frozen=True, slots=True)
class CheckedLines:
    """Lines with their verdicts by the rules alone."""

    graded: list[GradedLine]
    left_open: list[OpenLine]


@dataclass(frozen=True, slots=True)
class GradedLines:
    """Lines with their verdicts, and how many there were of each."""

    data: bytes
    """Lines of JSON, each with its line end."""
    counts: Counter[tuple[str, str]]
    """(verdict, rule) to lines."""
    num_faulty: int
    """Lines that could not be graded."""


def grade_batches(
    batches: Iterable[Batch], policy: Policy, *, num_workers: int = 1
) -> Iterator[GradedLines]:
    """Grade batches of lines; they come back in their order.

    Args:
        batches: from `read_batches`; drawn from as results are taken.
        policy: what counts as equal.
        num_workers: processes that grade; a single batch is graded in this process.
    """
    with AlgebraPool() as algebra:
        for checked in _check_batches(iter(batches), policy, num_workers):
            yield settle_batch(checked, policy, algebra)


def _check_batches(
    batches: Iterator[Batch], policy: Policy, num_workers: int
) -> Iterator[CheckedLines]:
    first, check = list(islice(batches, 2)), partial(check_batch, policy=policy)
    if len(first) < 2 or num_workers < 2:
        yield from map(check, chain(first, batches))
    else:
        yield from map_in_processes(check, chain(first, batches), num_workers)


def read_batches(stream: IO[bytes]) -> Iterator[Batch]:
    """Read lines in batches of bounded size; blank lines are left out."""
    batch: Batch = []
    num_bytes = 0
    for line in _read_lines(stream):
        batch.append(line)
        num_bytes += len(line or b"")
        if len(batch) >= BATCH_LINES or num_bytes >= BATCH_BYTES:
            yield batch
            batch, num_bytes = [], 0
    if batch:
        yield batch


def _read_lines(stream: IO[bytes]) -> Iterator[Line]:
    is_first = True
    while line := stream.readline(MAX_LINE_BYTES + 1):
        if is_first:
            line, is_first = line.removeprefix(b"\xef\xbb\xbf"), False
        if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = stream.readline(MAX_LINE_BYTES)
            yield None
        elif stripped := line.strip():
            yield stripped


def check_batch(lines: Batch, policy: Policy) -> CheckedLines:
    """Grade one batch of lines by the rules alone."""
    read = [read_line(line) for line in lines]
    items = [line.item for line in read if not isinstance(line.item, LineError)]
    checked = iter(check_items(items, policy))
    done = CheckedLines([], [])
    for line in read:
        if isinstance(line.item, LineError):
            done.graded.append(write_fault(line, line.item, policy))
            continue
        own = next(checked)
        if own.asked:
            done.left_open.append(OpenLine(len(done.graded), line, line.item, own))
        done.graded.append(write_verdict(line, own.verdict))
    return done


def settle_batch(checked: CheckedLines, policy: Policy, algebra: AlgebraPool) -> GradedLines:
    """Ask an algebra system what the rules left open, and write down what came of it."""
    graded = list(checked.graded)
    left_open = checked.left_open
    asked = [one.checked for one in left_open]
    verdicts = settle_checked([one.item for one in left_open], asked, policy, algebra)
    for one, verdict in zip(left_open, verdicts, strict=True):
        graded[one.position] = write_verdict(one.line, verdict)
    return GradedLines(
        b"".join(line.data for line in graded),
        Counter((line.verdict, line.rule) for line in graded),
        sum(line.is_faulty for line in graded),
    )
