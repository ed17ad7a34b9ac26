"""Streamed completions of the test server, whole and broken: server-sent events as bytes."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

STREAM_TYPE = "Content-Type: text/event-stream; charset=utf-8\r\n"
HEAD = f"HTTP/1.1 200 OK\r\n{STREAM_TYPE}Transfer-Encoding: chunked\r\n\r\n".encode()
DONE = b"data: [DONE]\n\n"


def split_tokens(text: str) -> list[str]:
    """Split a text as the server counts it: one token a word."""
    return re.findall(r"\s*\S+|\s+$", text)


def make_event(event: Any) -> bytes:
    return b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n"


def make_events(
    completion: dict[str, Any], options: dict[str, Any] | None = None, chunk_tokens: int = 1
) -> Iterator[bytes]:
    """Make the events of a completion, as vLLM does with these `stream_options`."""
    options = options or {}
    head = {"id": completion.get("id", "x"), "object": "chat.completion.chunk"}
    choice, usage = completion["choices"][0], completion.get("usage")
    num_sent, is_counted = 0, options.get("continuous_usage_stats") and usage

    def make_chunk(delta: Any, finish: str | None = None) -> bytes:
        chunk = {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        if is_counted:
            chunk["usage"] = {**(usage or {}), "completion_tokens": num_sent}
        return make_event(chunk)

    message = choice["message"]
    if not isinstance(message, dict):
        yield make_chunk(message, choice["finish_reason"])
        message = {}
    else:
        yield make_chunk({"role": "assistant", "content": ""})
    for name in ("reasoning", "reasoning_content", "refusal", "content"):
        content = message.get(name)
        if not isinstance(content, str):
            if content is not None:
                yield make_chunk({name: content})
            continue
        tokens = split_tokens(content) or [""]
        for start in range(0, len(tokens), chunk_tokens):
            part = tokens[start : start + chunk_tokens]
            num_sent += bool(content) * len(part)
            yield make_chunk({name: "".join(part)})
    yield make_chunk({}, choice["finish_reason"])
    if options.get("include_usage") and usage:
        yield make_event({**head, "choices": [], "usage": usage})
    yield DONE


async def send_block(writer: asyncio.StreamWriter, block: bytes) -> None:
    """Send one block of a chunked answer in a packet of its own."""
    writer.write(b"%x\r\n%b\r\n" % (len(block), block))
    await writer.drain()


async def read_gone(reader: asyncio.StreamReader, seconds: float) -> bool:
    """Return whether the client has gone, after `seconds` at the latest."""
    try:
        return not await asyncio.wait_for(reader.read(1), seconds)
    except TimeoutError:
        return False
    except OSError:
        return True


def split_bytes(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def shape_blocks(events: list[bytes], shape: str) -> list[bytes]:
    """Cut the same events into other blocks, or write them otherwise as the format allows."""
    data = b"".join(events)
    match shape:
        case "bytes":
            return split_bytes(data, 1)
        case "sevens":
            return split_bytes(data, 7)
        case "together":
            return [data]
        case "crlf":
            return split_bytes(data.replace(b"\n", b"\r\n"), 5)
        case "comments":
            return [b": ping\n\nevent: x\nid: 7\nretry: 5\n" + event for event in events]
        case "lines":
            return [event.replace(b'{"id"', b'{\ndata: "id"') for event in events]
        case "tight":
            return [data.replace(b"\n\n", b"\n").replace(b"data: ", b"data:")]
        case _:
            return [b"".join(events[:-1]).rstrip(b"\n")]
