"""A streamed completion as bytes: server-sent events in, one `Reply` out. Pure; trusts no answer.

Blocks may end anywhere: in a line, in a character. What comes out is what the same completion would
have been unstreamed.
"""

from dataclasses import replace
from typing import Any

import orjson

from schemas.records import Reply, Status
from tasks.sampling.wire import (
    SHOWN_BYTES,
    as_count,
    as_dict,
    as_text,
    first_of,
    make_reply,
    make_unparseable,
    read_content,
    read_words,
)

_DATA = b"data:"
_END = b"[DONE]"
_MAX_PIECES = 512
"""Pieces of text that are held apart; more are joined, since a short string costs 50 bytes."""

_MAX_LINES = 16
"""Data lines that one event may lie in."""


class CompletionStream:
    """What came of a streamed completion so far."""

    def __init__(self, max_bytes: int) -> None:
        self.num_deltas = 0
        """Deltas that held text; each of them holds a token or more at any server known."""
        self.usage_tokens: int | None = None
        """Completion tokens so far, in the server's own words."""
        self.is_done = False
        """The server said that this is the end."""
        self.is_cut = False
        """More than `max_bytes`; what follows is not read."""
        self._max_bytes = max_bytes
        self._num_bytes = 0
        self._head = b""
        self._rest = bytearray()
        self._broken: list[bytes] = []
        self._pieces: dict[str, list[str]] = {"content": [], "reasoning": [], "refusal": []}
        self._finish: Any = None
        self._has_opening = False
        self._usage: dict[str, Any] = {}
        self._fault: Reply | None = None

    def feed(self, block: bytes) -> None:
        """Take in the next bytes."""
        if len(self._head) < SHOWN_BYTES:
            self._head += block[:SHOWN_BYTES]
        first, *others = block.split(b"\n")
        self._rest += first
        if others:
            self._read_line(bytes(self._rest))
            for line in others[:-1]:
                self._read_line(line)
            self._rest = bytearray(others[-1])
        if self._num_bytes + len(self._rest) > self._max_bytes:
            self.is_cut = True

    def finish(self) -> Reply | None:
        """Return the reply when no more comes; None where the completion broke off."""
        self._read_line(bytes(self._rest))
        self._read_line(b"")
        if self._fault is not None:
            # Its tokens are those until then: how much more was read is chance.
            return replace(
                self._fault,
                prompt_tokens=self.prompt_tokens,
                completion_tokens=self.usage_tokens,
            )
        if self._finish is None and not self.is_done:
            return None
        reasoning = self._join("reasoning")
        content = self._join("content")
        if content is None and self._finish == "stop" and not self._has_opening:
            content = ""  # A server that opens no message sends nothing for an empty one either.
        message = {"content": content, "reasoning": reasoning, "refusal": self._join("refusal")}
        return make_reply(message, self._finish, self._usage, self._head)

    @property
    def head(self) -> bytes:
        """The first bytes, for messages."""
        return self._head[:SHOWN_BYTES]

    @property
    def prompt_tokens(self) -> int | None:
        """Tokens of the prompt, in the server's own words."""
        return as_count(self._usage.get("prompt_tokens"))

    def _read_line(self, line: bytes) -> None:
        if self._fault is not None:
            return
        if line.startswith(_DATA):
            self._read_data(line[5:].strip())
        elif self._broken and not line.strip():
            self._fail(make_unparseable("not JSON", b"\n".join(self._broken)))

    def _read_data(self, data: bytes) -> None:
        if data == _END:
            self.is_done = True
            return
        try:
            event: Any = orjson.loads(b"\n".join((*self._broken, data)) if self._broken else data)
        except orjson.JSONDecodeError:
            # One event may lie in several data lines; a blank line ends it.
            self._broken.append(data)
            if len(self._broken) > _MAX_LINES:
                self._fail(make_unparseable("not JSON", b"\n".join(self._broken)))
            return
        self._broken.clear()
        self._read_event(as_dict(event), data)

    def _read_event(self, event: dict[str, Any], data: bytes) -> None:
        usage = event.get("usage")
        if isinstance(usage, dict):
            self._usage = as_dict(usage)
            self.usage_tokens = as_count(self._usage.get("completion_tokens"))
        choices = event.get("choices")
        if choices:
            choice = first_of(choices)
            if not choice.get("index"):
                self._read_choice(choice)
        elif event.get("error") or event.get("object") == "error":
            self._fail(Reply(status=Status.SERVER_ERROR, error=read_words(data) or "unnamed error"))

    def _read_choice(self, choice: dict[str, Any]) -> None:
        if (finish := choice.get("finish_reason")) is not None:
            self._finish = finish
        delta = as_dict(choice.get("delta")) or as_dict(choice.get("message"))
        content = read_content(delta.get("content"))
        self._has_opening |= bool(delta)
        if not content and "role" in delta:
            content = None  # Every stream begins so, whether or not there will be any.
        has_text = self._add("content", content)
        reasoning = as_text(delta.get("reasoning")) or as_text(delta.get("reasoning_content"))
        has_text = self._add("reasoning", reasoning) or has_text
        has_text = self._add("refusal", as_text(delta.get("refusal"))) or has_text
        self.num_deltas += has_text

    def _add(self, kind: str, text: str | None) -> bool:
        if text is None:
            return False
        pieces = self._pieces[kind]
        if not text and pieces:
            return False
        pieces.append(text)
        self._num_bytes += len(text)
        if len(pieces) > _MAX_PIECES:
            pieces[:] = ["".join(pieces)]
        return bool(text)

    def _join(self, kind: str) -> str | None:
        pieces = self._pieces[kind]
        return "".join(pieces) if pieces else None

    def _fail(self, fault: Reply) -> None:
        self._fault = self._fault or fault
        self._broken.clear()
        self.is_done = True
