"""Grade many answers: each equal pair once, cheap rules first, algebra last and together.

(Gold, text) pairs come in; one verdict each goes out, in order, the same as `check_answer` gives.
What the rules leave open is asked of the algebra workers in one go. A pool of processes grades a
stream of any length, batch by batch in bounded memory.
"""

import queue
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import fields
from itertools import islice
from types import TracebackType
from typing import Any, NamedTuple, Self

from tasks.algebra import AlgebraPool, Pair
from tasks.answers import DEFAULT_POLICY, Gold, Policy, Verdict, check_answer
from tasks.answers.extraction import ExtractionStatus
from tasks.answers.kinds import AnswerType
from tasks.line_process import LineProcess

BATCH_ITEMS = 1_000
BATCH_CHARS = 1_000_000
"""Of the texts of a batch, but for its last one."""
BATCHES_AHEAD = 2
"""For each process, so that none waits for the reader."""

Item = tuple[Gold, str]


class Checked(NamedTuple):
    """A verdict by the rules alone, and what they would have asked an algebra system."""

    verdict: Verdict
    asked: list[Pair]


def grade_answers(
    items: Sequence[Item], policy: Policy = DEFAULT_POLICY, algebra: AlgebraPool | None = None
) -> list[Verdict]:
    """Grade answers; one verdict an item, in order.

    Args:
        items: Gold answers with what was written after the thought.
        policy: What counts as equal.
        algebra: Settles what the rules cannot; None: that stays open.
    """
    return settle_checked(items, check_items(items, policy), policy, algebra)


class GradingPool:
    """Processes that grade batches; they start with the first and end with the context."""

    def __init__(self, num_workers: int) -> None:
        """Start nothing yet.

        Args:
            num_workers: How many processes; each takes a core and 60 MB.
        """
        if num_workers < 1:
            raise ValueError(f"grading needs at least one process, got num_workers={num_workers}")
        self.num_workers = num_workers
        self._idle: queue.SimpleQueue[LineProcess | None] = queue.SimpleQueue()
        for _ in range(num_workers):
            self._idle.put(None)
        self._threads = ThreadPoolExecutor(num_workers, thread_name_prefix="grading")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        reason: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads.shutdown(cancel_futures=True)
        for _ in range(self.num_workers):
            child = self._idle.get()
            if child is not None:
                child.end()

    def grade(
        self,
        items: Iterable[Item],
        policy: Policy = DEFAULT_POLICY,
        algebra: AlgebraPool | None = None,
    ) -> Iterator[Verdict]:
        """Grade a stream of any length as `grade_answers` does; few batches are held at a time.

        Args:
            items: Read no further ahead than the processes need.
            policy: What counts as equal.
            algebra: As in `grade_answers`.
        """
        batches = make_batches(items)
        pending: list[tuple[list[Item], Future[list[Checked]]]] = []
        while True:
            for batch in islice(batches, self.num_workers * BATCHES_AHEAD - len(pending)):
                pending.append((batch, self._threads.submit(self._check, batch, policy)))
            if not pending:
                return
            batch, checked = pending.pop(0)
            yield from settle_checked(batch, checked.result(), policy, algebra)

    def _check(self, batch: list[Item], policy: Policy) -> list[Checked]:
        """Have a batch checked by an idle process; one that was killed is replaced, once."""
        message = [pack_policy(policy), pack_items(batch)]
        child = self._idle.get()
        try:
            for _ in range(2):
                child = child or LineProcess.start("tasks.grading_worker")
                child.write(message)
                try:
                    return unpack_checked(child.read(), policy)
                except EOFError:
                    child.end()
                    child = None
            raise RuntimeError(
                "two grading processes ended while they worked on one batch; "
                "the machine may be short of memory"
            )
        finally:
            self._idle.put(child)


def check_items(items: Sequence[Item], policy: Policy) -> list[Checked]:
    """Check each different item once by the rules, noting what they would ask."""
    checked: dict[Item, Checked] = {}
    for item in items:
        if item not in checked:
            asked: list[Pair] = []
            checked[item] = Checked(check_answer(*item, policy, _Recorder(asked)), asked)
    return [checked[item] for item in items]


def settle_checked(
    items: Sequence[Item], checked: Sequence[Checked], policy: Policy, algebra: AlgebraPool | None
) -> list[Verdict]:
    """Ask the algebra workers what the rules left open, all at once, and check that again."""
    asked = list(dict.fromkeys(pair for one in checked for pair in one.asked))
    if not asked or algebra is None:
        return [one.verdict for one in checked]
    known = dict(zip(asked, algebra.compare(asked), strict=True))
    return [
        check_answer(*item, policy, lambda gold, answer: known.get((gold, answer)))
        if one.asked
        else one.verdict
        for item, one in zip(items, checked, strict=True)
    ]


class _Recorder:
    """Stands in for an algebra system: notes what is asked, and cannot tell."""

    def __init__(self, asked: list[Pair]) -> None:
        self._asked = asked

    def __call__(self, gold: str, answer: str) -> None:
        self._asked.append((gold, answer))


def make_batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Cut a stream into batches, bounded in items and in characters."""
    batch: list[Item] = []
    num_chars = 0
    for item in items:
        batch.append(item)
        num_chars += len(item[1])
        if len(batch) == BATCH_ITEMS or num_chars >= BATCH_CHARS:
            yield batch
            batch, num_chars = [], 0
    if batch:
        yield batch


def pack_policy(policy: Policy) -> dict[str, Any]:
    """Write a policy as the arguments that make it."""
    return {one.name: getattr(policy, one.name) for one in fields(policy) if one.init}


def pack_items(items: Sequence[Item]) -> list[list[Any]]:
    """Write items as rows of plain values."""
    return [[gold.answer, gold.answer_type, gold.options, gold.unit, text] for gold, text in items]


def unpack_items(rows: Sequence[Sequence[Any]]) -> list[Item]:
    """Read what `pack_items` wrote."""
    return [
        (
            Gold(
                answer=answer,
                answer_type=AnswerType(answer_type),
                options=None if options is None else tuple(options),
                unit=unit,
            ),
            text,
        )
        for answer, answer_type, options, unit, text in rows
    ]


def pack_checked(checked: Sequence[Checked]) -> list[list[Any]]:
    """Write checked items as rows of plain values; the policy is the reader's own."""
    return [[one.is_correct, one.rule, one.answer, one.extraction, asked] for one, asked in checked]


def unpack_checked(rows: Sequence[Sequence[Any]], policy: Policy) -> list[Checked]:
    """Read what `pack_checked` wrote."""
    return [
        Checked(
            Verdict(
                is_correct=is_correct,
                rule=rule,
                answer=answer,
                extraction=ExtractionStatus(extraction),
                policy=policy.description,
            ),
            [(gold, given) for gold, given in asked],
        )
        for is_correct, rule, answer, extraction, asked in rows
    ]
