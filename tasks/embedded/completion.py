"""One completion on its way: its tokens, its text, why it ended, and what was told of it."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tasks.embedded.choice import Sampling, TokenLogprob
from tasks.embedded.processor import Prompt
from tasks.embedded.text import TextStream


class FinishReason(StrEnum):
    """Why a completion has ended."""

    STOP = "stop"
    LENGTH = "length"
    ABORT = "abort"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What is new of one completion since its last update."""

    index: int
    text: str
    logprobs: tuple[TokenLogprob, ...]
    num_tokens: int
    """All tokens so far, the end token included."""
    finish_reason: FinishReason | None
    stop_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionParams:
    """What a request asks of each of its completions."""

    sampling: Sampling
    max_tokens: int
    end_token_ids: frozenset[int]
    """Tokens that end the completion; empty to go on to `max_tokens`."""
    stops: tuple[str, ...] = ()
    num_logprobs: int | None = None
    """Rivals to report per token; None reports no log probabilities."""
    stream_interval: int | None = None
    """Tokens per update; None sends one update, at the end."""


@dataclass(slots=True, kw_only=True, eq=False)
class Completion:
    """The state of one completion; the engine's thread changes it, except for `is_cancelled`."""

    index: int
    prompt: Prompt
    params: CompletionParams
    generator: random.Random
    decode: Callable[[Sequence[int]], str]
    updates: "asyncio.Queue[Update]"
    token_ids: list[int] = field(default_factory=list[int])
    finish_reason: FinishReason | None = None
    is_cancelled: bool = False
    _text: TextStream | None = None
    _logprobs: list[TokenLogprob] = field(default_factory=list[TokenLogprob])
    _num_told_tokens: int = 0

    def __post_init__(self) -> None:
        if self.params.stops or self.params.stream_interval is not None:
            self._text = TextStream(self.decode, self.params.stops)

    @property
    def next_position(self) -> int:
        """The rotary position of the newest token."""
        return self.prompt.next_position + len(self.token_ids) - 1

    def accept(self, token_id: int, logprob: TokenLogprob | None) -> None:
        """Take the next token, and see whether it is the last."""
        self.token_ids.append(token_id)
        if logprob is not None:
            self._logprobs.append(logprob)
        if self._text is not None:
            self._text.push(token_id)
        if token_id in self.params.end_token_ids or (self._text and self._text.stop_reason):
            self.finish_reason = FinishReason.STOP
        elif len(self.token_ids) >= self.params.max_tokens:
            self.finish_reason = FinishReason.LENGTH

    def take_update(self) -> Update | None:
        """What is to be told now, if anything."""
        interval = self.params.stream_interval
        num_new = len(self.token_ids) - self._num_told_tokens
        if self.finish_reason is None and (interval is None or num_new < interval):
            return None
        update = Update(
            index=self.index,
            text=self._take_text(),
            logprobs=tuple(self._logprobs[self._num_told_tokens :]),
            num_tokens=len(self.token_ids),
            finish_reason=self.finish_reason,
            stop_reason=self._text.stop_reason if self._text else None,
        )
        self._num_told_tokens = len(self.token_ids)
        return update

    def _take_text(self) -> str:
        is_last = self.finish_reason is not None
        if self._text is None:
            return self.decode(self.token_ids)
        if is_last:
            self._text.finish()
        return self._text.take(is_last=is_last)
