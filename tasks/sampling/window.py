"""How much work is begun at a time: enough for all slots and a queue behind them, no more."""

import asyncio
from collections import deque

from tasks.sampling.balancing import Slots

QUEUE = 2
"""Requests that are held here, as a multiple of those at the servers."""


class Window:
    """Admits work by the requests that it sends; its size follows the servers."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._num_inside = 0
        self._waiters: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def enter(self, weight: int) -> None:
        """Wait until there is room for work of `weight` requests; one is always admitted."""
        if not self._waiters and self._has_room(weight):
            self._num_inside += weight
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append((weight, waiter))
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.leave(weight)
            raise

    def leave(self, weight: int) -> None:
        """Say that work of `weight` requests is done."""
        self._num_inside -= weight
        while self._waiters:
            weight, waiter = self._waiters[0]
            if not waiter.done():
                if not self._has_room(weight):
                    return
                self._num_inside += weight
                waiter.set_result(None)
            self._waiters.popleft()

    def _has_room(self, weight: int) -> bool:
        room = (1 + QUEUE) * self._slots.limit
        return self._num_inside == 0 or self._num_inside + weight <= room
