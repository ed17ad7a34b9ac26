"""How many requests one server should have at a time, learned from how it answers. Pure.

A server that works on all that it has is given more; one that lets requests wait is given fewer,
until only a small queue is left, so that no slot idles between two requests. How many wait is what
the server says of itself, or follows from the time to the first token, or else from the time that
no token explains: latency is wait plus tokens times seconds per token, a line fitted over a round.
By Little's law the share of latency that is wait is the share of requests that wait.
"""

from dataclasses import dataclass

START = 64
LOWEST = 1
HIGHEST = 8_192
START_GROWTH = 1.5
"""In a round of the start, where nobody says how many wait."""
QUEUE_SHARE = 0.2
"""Of the limit, on top of `MIN_QUEUE`: what may wait at a server so that its slots stay full."""
MIN_QUEUE = 4
MIN_ROUND = 16
OVERLOAD_SHARE = 0.05
"""Fewer refusals than this in a round are chance, not overload."""
MIN_GAIN = 0.3
"""Share of a move that shows in the answers per second, from which it counts as felt."""
CAREFUL_ROUNDS = 32
"""Rounds of slow growth after an overload."""
MIN_SPREAD = 0.05
"""Variation of tokens (standard deviation over mean) below which they explain no latency."""


@dataclass(slots=True)
class _Round:
    """Sums over the answers of a round: as many as the limit."""

    size: int
    limit: int
    started: float | None
    num_answers: int = 0
    """All that came."""
    num_fresh: int = 0
    """Of these, to requests sent since the round began; the sums below are over them."""
    num_overloads: int = 0
    in_flight: int = 0
    seconds: float = 0.0
    num_first: int = 0
    first_seconds: float = 0.0
    num_tokens: int = 0
    tokens: float = 0.0
    tokens_squared: float = 0.0
    token_seconds: float = 0.0
    seconds_of_tokens: float = 0.0

    def add(
        self, in_flight: int, seconds: float, tokens: int | None, first_seconds: float | None
    ) -> None:
        self.num_fresh += 1
        self.in_flight += in_flight
        self.seconds += seconds
        if first_seconds is not None:
            self.num_first += 1
            self.first_seconds += first_seconds
        if tokens:
            self.num_tokens += 1
            self.tokens += tokens
            self.tokens_squared += tokens * tokens
            self.token_seconds += tokens * seconds
            self.seconds_of_tokens += seconds

    def wait_seconds(self) -> float:
        """Estimate the mean time before the first token."""
        mean = self.seconds / self.num_fresh
        if 2 * self.num_first > self.num_fresh:
            return min(self.first_seconds / self.num_first, mean)
        count = self.num_tokens
        if count < MIN_ROUND:
            return mean
        mean_tokens, mean_seconds = self.tokens / count, self.seconds_of_tokens / count
        variance = self.tokens_squared / count - mean_tokens**2
        if variance <= (MIN_SPREAD * mean_tokens) ** 2:
            return mean
        slope = (self.token_seconds / count - mean_tokens * mean_seconds) / variance
        return min(max(mean_seconds - slope * mean_tokens, 0.0), mean)


class Limiter:
    """The limit of one server."""

    def __init__(self, highest: int = HIGHEST) -> None:
        self.limit = min(START, highest)
        self._highest = highest
        self._is_starting = True
        self._says_state = False
        self._base_wait = 0.0
        """What looks like a wait and is none: the prompt's own time."""
        self._before: tuple[int, float] | None = None
        """Limit and answers per second before the last move, to judge it by."""
        self._hold = 0
        self._next_hold = 4
        self._careful = 0
        self._begin_round(None)

    def add_answer(
        self,
        now: float,
        in_flight: int,
        seconds: float,
        tokens: int | None,
        first_seconds: float | None = None,
    ) -> None:
        """Take in one answer of use: its latency, tokens, and the time to its first one."""
        current = self._round
        if current.started is None:
            current.started = now - seconds
        current.num_answers += 1
        # What was sent before the last move knows nothing of it.
        if now - seconds >= current.started - 1e-9:
            current.add(in_flight, seconds, tokens, first_seconds)
        if self._is_starting and not self._says_state and in_flight >= self.limit:
            # As TCP starts: an answer makes room for two, within a round and until one is judged.
            self._set(min(self.limit + 1, START_GROWTH * current.limit))
        self._end_round(now)

    def add_overload(self, now: float) -> None:
        """Take in one answer that says 'not now'."""
        current = self._round
        current.num_overloads += 1
        if current.num_overloads > 1 + OVERLOAD_SHARE * current.size:
            self._is_starting = False
            self.limit = max(self.limit - 1, current.limit // 2, LOWEST)
        self._end_round(now)

    def add_state(
        self, waiting: int, running: int, in_flight: int, *, is_pressed: bool = False
    ) -> None:
        """Take in what the server says of itself: what waits and runs, whether memory is short."""
        self._says_state = True
        if is_pressed:
            self._set(min(self.limit, in_flight) * 0.9)
        elif not waiting and in_flight > 2 * running + 4 * MIN_QUEUE:
            return  # Much of what was sent is still being read or prepared, which is a queue too.
        elif waiting or in_flight >= 0.9 * self.limit:
            self._aim(in_flight, waiting)

    def _begin_round(self, now: float | None) -> None:
        size = max(MIN_ROUND, self.limit // 2 if self._is_starting else self.limit)
        self._round = _Round(size, self.limit, now)

    def _end_round(self, now: float) -> None:
        current = self._round
        if current.num_fresh + current.num_overloads < current.size:
            return
        if current.num_overloads > 1 + OVERLOAD_SHARE * current.size:
            self._before, self._careful = None, CAREFUL_ROUNDS
        elif current.num_fresh and not self._says_state:
            self._judge(current, now)
        self._begin_round(now)

    def _judge(self, current: _Round, now: float) -> None:
        assert current.started is not None
        in_flight = current.in_flight / current.num_fresh
        if in_flight < 0.8 * current.limit:
            self._before = None
            return
        rate = current.num_answers / max(now - current.started, 1e-6)
        wait = current.wait_seconds()
        is_undone = self._before is not None and self._undo(*self._before, rate, wait)
        # While slots fill for the first time, more is done whatever the limit.
        self._before = None if is_undone or self._is_starting else (self.limit, rate)
        if not is_undone:
            mean = max(current.seconds / current.num_fresh, 1e-9)
            self._aim(in_flight, in_flight * max(wait - self._base_wait, 0.0) / mean)

    def _undo(self, limit: int, before: float, rate: float, wait: float) -> bool:
        """Judge the last move by what it did to the answers per second."""
        move, gain = self.limit / limit - 1, rate / before - 1
        if abs(move) < 0.05:
            return False
        has_effect = gain / move > MIN_GAIN
        if has_effect:
            # More requests, more done: what looked like a queue was work.
            self._base_wait = wait
        if has_effect == (move > 0):
            return False
        self._is_starting = False
        self._hold, self._next_hold = self._next_hold, min(2 * self._next_hold, 64)
        self._set(limit * 1.25 if move < 0 else limit)
        return True

    def _aim(self, in_flight: float, waiting: float) -> None:
        """Move so that a small queue is left."""
        working = max(in_flight - waiting, 1)
        target = MIN_QUEUE + QUEUE_SHARE * working
        if waiting > 2 * target:
            self._is_starting = False
            self._set(max(working + target, self.limit / 2))
        elif self._hold:
            self._hold -= 1
        elif self._careful:
            self._careful -= 1
            self._set(self.limit * 1.01 + 1)
        elif self._says_state:
            if waiting < target / 2:
                self._set(self.limit * 2 if self._is_starting else self.limit + target)
            else:
                self._is_starting = False
        elif waiting >= target / 2 or not self._is_starting:
            self._is_starting = False
            self._set(self.limit * 1.25 + 1)

    def _set(self, limit: float) -> None:
        self.limit = min(max(round(limit), LOWEST), self._highest)
