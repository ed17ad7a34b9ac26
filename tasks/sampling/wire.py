"""The OpenAI protocol as bytes: request bodies made, answers read. Pure; trusts no answer."""

import re
from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any, cast

import orjson
import pybase64

from schemas.records import ImagePart, Message, Reply, Request, Status

MAX_ERROR_CHARS = 500
SHOWN_BYTES = 4 * MAX_ERROR_CHARS
_MAX_COUNT = 2**31 - 1
_NO_USAGE: Mapping[str, Any] = MappingProxyType({})
_FAULTY_FINISHES = ("error", "abort")
"""Finish reasons of servers whose engine failed in mid completion."""
_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")


class Streaming(IntEnum):
    """How a completion is asked for: the most that a server is known to understand."""

    NONE = 0
    PLAIN = 1
    USAGE = 2
    """With the usage at the end."""
    COUNTED = 3
    """With the usage so far in every chunk, as vLLM has it."""


_STREAM_FIELDS: dict[Streaming, dict[str, Any]] = {
    Streaming.NONE: {},
    Streaming.PLAIN: {"stream": True},
    Streaming.USAGE: {"stream": True, "stream_options": {"include_usage": True}},
    Streaming.COUNTED: {
        "stream": True,
        "stream_options": {"include_usage": True, "continuous_usage_stats": True},
    },
}


def build_body(model: str, request: Request, streaming: Streaming = Streaming.NONE) -> bytes:
    """Make the body of a chat completion; images are encoded here and nowhere else."""
    sampling = request.sampling
    body = {
        "model": model,
        "messages": [_build_message(message) for message in request.messages],
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
    }
    if request.seed is not None:
        body["seed"] = request.seed
    body.update(_STREAM_FIELDS[streaming])
    return orjson.dumps(body)


def _build_message(message: Message) -> dict[str, Any]:
    text = _replace_surrogates(message.text)
    if not message.images:
        return {"role": message.role, "content": text}
    parts: list[dict[str, Any]] = [
        {"type": "image_url", "image_url": {"url": _build_data_url(image)}}
        for image in message.images
    ]
    return {"role": message.role, "content": [*parts, {"type": "text", "text": text}]}


def _build_data_url(image: ImagePart) -> orjson.Fragment:
    # A fragment spares a search for characters to escape, of which base64 has none.
    head = f'"data:{image.media_type};base64,'.encode("ascii")
    return orjson.Fragment(b"".join((head, pybase64.b64encode(image.data), b'"')))


def _replace_surrogates(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def parse_completion(data: bytes) -> Reply:
    """Read the answer of a server that said 200.

    Returns:
        A reply; `unparseable` with the beginning of the answer where it is no chat completion,
        `server_error` where it says that the server failed.
    """
    try:
        answer: Any = orjson.loads(data)
    except orjson.JSONDecodeError as fault:
        return make_unparseable(f"not JSON ({fault.msg})", data)
    if not isinstance(answer, dict):
        return make_unparseable("not a JSON object", data)
    fields = cast(dict[str, Any], answer)
    if fields.get("error") and not fields.get("choices"):
        return Reply(status=Status.SERVER_ERROR, error=read_words(data) or "unnamed error")
    choice, usage = first_of(fields.get("choices")), as_dict(fields.get("usage"))
    message = as_dict(choice.get("message"))
    if not message:
        return make_unparseable("no choices with a message", data, usage)
    return make_reply(message, choice.get("finish_reason"), usage, data)


def make_reply(message: dict[str, Any], reason: Any, usage: dict[str, Any], data: bytes) -> Reply:
    """Make the reply of a whole message; `reason` is why it ended, `data` what is shown of it."""
    text = read_content(message.get("content"))
    reasoning = as_text(message.get("reasoning")) or as_text(message.get("reasoning_content"))
    if reasoning and not text:
        text = None  # Streams begin with an empty content whether or not one follows.
    finish = as_text(reason)
    finish = finish and one_line(finish, 100)
    refusal = as_text(message.get("refusal"))
    status, error = Status.OK, None
    if refusal or finish == "content_filter":
        status, error = Status.REFUSED, one_line(refusal or "stopped by the content filter")
    elif finish in _FAULTY_FINISHES:
        status, error = Status.SERVER_ERROR, f"the server ended the completion: {finish}"
    elif finish == "length":
        status = Status.TRUNCATED
    elif text is None and not reasoning:
        return make_unparseable("no content", data, usage)
    return Reply(
        status=status,
        text=text,
        reasoning=reasoning,
        finish_reason=finish,
        prompt_tokens=as_count(usage.get("prompt_tokens")),
        completion_tokens=as_count(usage.get("completion_tokens")),
        error=error,
    )


def make_unparseable(why: str, data: bytes, usage: Mapping[str, Any] = _NO_USAGE) -> Reply:
    """Make the reply that no completion came; it shows the beginning of what did.

    What the server counted is kept: it was written, and paid for.
    """
    shown = data[:SHOWN_BYTES].decode("utf-8", "replace")
    return Reply(
        status=Status.UNPARSEABLE,
        prompt_tokens=as_count(usage.get("prompt_tokens")),
        completion_tokens=as_count(usage.get("completion_tokens")),
        error=one_line(f"{why}: {shown}"),
    )


def read_content(content: Any) -> str | None:
    """Return the text of a message or delta, if it has one."""
    # Some servers answer with parts, as a request may hold them.
    if isinstance(content, list):
        parts = [as_text(as_dict(part).get("text")) for part in cast(list[Any], content)]
        return "".join(part for part in parts if part) if any(parts) else None
    return content if isinstance(content, str) else None


def first_of(value: Any) -> dict[str, Any]:
    """Return the first object of a list, or an empty one."""
    return as_dict(cast(list[Any], value)[0]) if isinstance(value, list) and value else {}


def as_dict(value: Any) -> dict[str, Any]:
    """Return an object, or an empty one where it is none."""
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def as_text(value: Any) -> str | None:
    """Return a text that is not empty, or None."""
    return value if isinstance(value, str) and value else None


def as_count(value: Any) -> int | None:
    """Return a number of tokens, or None where it can be none."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_COUNT
    return value if is_count else None


def parse_models(data: bytes) -> dict[str, int | None] | None:
    """Read an answer to GET /models.

    Returns:
        Name of each model to its context length in tokens, as far as the server says; None where
        it is no list of models.
    """
    try:
        answer: Any = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    models: Any = as_dict(answer).get("data") if isinstance(answer, dict) else answer
    if not isinstance(models, list):
        return None
    listed = [as_dict(model) for model in cast(list[Any], models)]
    named = [(as_text(model.get("id")), model.get("max_model_len")) for model in listed]
    return {name: as_count(length) for name, length in named if name}


def read_words(data: bytes) -> str:
    """Return a server's own words about a failure in one bounded line; markup is left out."""
    try:
        answer: Any = orjson.loads(data)
    except orjson.JSONDecodeError:
        text = data[:SHOWN_BYTES].decode("utf-8", "replace")
        return one_line(re.sub(r"<[^>]*>", " ", text))
    fields = as_dict(first_of(answer) if isinstance(answer, list) else answer)
    words: Any = fields.get("error") or fields.get("detail") or fields.get("message")
    words = as_dict(words).get("message") or words
    return one_line(
        words if isinstance(words, str) else data[:SHOWN_BYTES].decode("utf-8", "replace")
    )


def one_line(text: str, max_chars: int = MAX_ERROR_CHARS) -> str:
    """Return text without control characters, in one line of at most `max_chars`."""
    line = _UNPRINTABLE.sub(" ", text[: 8 * max_chars]).strip()
    return line if len(line) <= max_chars else line[: max_chars - 3] + "..."
