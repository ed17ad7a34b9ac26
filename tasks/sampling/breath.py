"""A pause in the reading of a stream, so that many small pieces come as one."""

import asyncio


class Breath:
    """Reads nothing for a moment; what came meanwhile is then read at once.

    A wake-up costs more than all the parsing of what it brings.
    """

    def __init__(self, connection: asyncio.BaseTransport | None) -> None:
        """Prepare; without a connection that can be held all this does nothing."""
        self._connection = connection if isinstance(connection, asyncio.ReadTransport) else None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        """Read nothing for so long."""
        if self._connection is not None and self._timer is None:
            self._connection.pause_reading()
            self._timer = loop.call_later(seconds, self.end)

    def end(self) -> None:
        """Read on."""
        if self._timer is None or self._connection is None:
            return
        self._timer.cancel()
        self._timer = None
        if not self._connection.is_closing():
            self._connection.resume_reading()
