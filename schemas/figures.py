"""Figures of models: what one client has done and is doing, and what a run's models did in all."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict


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


class ModelFigures(BaseModel):
    """What one model did in one run, or in several added up."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: str
    """`vlm`, `llm` or `judge`."""
    model: str
    stage: str
    """Stage that asked it."""
    fingerprint: str
    """Of the table that the stage makes."""
    num_requests: int
    num_replies: int
    num_reused: int
    num_outrun: int
    prompt_tokens: int
    completion_tokens: int
    outrun_tokens: int
    saved_tokens: int
    retries: dict[str, int]
    """As in `Figures`."""
    cost_usd: float | None
    busy_seconds: float
    """While requests were at the servers."""
    slot_seconds: float
    """The same for each request, added up: over the replies it is the mean latency."""
    max_limit: int
    """Requests that the servers might have at a time, at most."""
    full_seconds: float
    """Part of `busy_seconds` in which the servers had nearly all that they might have."""


class RunFigures(BaseModel):
    """What the models of one run did."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    began: str
    """UTC, ISO 8601."""
    models: tuple[ModelFigures, ...]
