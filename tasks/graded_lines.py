"""Grade lines of JSON: gold answers and predictions in, the same lines with their verdicts out.

    {"gold": "1/2", "prediction": "So it is 0.5.", "options": null, "type": null, "unit": null}

Lines go through worker processes in batches and come back in their order, so memory depends on the
size of a batch and not on the number of lines. What the rules leave open is settled here, by one
algebra system for all workers. A line that cannot be graded is a row, too: `cannot tell`, with a
rule that says why.
"""

import gc
import json
import multiprocessing
import signal
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from typing import IO, Any, NamedTuple

import orjson

from tasks.algebra import AlgebraPool
from tasks.answers import AnswerType, Gold, Policy, Verdict, type_gold
from tasks.grading import Checked, Item, check_items, settle_checked

BATCH_LINES = 1_000
BATCH_BYTES = 4 << 20
MAX_LINE_BYTES = 1 << 20
"""A longer line is not read into memory; its row says so."""
MAX_DIGITS = 4_000
BATCHES_AHEAD = 6
"""Batches in the making or done, for each worker: they go on while algebra is waited for."""
NAMES = {True: "correct", False: "incorrect", None: "cannot_tell"}
TEXTS = ("gold", "prediction")

Row = Mapping[str, Any]
Batch = list[bytes | None]
"""Lines without their ends; None for one that is too long."""


class LineError(ValueError):
    """A line cannot be graded; the message is the rule of its row."""


class GradedLine(NamedTuple):
    """One line with its verdict."""

    data: bytes
    """JSON with its line end."""
    verdict: str
    rule: str
    is_faulty: bool = False
    """It could not be graded."""


class OpenLine(NamedTuple):
    """One line of which an algebra system is asked."""

    position: int
    """In its batch."""
    line: bytes | None
    row: Row | LineError
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
    first = list(islice(batches, 2))
    if len(first) < 2 or num_workers < 2:
        yield from map(partial(check_batch, policy=policy), chain(first, batches))
        return
    # A fork would take along whatever threads and locks this process has.
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(num_workers, context, initializer=_prepare_worker)
    waiting: deque[Future[CheckedLines]] = deque()
    try:
        for batch in chain(first, batches):
            waiting.append(executor.submit(check_batch, batch, policy))
            if len(waiting) >= num_workers * BATCHES_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        executor.shutdown(cancel_futures=True)


def _prepare_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # Modules stay: the collector need not walk through them again and again.


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


def _read_lines(stream: IO[bytes]) -> Iterator[bytes | None]:
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
    rows = [_parse(line) for line in lines]
    read = [_read_row(row) for row in rows]
    checked = iter(check_items([i for i in read if not isinstance(i, LineError)], policy))
    done = CheckedLines([], [])
    for line, row, item in zip(lines, rows, read, strict=True):
        if isinstance(item, LineError):
            done.graded.append(_grade(line, row, _refuse(item, policy), is_faulty=True))
            continue
        own = next(checked)
        if own.asked:
            done.left_open.append(OpenLine(len(done.graded), line, row, item, own))
        done.graded.append(_grade(line, row, _describe(own.verdict)))
    return done


def settle_batch(checked: CheckedLines, policy: Policy, algebra: AlgebraPool) -> GradedLines:
    """Ask an algebra system what the rules left open, and write down what came of it."""
    graded = list(checked.graded)
    left_open = checked.left_open
    asked = [one.checked for one in left_open]
    verdicts = settle_checked([one.item for one in left_open], asked, policy, algebra)
    for one, verdict in zip(left_open, verdicts, strict=True):
        graded[one.position] = _grade(one.line, one.row, _describe(verdict))
    return GradedLines(
        b"".join(line.data for line in graded),
        Counter((line.verdict, line.rule) for line in graded),
        sum(line.is_faulty for line in graded),
    )


def _parse(line: bytes | None) -> Row | LineError:
    if line is None:
        return LineError("line_too_long")
    try:
        row = orjson.loads(line)
        if isinstance(row, dict) and any(isinstance(row.get(n), float | int) for n in TEXTS):
            # As it is written: no digit of a large number or after a point is lost.
            row = json.loads(line, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return LineError("not_json")
    return row if isinstance(row, dict) else LineError("not_an_object")


def _read_row(row: Row | LineError) -> tuple[Gold, str] | LineError:
    if isinstance(row, LineError):
        return row
    try:
        return read_gold(row), _read_text(row, "prediction")
    except LineError as error:
        return error


def read_gold(row: Row) -> Gold:
    """Type the gold answer of a row: `gold`, and `options`, `type` and `unit` where they are there.

    Raises:
        LineError: a value is missing, or is not what it should be.
    """
    answer, options, kind = _read_text(row, "gold"), _read_options(row), row.get("type")
    unit = _read_text(row, "unit") if row.get("unit") is not None else None
    if kind is not None and kind not in list(AnswerType):
        raise LineError("unknown_type")
    try:
        gold = type_gold(answer, options, unit)
    except ValueError:
        raise LineError("gold_is_no_option" if options else "empty_gold") from None
    return replace(gold, answer_type=AnswerType(kind)) if kind and not options else gold


def _read_options(row: Row) -> list[str] | None:
    options = row.get("options")
    if options is None:
        return None
    if not isinstance(options, list) or not all(isinstance(o, str | int | float) for o in options):
        raise LineError("options_are_no_texts")
    return [str(option) for option in options]


def _read_text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        raise LineError(f"no_{name}")
    if not isinstance(value, str):
        raise LineError(f"{name}_is_no_text")
    return value


def _refuse(error: LineError, policy: Policy) -> dict[str, Any]:
    added = {"verdict": NAMES[None], "rule": str(error), "answer": None}
    return added | {"policy": policy.description}


def _describe(verdict: Verdict) -> dict[str, Any]:
    return {
        "verdict": NAMES[verdict.is_correct],
        "rule": verdict.rule,
        "answer": verdict.answer,
        "policy": verdict.policy,
    }


def _grade(
    line: bytes | None, row: Row | LineError, added: dict[str, Any], *, is_faulty: bool = False
) -> GradedLine:
    return GradedLine(_write(line, row, added), added["verdict"], added["rule"], is_faulty)


def _write(line: bytes | None, row: Row | LineError, added: Row) -> bytes:
    """Write the verdict at the end of a line, which otherwise stays as it is, byte for byte.

    A line that is no object is not repeated; one that was graded already gets its new verdict.
    """
    if line is None or isinstance(row, LineError):
        return orjson.dumps(added) + b"\n"
    if not row.keys().isdisjoint(added):
        old = json.loads(line, parse_int=_read_digits)
        return json.dumps({**old, **added}, ensure_ascii=False).encode() + b"\n"
    return line[:-1].rstrip() + (b"," if row else b"") + orjson.dumps(added)[1:] + b"\n"


def _read_digits(digits: str) -> int | str:
    """Keep a whole number as it is; Python reads none of more than 4,300 digits."""
    return int(digits) if len(digits) < MAX_DIGITS else digits
