"""What a bad model server does: one function a fault, by the name that a marker selects."""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from tests.fake_streams import (
    DONE,
    HEAD,
    STREAM_TYPE,
    make_event,
    make_events,
    send_block,
    shape_blocks,
)

HUGE_BYTES = 100_000_000
DATE_AFTER = timedelta(seconds=1_000)
"""From now to the `date` of a Retry-After."""
JSON_TYPE = "Content-Type: application/json\r\n"


@dataclass(slots=True)
class Exchange:
    """One request with the streams it came by."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    headers: dict[str, str]
    body: dict[str, Any]
    answer: bytes
    """What the server says where it has no fault."""
    value: str | None = None
    """Of the marker."""

    @property
    def is_streamed(self) -> bool:
        return bool(self.body.get("stream"))

    def events(self) -> list[bytes]:
        """Return the answer as events."""
        return list(make_events(json.loads(self.answer), self.body.get("stream_options")))

    async def send_events(self, blocks: list[bytes], *, is_ended: bool = True) -> None:
        """Send a stream in these blocks, each in a packet of its own."""
        self.writer.write(HEAD)
        for block in blocks:
            await send_block(self.writer, block)
        if is_ended:
            self.writer.write(b"0\r\n\r\n")
            await self.writer.drain()

    async def send(self, code: int, data: bytes, extra: str = JSON_TYPE) -> None:
        head = f"HTTP/1.1 {code} X\r\nContent-Length: {len(data)}\r\n{extra}\r\n"
        self.writer.write(head.encode() + data)
        await self.writer.drain()

    async def send_message(self, message: Any, finish: str = "stop", **more: Any) -> None:
        choice = {"index": 0, "message": message, "finish_reason": finish}
        self.answer = json.dumps({"choices": [choice], **more}).encode()
        if self.is_streamed:
            await self.send_events(self.events())
        else:
            await self.send(200, self.answer)

    async def wait_for_client(self) -> None:
        """Wait until the client goes away."""
        await self.reader.read()

    def reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


async def send_code(exchange: Exchange, code: int) -> None:
    retry_after = exchange.value
    if retry_after == "date":
        retry_after = format_datetime(datetime.now(UTC) + DATE_AFTER, usegmt=True)
    extra = JSON_TYPE + (f"Retry-After: {retry_after}\r\n" if retry_after else "")
    words = {"error": {"message": f"fault {code}\x1b[31m\nof the test"}}
    await exchange.send(code, json.dumps(words).encode(), extra)


async def send_part(exchange: Exchange) -> None:
    if exchange.is_streamed:
        await exchange.send_events(exchange.events()[:3], is_ended=False)
        return
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {2 * len(exchange.answer)}\r\n\r\n"
    exchange.writer.write(head.encode() + exchange.answer)
    await exchange.writer.drain()


async def reset(exchange: Exchange) -> None:
    exchange.reset()


async def reset_middle(exchange: Exchange) -> None:
    await send_part(exchange)
    await asyncio.sleep(0.02)
    exchange.reset()


async def break_off(exchange: Exchange) -> None:
    await send_part(exchange)
    exchange.writer.close()


async def hang_up(exchange: Exchange) -> None:
    exchange.writer.close()


async def stall(exchange: Exchange) -> None:
    await exchange.wait_for_client()


async def stall_middle(exchange: Exchange) -> None:
    await send_part(exchange)
    await exchange.wait_for_client()


async def drip(exchange: Exchange) -> None:
    kind = STREAM_TYPE if exchange.is_streamed else JSON_TYPE
    head = f"HTTP/1.1 200 OK\r\n{kind}Content-Length: 100000\r\n\r\n"
    exchange.writer.write(head.encode())
    while not exchange.reader.at_eof():
        exchange.writer.write(b":" if exchange.is_streamed else b"{")
        await exchange.writer.drain()
        await asyncio.sleep(0.05)


async def flow_endlessly(exchange: Exchange) -> None:
    if exchange.is_streamed:
        exchange.writer.write(HEAD)
        while True:
            await send_block(exchange.writer, exchange.events()[1] * 1000)
    exchange.writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        exchange.writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        await exchange.writer.drain()


async def send_huge(exchange: Exchange) -> None:
    head = b'{"choices": [{"message": {"content": "'
    if exchange.is_streamed:
        exchange.writer.write(HEAD)
        event = make_event({"choices": [{"delta": {"content": "y" * 1_000}}]})
        for _ in range(HUGE_BYTES // 1_000_000):
            await send_block(exchange.writer, event * 1_000)
        return
    size = len(head) + HUGE_BYTES
    exchange.writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode() + head)
    for _ in range(HUGE_BYTES // 1_000_000):
        exchange.writer.write(b"y" * 1_000_000)
        await exchange.writer.drain()


async def redirect(exchange: Exchange) -> None:
    await exchange.send(307, b"", "Location: http://127.0.0.1:9/elsewhere\r\n")


async def echo_key(exchange: Exchange) -> None:
    words = {"error": {"message": f"wrong key {exchange.headers.get('authorization')}"}}
    await exchange.send(400, json.dumps(words).encode())


async def stall_stream(exchange: Exchange) -> None:
    await exchange.send_events(exchange.events()[:-1], is_ended=False)
    await exchange.wait_for_client()


async def linger(exchange: Exchange) -> None:
    await exchange.send_events(exchange.events(), is_ended=False)
    await exchange.wait_for_client()


async def fail_middle(exchange: Exchange) -> None:
    error = make_event({"error": {"message": "engine died", "code": 500}})
    await exchange.send_events([*exchange.events()[:3], error, DONE])


async def garble(exchange: Exchange) -> None:
    await exchange.send_events([*exchange.events()[:3], b'data: {"choices": [\n\n', DONE])


async def garble_text(exchange: Exchange) -> None:
    event = b'data: {"choices": [{"delta": {"content": "\xff\xfe"}}]}\n\n'
    await exchange.send_events([*exchange.events()[:3], event, DONE])


async def nest(exchange: Exchange) -> None:
    await exchange.send_events([b"data: " + b"[" * 100_000 + b"]" * 100_000 + b"\n\n", DONE])


async def say_nothing(exchange: Exchange) -> None:
    await exchange.send_events([DONE])


async def shape(exchange: Exchange) -> None:
    await exchange.send_events(shape_blocks(exchange.events(), exchange.value or ""))


async def send_letters(exchange: Exchange) -> None:
    """Send a delta a letter; the usage counts words, and comes at the end only."""
    deltas = [{"choices": [{"delta": {"content": letter}}]} for letter in "to be or not"]
    end = {"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": {"completion_tokens": 5}}
    await exchange.send_events([*map(make_event, deltas), make_event(end), DONE])


async def answer_whole(exchange: Exchange) -> None:
    await exchange.send(200, exchange.answer)


async def answer_untyped(exchange: Exchange) -> None:
    """Answer whole, as no type of content or as a type of text that it is not."""
    kind = f"Content-Type: text/{exchange.value}\r\n" if exchange.value else ""
    await exchange.send(200, b"\n " + exchange.answer, kind)


async def refuse_streams(exchange: Exchange) -> None:
    """Refuse what the value names of a stream's options, as strict servers do."""
    asked = json.dumps({name: exchange.body.get(name) for name in ("stream", "stream_options")})
    if exchange.is_streamed and (exchange.value or "") in asked:
        words = {"error": {"message": f"unknown field {exchange.value} in stream options"}}
        await exchange.send(400, json.dumps(words).encode())
    elif exchange.is_streamed:
        await exchange.send_events(exchange.events())
    else:
        await exchange.send(200, exchange.answer)


Fault = Callable[[Exchange], Awaitable[None]]


def says(data: bytes, code: int = 200) -> Fault:
    return lambda exchange: exchange.send(code, data)


def says_message(message: Any, finish: str = "stop", **more: Any) -> Fault:
    return lambda exchange: exchange.send_message(message, finish, **more)


FAULTS: dict[str, Fault] = {
    "reset": reset,
    "reset_middle": reset_middle,
    "break_off": break_off,
    "hang_up": hang_up,
    "stall": stall,
    "stall_middle": stall_middle,
    "drip": drip,
    "endless": flow_endlessly,
    "huge": send_huge,
    "redirect": redirect,
    "stall_stream": stall_stream,
    "linger": linger,
    "fail_middle": fail_middle,
    "garble": garble,
    "garble_text": garble_text,
    "nest": nest,
    "say_nothing": say_nothing,
    "shape": shape,
    "answer_whole": answer_whole,
    "answer_untyped": answer_untyped,
    "letters": send_letters,
    "refuse": refuse_streams,
    "echo_key": echo_key,
    "html": says(b"<html><body><h1>Sign in</h1></body></html>"),
    "truncated": lambda exchange: exchange.send(200, exchange.answer[:-20]),
    "invalid_utf8": says(b'{"choices": [{"message": {"content": "\xff\xfe"}}]}'),
    "not_http": lambda exchange: exchange.writer.drain(),
    "empty_body": says(b""),
    "list": says(b"[1, 2]"),
    "wrong_shape": says(b'{"choices": {"0": "text"}}'),
    "number_message": says(b'{"choices": [{"message": 5}]}'),
    "no_choices": says(b'{"choices": []}'),
    "nested": says(b'{"choices": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "error_200": says(b'{"error": {"message": "no worker is free", "code": 502}}'),
    "null_content": says_message({"content": None}),
    "number_content": says_message({"content": 12}),
    "empty_content": says_message({"content": ""}),
    "parts": says_message({"content": [{"type": "text", "text": "two "}, {"text": "parts"}]}),
    "odd_usage": says_message(
        {"content": "x"}, usage={"prompt_tokens": -1, "completion_tokens": True}
    ),
    "tool_call": says_message(
        {"content": None, "tool_calls": [{"id": "x"}]},
        "tool_calls",
        usage={"prompt_tokens": 7, "completion_tokens": 40},
    ),
    "unclosed": says_message({"content": None, "reasoning": "I think"}, "length"),
    "reasoning": says_message({"content": "7", "reasoning": "I think"}),
    "reasoning_content": says_message({"content": "7", "reasoning_content": "I think"}),
    "only_reasoning": says_message({"content": None, "reasoning": "I think"}),
    "length": says_message({"content": "cut of"}, "length"),
    "refusal": says_message({"content": None, "refusal": "I will not."}),
    "content_filter": says_message({"content": ""}, "content_filter"),
    "engine_abort": says_message({"content": "half"}, "abort"),
}
