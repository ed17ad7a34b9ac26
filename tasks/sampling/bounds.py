"""How long a completion may grow before it is of no use: shared by whoever races and the client."""

from collections.abc import Callable


class TokenBound:
    """A number of tokens past which completions are stopped; it may be lowered while they run.

    A completion is stopped when it surely has more than `tokens` tokens; one of exactly `tokens`
    may end. Lowering it wakes every request that runs or waits under it. One event loop.
    """

    __slots__ = ("_tokens", "_watchers")

    def __init__(self, tokens: int | None = None) -> None:
        """Begin with a bound, or with none."""
        self._tokens = tokens
        self._watchers: set[Callable[[], None]] = set()

    @property
    def tokens(self) -> int | None:
        """Most tokens of use; None: no bound. 0 or less: not even worth sending."""
        return self._tokens

    @tokens.setter
    def tokens(self, tokens: int | None) -> None:
        self._tokens = tokens
        for watcher in tuple(self._watchers):
            watcher()

    @property
    def is_hopeless(self) -> bool:
        """Whether no completion at all can be of use."""
        return self._tokens is not None and self._tokens <= 0

    def is_passed(self, tokens: int) -> bool:
        """Whether a completion that has `tokens` tokens is of no use."""
        return self._tokens is not None and tokens > self._tokens

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call `watcher` whenever the bound is set, until `unwatch`."""
        self._watchers.add(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Call it no more."""
        self._watchers.discard(watcher)
