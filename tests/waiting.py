"""Waiting for what a test claims, however slow the machine is: no claim depends on a clock.

A test polls for a state, or sets the clock of its event loop forward; the seconds here only end a
test that would wait forever.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

GUARD_SECONDS = 120.0
"""Far more than anything takes on a busy machine."""
LOOK_SECONDS = 0.005


def wait_until(is_so: Callable[[], Any], what: str, seconds: float = GUARD_SECONDS) -> None:
    """Wait until something is so."""
    for _ in _look(is_so, what, seconds):
        time.sleep(LOOK_SECONDS)


async def until(is_so: Callable[[], Any], what: str, seconds: float = GUARD_SECONDS) -> None:
    """Wait until something is so, while the event loop goes on."""
    for _ in _look(is_so, what, seconds):
        await asyncio.sleep(LOOK_SECONDS)


def pass_time(seconds: float) -> None:
    """Set the clock of the running event loop forward: what waits for that long goes on now."""
    loop = asyncio.get_running_loop()
    clock = loop.time
    loop.time = lambda: clock() + seconds


def _look(is_so: Callable[[], Any], what: str, seconds: float) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"after {seconds:g} s still not: {what}"
        yield
