"""What a client has done and is doing: counts that it keeps, and a snapshot for whoever shows it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One moment of a `ModelClient`; counts are of this run and only grow."""

    num_requests: int
    """Sent to a server, repeated ones included."""
    num_replies: int
    """New replies, faults included; not those that were kept before."""
    num_reused: int
    """Replies that were kept before."""
    num_outrun: int
    """New replies that were stopped because a shorter one had won."""
    prompt_tokens: int
    completion_tokens: int
    """Tokens that models wrote in this run, those of stopped completions included."""
    outrun_tokens: int
    """Of these, tokens of completions that were stopped."""
    saved_tokens: int
    """Tokens that stopped completions would have gone on for: an estimate."""
    retries: dict[str, int]
    """Requests sent again, by cause: a status code, `refused`, `reset`, `timeout` and the like."""
    in_flight: int
    """Requests at the servers now."""
    limit: int
    """Requests that the servers may have at a time now; it follows them."""
    waiting: int
    """Requests that wait here, for a free slot or their next attempt."""
    server_running: int | None
    """What the servers say that they work on, for all their clients; None: they do not say."""
    server_waiting: int | None
    """What the servers say that waits there."""
    cost_usd: float | None
    """Price of the tokens so far; None: the recipe gives no price."""


@dataclass(slots=True)
class Counts:
    """What a client counts."""

    num_requests: int = 0
    num_replies: int = 0
    num_reused: int = 0
    num_outrun: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    outrun_tokens: int = 0
    retries: dict[str, int] = field(default_factory=dict[str, int])

    def count_retry(self, cause: str) -> None:
        """Count a request that will be sent again."""
        self.retries[cause] = self.retries.get(cause, 0) + 1
