"""Work on items in processes of our own; results come back in the order of the items.

A thread for each process hands it one item at a time and waits for the result, so a process that
dies is noticed at once, whatever is on its way to the others. Processes end with this one.
"""

import gc
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import TypeVar

from schemas.errors import WorkerError

ITEMS_AHEAD = 6
"""Items in the making or done, for each process: they go on while a result is made use of."""
Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_processes(
    work: Callable[[Item], Result], items: Iterable[Item], num_workers: int
) -> Iterator[Result]:
    """Apply `work` to items, which are drawn as results are taken.

    Args:
        work: can be pickled, as can items and results.
        items: any number of them.
        num_workers: processes.

    Raises:
        WorkerError: a process died.
    """
    free: SimpleQueue[Connection] = SimpleQueue()

    def ask(item: Item) -> Result:
        connection = free.get()
        try:
            connection.send(item)
            return connection.recv()  # type: ignore[no-any-return]
        except (EOFError, OSError):
            raise WorkerError(
                "a worker process was killed, perhaps for want of memory; give fewer --workers"
            ) from None
        finally:
            free.put(connection)

    with ExitStack() as stack:
        for _ in range(num_workers):
            free.put(stack.enter_context(_start(work, stack)))
        threads = stack.enter_context(ThreadPoolExecutor(num_workers))
        stack.callback(threads.shutdown, cancel_futures=True)
        waiting: deque[Future[Result]] = deque()
        for item in items:
            waiting.append(threads.submit(ask, item))
            if len(waiting) >= num_workers * ITEMS_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _start(work: Callable[[Item], Result], stack: ExitStack) -> Connection:
    """Start a process; it ends when the connection is closed."""
    # A fork would take along whatever threads and locks this process has.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(work, theirs), daemon=True)
    process.start()
    theirs.close()
    stack.callback(process.join)
    return ours


def _work(work: Callable[[Item], Result], connection: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # Modules stay: the collector need not walk through them again and again.
    try:
        while True:
            connection.send(work(connection.recv()))
    except (EOFError, OSError):
        return  # Nobody asks any more.
