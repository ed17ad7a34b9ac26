"""Replies of the embedded server: what its engine tells of completions, as JSON or as a stream."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from tasks.embedded.choice import TokenLogprob
from tasks.embedded.completion import Completion, FinishReason, Update
from tasks.embedded.protocol import (
    ReplyHead,
    RequestError,
    StreamOptions,
    count_usage,
    error_body,
)

_DONE = b"data: [DONE]\n\n"

TokenText = Callable[[int], str]


async def collect_reply(
    completions: Sequence[Completion], head: ReplyHead, token_text: TokenText
) -> bytes:
    """Wait for all completions of a request, and write its reply in one piece.

    Raises:
        RequestError: The model failed; status 500.
    """
    updates: list[Update] = []
    while len(updates) < len(completions):
        update = await completions[0].updates.get()
        if update.finish_reason is FinishReason.ERROR:
            raise RequestError(update.text, status=500)
        updates.append(update)
    choices = [
        {
            "index": update.index,
            "message": {"role": "assistant", "content": update.text},
            **_ending(update),
            "logprobs": _logprobs(completions[0], update, token_text),
        }
        for update in sorted(updates, key=lambda one: one.index)
    ]
    num_prompt_tokens = len(completions[0].prompt.token_ids)
    return head.complete(
        choices, count_usage(num_prompt_tokens, sum(update.num_tokens for update in updates))
    )


async def stream_reply(
    completions: Sequence[Completion],
    head: ReplyHead,
    token_text: TokenText,
    options: StreamOptions | None,
) -> AsyncIterator[bytes]:
    """Write a request's reply as server-sent events while its tokens come.

    A failure of the model ends the stream with an event that carries the error.
    """
    options = options or StreamOptions()
    num_prompt_tokens = len(completions[0].prompt.token_ids)
    num_tokens = [0] * len(completions)
    for one in completions:
        yield head.chunk([_delta(one.index, {"role": "assistant", "content": ""})])
    num_left = len(completions)
    while num_left:
        update = await completions[0].updates.get()
        if update.finish_reason is FinishReason.ERROR:
            yield b"data: " + error_body(RequestError(update.text, status=500)) + b"\n\n"
            break
        num_tokens[update.index] = update.num_tokens
        num_left -= update.finish_reason is not None
        choice = _delta(update.index, {"content": update.text}) | _ending(update)
        choice["logprobs"] = _logprobs(completions[0], update, token_text)
        is_counted = options.continuous_usage_stats
        usage = count_usage(num_prompt_tokens, update.num_tokens) if is_counted else None
        yield head.chunk([choice], usage)
    if options.include_usage:
        yield head.chunk([], count_usage(num_prompt_tokens, sum(num_tokens)))
    yield _DONE


def _delta(index: int, delta: dict[str, str]) -> dict[str, Any]:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": None}


def _ending(update: Update) -> dict[str, Any]:
    return {"finish_reason": update.finish_reason, "stop_reason": update.stop_reason}


def _logprobs(
    completion: Completion, update: Update, token_text: TokenText
) -> dict[str, Any] | None:
    if completion.params.num_logprobs is None:
        return None
    return {"content": [_token_logprobs(one, token_text) for one in update.logprobs]}


def _token_logprobs(entry: TokenLogprob, token_text: TokenText) -> dict[str, Any]:
    top = [_token_logprob(token_text(token_id), value) for token_id, value in entry.top]
    return _token_logprob(token_text(entry.token_id), entry.logprob) | {"top_logprobs": top}


def _token_logprob(text: str, logprob: float) -> dict[str, Any]:
    return {"token": text, "logprob": logprob, "bytes": list(text.encode())}
