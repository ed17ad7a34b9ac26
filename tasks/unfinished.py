"""What a shard still lacks: requests that this run did not get answered and another one would.

The budget was spent, or the server failed on every attempt. A shard that was made with such a
request, or from another shard that was, carries their number in its footer and is made anew by the
next run; everything that was answered is kept, so that costs only what was lacking.
"""

import contextlib
from collections.abc import Generator
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class _Lack:
    count: int = 0


_LACK: ContextVar[_Lack | None] = ContextVar("_LACK", default=None)


@contextlib.contextmanager
def watch_unfinished() -> Generator[None]:
    """Count for one shard while the block runs, in the tasks and threads that it starts, too."""
    token = _LACK.set(_Lack())
    try:
        yield
    finally:
        _LACK.reset(token)


def note_unfinished(count: int = 1) -> None:
    """Count requests that were not answered; does nothing where no shard is being made."""
    if (lack := _LACK.get()) is not None:
        lack.count += count


def forget_unfinished() -> None:
    """Begin anew, since the shard is about to be tried again."""
    if (lack := _LACK.get()) is not None:
        lack.count = 0


def count_unfinished() -> int:
    """Return what the shard that is being made lacks so far."""
    lack = _LACK.get()
    return 0 if lack is None else lack.count
