"""The content key of a request, and a reply as bytes."""

import hashlib
import json
from dataclasses import fields
from typing import Any

import orjson

from schemas.records import Message, Reply, Request, Status

_KEY_VERSION = 1
_REPLY_FIELDS = tuple(field.name for field in fields(Reply))


def reply_key(model: str, revision: str | None, request: Request) -> str:
    """Return the content key of a request: 32 hexadecimal digits.

    Model, revision, messages (images by sha256), sampling parameters and sample index count; the
    seed and the server's URL do not.
    """
    sampling = request.sampling
    content = [
        _KEY_VERSION,
        model,
        revision,
        [_identify(message) for message in request.messages],
        [float(sampling.temperature), float(sampling.top_p), sampling.max_tokens],
        request.sample_index,
    ]
    try:
        data = orjson.dumps(content)
    except TypeError:  # Lone surrogates, which are not UTF-8.
        data = json.dumps(content).encode("ascii")
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def outrun_key(key: str, number: int) -> str:
    """Return where what is known of a stopped completion is kept: apart from whole replies.

    Each time it was stopped later than before it has the next `number`, from 0.
    """
    return hashlib.blake2b(f"{key} outrun {number}".encode(), digest_size=16).hexdigest()


def _identify(message: Message) -> list[Any]:
    return [message.role, message.text, [image.sha256 for image in message.images]]


def dump_reply(reply: Reply) -> bytes:
    """Return a reply as compact JSON without its empty fields."""
    values = {name: getattr(reply, name) for name in _REPLY_FIELDS}
    return orjson.dumps({name: value for name, value in values.items() if value is not None})


def load_reply(body: bytes) -> Reply | None:
    """Read a reply; fields that are not known are passed over. None: it is not one."""
    try:
        values: dict[str, Any] = orjson.loads(body)
        known = {name: values[name] for name in _REPLY_FIELDS if name in values}
        known["status"] = Status(values["status"])
        return Reply(**known)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
