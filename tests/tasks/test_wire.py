"""What a server says is read without trust: any JSON gives a reply, no text breaks a line."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.records import Message, Request, SamplingParams, Status
from tasks.sampling.wire import build_body, one_line, parse_completion, parse_models, read_words

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "usage", "error", "data", "id"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(VALUES)
def test_any_json_gives_a_reply(value):
    data = orjson.dumps(value)
    assert parse_completion(data).status in set(Status)
    assert isinstance(read_words(data), str)
    models = parse_models(data)
    assert models is None or all(isinstance(name, str) for name in models)


@given(st.binary(max_size=60))
def test_any_bytes_give_a_reply(data):
    assert parse_completion(data).error is not None
    assert len(read_words(data)) <= 500


@given(VALUES)
def test_any_message_gives_a_reply(value):
    reply = parse_completion(orjson.dumps({"choices": [{"message": {"content": value}}]}))
    assert reply.status in (Status.OK, Status.UNPARSEABLE)
    assert reply.text is None or isinstance(reply.text, str)


@pytest.mark.parametrize("message", [{"content": None}, None, 5, {}])
def test_what_was_written_counts_where_no_completion_came(message):
    usage = {"prompt_tokens": 7, "completion_tokens": 40}
    data = orjson.dumps({"choices": [{"message": message}], "usage": usage})
    reply = parse_completion(data)
    assert reply.status is Status.UNPARSEABLE
    assert (reply.prompt_tokens, reply.completion_tokens) == (7, 40)


def test_the_context_of_a_model_is_what_its_server_says():
    listed = [{"id": "a", "max_model_len": 4096}, {"id": "b", "max_model_len": "long"}, {}, 5]
    assert parse_models(orjson.dumps({"data": listed})) == {"a": 4096, "b": None}


@given(st.text(max_size=2_000), st.integers(10, 100))
def test_a_line_is_bounded_and_has_no_control_characters(text, max_chars):
    line = one_line(text, max_chars)
    assert len(line) <= max_chars
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in line)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"error": {"message": "too long", "code": 400}}', "too long"),
        (b'{"error": "no such model"}', "no such model"),
        (b'{"detail": "Not Found"}', "Not Found"),
        (b'{"message": "busy"}', "busy"),
        (b'[{"error": {"message": "listed"}}]', "listed"),
        (b'{"detail": [{"loc": 1}]}', '{"detail": [{"loc": 1}]}'),
        (b"<html><b>Bad</b> gateway</html>", "Bad gateway"),
        (b"\xff plain", "\ufffd plain"),
        (b"", ""),
    ],
)
def test_a_servers_words_are_found_wherever_it_puts_them(data, words):
    assert read_words(data) == words


def test_no_seed_is_sent_where_there_is_none():
    request = Request(
        messages=(Message(role="user", text="hi"),),
        sampling=SamplingParams(temperature=0.0, top_p=1.0, max_tokens=5),
    )
    assert "seed" not in orjson.loads(build_body("m", request))
