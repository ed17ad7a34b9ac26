"""Gather single calls into batches for one thread that computes.

A batch is what waits when the thread is free, so calls that come one at a time are not held up and
many at a time are computed together. Calls may come from any event loop.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Calls a function with lists of items; the thread ends with the process."""

    def __init__(
        self, compute: Callable[[Sequence[Item]], Sequence[Result]], *, max_items: int, name: str
    ) -> None:
        """Prepare; the thread starts with the first call.

        Args:
            compute: Returns a result for each item, in order; what it raises, each call raises.
            max_items: Items of one batch.
            name: Of the thread.
        """
        self._compute, self._max_items, self._name = compute, max_items, name
        self._waiting: queue.SimpleQueue[tuple[Item, Future[Result]]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    async def call(self, item: Item) -> Result:
        """Compute the result of one item."""
        future: Future[Result] = Future()
        self._waiting.put((item, future))
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
        return await asyncio.wrap_future(future)

    def _run(self) -> None:
        while True:
            batch = [self._waiting.get()]
            while len(batch) < self._max_items and not self._waiting.empty():
                batch.append(self._waiting.get())
            # A call that was cancelled in the meantime is left out.
            batch = [
                (item, future) for item, future in batch if future.set_running_or_notify_cancel()
            ]
            if batch:
                self._settle(batch)

    def _settle(self, batch: Sequence[tuple[Item, Future[Result]]]) -> None:
        try:
            results = self._compute([item for item, _ in batch])
        except Exception as fault:  # The callers raise it; the thread lives on.
            for _, future in batch:
                future.set_exception(fault)
            return
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)
