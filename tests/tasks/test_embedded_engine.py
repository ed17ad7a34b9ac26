"""How the engine puts prompts together; what it says is tested through the server."""

import asyncio
import random
import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra 'embedded' is not installed")
pytest.importorskip("transformers", reason="the extra 'embedded' is not installed")

from tasks.embedded.choice import Sampling
from tasks.embedded.completion import Completion, CompletionParams, FinishReason
from tasks.embedded.engine import Engine, group_by_length
from tasks.embedded.processor import Prompt, expand_images
from tests.waiting import GUARD_SECONDS, until


def make_completion(num_prompt_tokens: int, **params: object) -> Completion:
    prompt = Prompt(
        token_ids=(1,) * num_prompt_tokens,
        positions=np.zeros((3, num_prompt_tokens), np.int64),
        digest=b"",
        next_position=num_prompt_tokens,
    )
    fields = {"max_tokens": 9, "end_token_ids": frozenset([0])} | params
    return Completion(
        index=0,
        prompt=prompt,
        params=CompletionParams(sampling=Sampling(), **fields),  # type: ignore[arg-type]
        generator=random.Random(0),
        decode=lambda ids: bytes(ids).decode(errors="replace"),
        updates=asyncio.Queue(),
    )


def test_prompts_of_like_length_are_read_together():
    lengths = [100, 10, 12, 125, 13, 126, 1000]
    groups = group_by_length([make_completion(length) for length in lengths])
    found = [[len(one.prompt.token_ids) for one in group] for group in groups]
    assert found == [[10, 12], [13], [100, 125], [126], [1000]]


def test_an_end_token_stops_unless_it_is_no_end():
    stopping, going_on = make_completion(3), make_completion(3, end_token_ids=frozenset())
    for one in (stopping, going_on):
        one.accept(65, None)
        assert one.finish_reason is None
        one.accept(0, None)
    assert stopping.finish_reason is FinishReason.STOP
    assert going_on.finish_reason is None


def test_updates_come_by_interval_and_at_the_end():
    completion = make_completion(3, stream_interval=2, max_tokens=5)
    told = []
    for token_id in b"abcde":
        completion.accept(token_id, None)
        if update := completion.take_update():
            told.append((update.text, update.num_tokens, update.finish_reason))
    assert told == [("ab", 2, None), ("cd", 4, None), ("e", 5, FinishReason.LENGTH)]


def test_images_share_a_temporal_position_and_text_goes_on_after_the_longer_side():
    ids, positions = expand_images([7, 9, 8, 9, 8], [(2, 3), (1, 1)], 9)
    assert ids == (7, *[9] * 6, 8, 9, 8)
    assert positions.tolist() == [
        [0, 1, 1, 1, 1, 1, 1, 4, 5, 6],
        [0, 1, 1, 1, 2, 2, 2, 4, 5, 6],
        [0, 1, 2, 3, 1, 2, 3, 4, 5, 6],
    ]


class GatedModel:
    """Says the token 65 for every prompt, as soon as its gate is open."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.num_rows = 0
        self.cache = SimpleNamespace(lengths=[], drop_row=lambda _: None)

    def read_prompts(self, _: Any, source: list[int]) -> Any:
        import torch

        assert self.gate.wait(GUARD_SECONDS)
        self.num_rows += len(source)
        return torch.eye(256)[[65] * len(source)]


async def test_of_a_cancelled_crowd_only_those_who_stay_are_read():
    model: Any = GatedModel()
    engine = Engine(model, max_running=1, max_model_len=100, threads=1)
    try:
        first, *crowd = [make_completion(3, max_tokens=1) for _ in range(2001)]
        engine.submit([first])
        await until(lambda: engine.num_running == 1, "the first one is being read")
        engine.submit(crowd)
        staying = crowd[1000::500]
        engine.cancel([one for one in crowd if one not in staying])
        model.gate.set()
        for one in (first, *staying):
            assert (await one.updates.get()).finish_reason is FinishReason.LENGTH
        assert model.num_rows == 1 + len(staying)
        assert engine.counts[FinishReason.ABORT] == len(crowd) - len(staying)
        assert engine.num_running == engine.num_waiting == 0
    finally:
        model.gate.set()
        engine.stop()
