"""The text of growing token lists, with bytes as tokens."""

from collections.abc import Sequence

import pytest

from tasks.embedded.text import TextStream


def decode(token_ids: Sequence[int]) -> str:
    return bytes(token_ids).decode(errors="replace")


def stream(text: bytes, *stops: str) -> tuple[list[str], str | None]:
    growing = TextStream(decode, stops)
    pieces: list[str] = []
    for byte in text:
        growing.push(byte)
        if growing.stop_reason is not None:
            break
        pieces.append(growing.take(is_last=False))
    growing.finish()
    return [*pieces, growing.take(is_last=True)], growing.stop_reason


def test_a_character_is_told_when_all_its_bytes_are_there():
    pieces, _ = stream("a\u20acb".encode())
    assert pieces == ["a", "", "", "\u20ac", "b", ""]


def test_what_never_becomes_a_character_is_told_at_the_end():
    pieces, _ = stream(b"a\xe2\x82")
    assert pieces == ["a", "", "", "\ufffd"]


@pytest.mark.parametrize("text", [b"\xff\xfe(\xe2(", b"x\xf0\x9f\x92y\xc3", bytes(range(256))])
def test_pieces_add_up_to_the_whole_even_for_broken_bytes(text: bytes):
    pieces, _ = stream(text)
    assert "".join(pieces) == decode(text)


def test_the_start_of_a_stop_text_is_held_back_and_never_told():
    pieces, reason = stream(b"one EN, two END three", "END")
    assert "".join(pieces) == "one EN, two "
    assert reason == "END"
    assert not any("END".startswith(piece) for piece in pieces[-4:] if piece)


def test_the_earliest_stop_text_wins():
    pieces, reason = stream(b"say stop now", "now", "stop", "op")
    assert ("".join(pieces), reason) == ("say ", "stop")


def test_a_held_start_that_came_to_nothing_is_told_at_the_end():
    pieces, reason = stream(b"abc EN", "END")
    assert ("".join(pieces), reason) == ("abc EN", None)
