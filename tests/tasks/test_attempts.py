"""Races with a client whose timing is thrown by dice: what comes out must not depend on it."""

import asyncio
import random
from collections import Counter

import pytest

from schemas.recipe import ReasonParams
from schemas.records import Reply, Request, Status
from tasks.attempts import OUTRUN, Attempts
from tasks.sampling import TokenBound
from tests.clients import make_request


class DiceClient:
    """Replies that are known beforehand, at a pace and in an order that a seed decides."""

    def __init__(self, replies: list[Reply], seed: int = 0, kept: dict[int, Reply] | None = None):
        self.replies, self.kept = replies, dict(kept or {})
        self.dice = random.Random(seed)
        self.asked: Counter[int] = Counter()
        self.running = self.max_running = self.tokens = 0

    def find(self, request: Request) -> Reply | None:
        reply = self.kept.get(request.sample_index)
        return None if reply and reply.status is Status.OUTRUN else reply

    async def sample(self, request: Request, *, bound: TokenBound | None = None) -> Reply:
        index = request.sample_index
        reply = self.kept.get(index)
        if reply and (
            reply.status is not Status.OUTRUN or bound.is_passed(reply.completion_tokens)
        ):
            return reply
        self.asked[index] += 1
        self.running += 1
        self.max_running = max(self.max_running, self.running)
        reply = await self._stream(self.replies[index], bound)
        self.running -= 1
        if reply.status.is_final or reply.status is Status.OUTRUN:
            self.kept[index] = reply
        return reply

    async def _stream(self, reply: Reply, bound: TokenBound | None) -> Reply:
        seen, pace = 0, self.dice.choice([1, 3, 10])
        for _ in range(self.dice.randrange(5)):
            await asyncio.sleep(0)
        while seen < (reply.completion_tokens or 0):
            seen = min(seen + pace, reply.completion_tokens or 0)
            self.tokens += 1
            await asyncio.sleep(0)
            if bound is not None and bound.is_passed(seen):
                return Reply(status=Status.OUTRUN, completion_tokens=seen)
        return reply


def say(tokens: int | None, text: str = "right", status: Status = Status.OK) -> Reply:
    return Reply(status=status, text=text, completion_tokens=tokens, prompt_tokens=7)


def is_right(reply: Reply) -> bool:
    return reply.text == "right"


def sample(client: DiceClient, **params) -> list[Reply]:
    made = ReasonParams(**({"num_rollouts": 4, "race": True} | params))
    requests = [make_request("q", index=index) for index in range(made.max_rollouts)]
    return asyncio.run(Attempts(client, made).sample(requests, is_right))


def find_shortest(replies: list[Reply]) -> int | None:
    right = [
        (reply.completion_tokens, index)
        for index, reply in enumerate(replies)
        if reply.status is Status.OK and is_right(reply)
    ]
    return min(right)[1] if right else None


def draw_replies(dice: random.Random, k: int) -> list[Reply]:
    kinds = [("right", Status.OK), ("wrong", Status.OK), ("right", Status.TRUNCATED)]
    return [say(dice.randint(1, 12), *dice.choice(kinds)) for _ in range(k)]


@pytest.mark.parametrize("seed", range(40))
def test_the_selection_is_that_of_full_sampling_and_the_rows_never_depend_on_timing(seed):
    replies = draw_replies(random.Random(seed), 4)
    raced = [sample(DiceClient(replies, timing)) for timing in range(8)]
    assert all(rows == raced[0] for rows in raced)
    winner = find_shortest(replies)
    assert find_shortest(raced[0]) == winner
    for index, (row, whole) in enumerate(zip(raced[0], replies, strict=True)):
        loses = winner is not None and (whole.completion_tokens, index) > (
            replies[winner].completion_tokens,
            winner,
        )
        assert row == (OUTRUN if loses else whole)


@pytest.mark.parametrize("seed", range(20))
def test_a_resumed_race_asks_nothing_that_was_had_or_outrun(seed):
    replies = draw_replies(random.Random(seed), 4)
    first = DiceClient(replies, seed)
    rows = sample(first)
    again = DiceClient(replies, seed + 1, first.kept)
    assert sample(again) == rows
    assert not again.asked


@pytest.mark.parametrize("seed", range(20))
def test_a_larger_k_reuses_the_first_and_ends_as_if_all_had_raced(seed):
    replies = draw_replies(random.Random(seed), 8)
    first = DiceClient(replies, seed)
    sample(first)
    grown = DiceClient(replies, seed + 1, first.kept)
    assert sample(grown, num_rollouts=8) == sample(DiceClient(replies, 99), num_rollouts=8)
    assert set(grown.asked) <= set(range(4, 8))


def test_another_verdict_asks_anew_only_for_what_was_outrun():
    replies = [say(5), say(9), say(12, "wrong"), say(7, "wrong")]
    first = DiceClient(replies)
    assert sample(first) == [replies[0], OUTRUN, OUTRUN, OUTRUN]
    second = DiceClient(replies, 1, first.kept)
    requests = [make_request("q", index=index) for index in range(4)]
    attempts = Attempts(second, ReasonParams(num_rollouts=4, race=True))
    rows = asyncio.run(attempts.sample(requests, lambda reply: False))
    assert rows == replies
    assert 0 not in second.asked


def test_a_sibling_is_stopped_when_it_passes_the_winner():
    client = DiceClient([say(10), *[say(10_000, "wrong")] * 3], seed=2)
    assert sample(client) == [say(10), OUTRUN, OUTRUN, OUTRUN]
    assert client.tokens < 200


def test_all_rollouts_of_a_problem_run_together():
    client = DiceClient([say(50, "wrong")] * 8)
    sample(client, num_rollouts=8)
    assert client.max_running == 8


def test_without_token_counts_nothing_is_stopped():
    replies = [say(None), say(None), say(None, "wrong"), say(None)]
    assert sample(DiceClient(replies)) == replies


def test_without_a_race_no_rollout_is_bounded_and_all_are_rows():
    replies = [say(3), say(9), say(400), say(2)]
    client = DiceClient(replies)
    assert sample(client, race=False) == replies


def test_a_server_fault_is_a_row_and_does_not_win():
    replies = [Reply(status=Status.SERVER_ERROR, error="500"), say(9), say(3, "wrong"), say(20)]
    assert sample(DiceClient(replies)) == [replies[0], say(9), replies[2], OUTRUN]


def test_more_are_sampled_only_while_none_is_correct():
    wrong, right = [say(4, "wrong")] * 2, [say(8, "wrong"), say(5)]
    assert sample(DiceClient([*right, *wrong]), num_rollouts=2, k_max=4) == [OUTRUN, right[1]]
    asked = [*wrong, *right, *wrong]
    assert sample(DiceClient(asked), num_rollouts=2, k_max=6) == [*wrong, OUTRUN, right[1]]


def test_sampling_ends_at_the_most_that_is_allowed():
    wrong = [say(4, "wrong")] * 9
    client = DiceClient(wrong)
    assert sample(client, num_rollouts=2, k_max=5) == wrong[:5]
    assert sorted(client.asked) == [0, 1, 2, 3, 4]


def test_enough_correct_ones_end_the_sampling_of_full_rollouts():
    replies = [say(4), say(5, "wrong"), say(6), say(7), say(8), say(9)]
    params = {"num_rollouts": 2, "k_max": 6, "enough": 2, "race": False}
    assert sample(DiceClient(replies), **params) == replies[:4]


def test_a_spent_budget_ends_the_sampling():
    refused = Reply(status=Status.OVER_BUDGET)
    client = DiceClient([say(4, "wrong"), refused, say(4), say(4)])
    assert sample(client, num_rollouts=2, k_max=4) == [say(4, "wrong"), refused]
