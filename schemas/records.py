"""Values passed between functions inside a process: requests, replies, reports.

Messages hold text and `ImagePart`s; only the model edge turns an image into bytes on the wire.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """How a request ended. Everything but `ok` and `truncated` has no usable text."""

    OK = "ok"
    TRUNCATED = "truncated"
    """The server stopped at `max_tokens` (finish_reason `length`); the text is kept."""
    REFUSED = "refused"
    """The model or a content filter declined to answer."""
    REJECTED = "rejected"
    """The server said that this request is wrong (400, 404, 413, 422); asking again is no use."""
    SERVER_ERROR = "server_error"
    """The server failed, stalled or was overloaded on every attempt."""
    UNPARSEABLE = "unparseable"
    """The server answered 200 with something that is not a chat completion."""
    OUTRUN = "outrun"
    """Stopped by us: a shorter correct rollout of the same problem exists; its end is unknown."""
    OVER_BUDGET = "over_budget"
    """Never sent: the budget of the run was spent; a later run asks for it."""

    @property
    def has_text(self) -> bool:
        """Whether the reply carries text that a later stage may use."""
        return self in (Status.OK, Status.TRUNCATED)

    @property
    def is_final(self) -> bool:
        """Whether asking again cannot be expected to help, so that the reply is kept for ever."""
        return self in (Status.OK, Status.TRUNCATED, Status.REFUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePart:
    """One image of a message."""

    sha256: str
    """Of `data`, in hexadecimal; it stands for the image in the reply key."""
    data: bytes
    """Encoded image, as it goes on the wire."""
    media_type: str
    """`image/png`, `image/jpeg` or `image/webp`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One chat message: images, then text."""

    role: str
    """`system`, `user` or `assistant`."""
    text: str
    images: tuple[ImagePart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingParams:
    """What is asked of the decoder; part of the reply key."""

    temperature: float
    top_p: float
    max_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One sample asked of a model: one request on the wire, one `Reply`."""

    messages: tuple[Message, ...]
    sampling: SamplingParams
    sample_index: int = 0
    """Which of the samples of the same prompt; part of the reply key."""
    seed: int | None = None
    """Sent to the server; follows from the prompt and `sample_index`, so it is not in the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came of one `Request`; never an exception."""

    status: Status
    text: str | None = None
    """The message content; None where the server gave none."""
    reasoning: str | None = None
    """The server's own `reasoning` or `reasoning_content` field, else None."""
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    error: str | None = None
    """The fault in one bounded line, where status is not ok."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardReport:
    """What a stage task returns to its flow: small, and the same whether built or found."""

    table: str
    file: str
    rows: int
    counts: dict[str, int] = field(default_factory=dict[str, int])
    """Rows by status or reason; what the funnel adds up."""
    num_unfinished: int = 0
    """Requests that the shard lacks, its own and those of the shards it was made from."""
    is_reused: bool = False
    """The shard was there already; nothing was computed."""
