"""What the embedded server reads of a request, and what it says of a wrong one."""

import json
from typing import Any

import pytest

from tasks.embedded.protocol import ChatRequest, RequestError, parse_request

TURN = {"role": "user", "content": "x"}
TEXT = {"type": "text", "text": "x"}


def chat(**fields: Any) -> bytes:
    return json.dumps({"messages": [TURN]} | fields).encode()


def chat_part(part: Any) -> bytes:
    return chat(messages=[{"role": "user", "content": [part]}])


def refuse(body: bytes) -> RequestError:
    with pytest.raises(RequestError) as caught:
        parse_request(body)
    return caught.value


FAULTS = [
    (chat(messages=[1, 1]), "messages.0", "messages.0: Input should be an object"),
    (chat(messages=[TURN] * 1025), "messages", "messages: List should have at most 1024 items"),
    (
        chat(messages=[{"role": "user", "content": [TEXT] * 257}]),
        "messages.0.content",
        "messages.0.content: List should have at most 256 items",
    ),
    (
        chat(messages=[{"role": "user", "content": 5}]),
        "messages.0.content",
        "messages.0.content: Input should be a valid string",
    ),
    (chat_part("x"), "messages.0.content.0", "Input should be an object"),
    (chat_part({}), "messages.0.content.0", "type: Field required"),
    (chat_part({"type": "text"}), "messages.0.content.0.text", "Field required"),
    (chat_part({"type": "text", "text": 5}), "messages.0.content.0.text", "valid string"),
    (
        chat_part({"type": "image_url", "image_url": {"url": 5}}),
        "messages.0.content.0.image_url.url",
        "valid string",
    ),
    (
        chat_part(TEXT | {"bad": 1}),
        "messages.0.content.0.bad",
        "'bad' is not supported by this server",
    ),
    (chat(stop=""), "stop", "stop: String should have at least 1 character"),
    (chat(stop=["a", ""]), "stop.1", "stop.1: String should have at least 1 character"),
    (chat(stop=["a"] * 17), "stop", "stop: List should have at most 16 items"),
    (chat(stop="a" * 1001), "stop", "stop: String should have at most 1000 characters"),
    (chat(stop=["a" * 1001]), "stop.0", "stop.0: String should have at most 1000 characters"),
    (chat(stop=3), "stop", "stop: Input should be a valid string"),
    (chat(top_logprobs=2), "top_logprobs", "top_logprobs needs logprobs: true"),
    (chat(stream_options={}), "stream_options", "stream_options needs stream: true"),
    (chat(tools=[]), "tools", "'tools' is not supported by this server"),
]


@pytest.mark.parametrize(("body", "param", "sentence"), FAULTS)
def test_a_fault_names_its_field_and_its_remedy(body: bytes, param: str, sentence: str):
    error = refuse(body)
    assert error.param == param
    assert sentence in str(error)
    assert "Value error" not in str(error)


@pytest.mark.parametrize(
    "body",
    [
        chat(messages=[1] * 20_000),
        chat(messages=[{"role": "user", "content": [5] * 20_000}]),
        chat(messages=[TURN | {f"bad{i}": 1 for i in range(20_000)}]),
        chat(stop=[5] * 20_000),
        chat(**{f"bad{i}": 1 for i in range(20_000)}),
        chat(**{"bad" * 20_000: 1}),
        chat_part({"type": "text" * 20_000}),
    ],
)
def test_a_thousandfold_fault_is_looked_at_once(body: bytes):
    error = refuse(body)
    cause = error.__cause__
    assert getattr(cause, "error_count", lambda: 0)() <= 2  # one for each reading of the field
    assert len(str(error)) < 500


def test_as_many_as_are_allowed_are_read():
    stops = ["a" * 1000] * 16
    body = chat(messages=[{"role": "user", "content": [TEXT] * 256}] * 1024, stop=stops)
    request = parse_request(body)
    assert isinstance(request, ChatRequest)
    assert len(request.messages) == 1024
    assert request.stops == tuple(stops)
