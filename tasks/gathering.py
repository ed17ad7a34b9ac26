"""Run one coroutine an item, few at a time, and keep the order of the items."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


async def gather_in_order(
    items: Iterable[Item], work: Callable[[Item], Awaitable[Result]], *, at_once: int
) -> list[Result]:
    """Return the results of `work` over `items`, in their order.

    `items` is drawn from as work ends, so a generator keeps few of them in memory. The first
    failure cancels the rest and is raised as it is.
    """
    results: dict[int, Result] = {}
    slots = asyncio.Semaphore(at_once)

    async def work_into(index: int, item: Item) -> None:
        results[index] = await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for index, item in enumerate(items):
                await slots.acquire()
                task = group.create_task(work_into(index, item))
                # A task that is cancelled before it has begun runs nothing of its own.
                task.add_done_callback(lambda _: slots.release())
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [results[index] for index in range(len(results))]
