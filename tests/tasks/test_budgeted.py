import contextlib
from collections.abc import AsyncIterator

import pytest

from schemas.records import Reply, Status
from tasks.budget import Budget
from tasks.budgeted import BudgetedClient
from tasks.replies import ReplyStore
from tasks.sampling import Endpoint, TokenBound
from tasks.sampling.token_guesses import count_completion_tokens, guess_prompt_tokens
from tasks.unfinished import count_unfinished, watch_unfinished
from tests.clients import FAST, make_request
from tests.fakes import FakeModelServer


@contextlib.asynccontextmanager
async def connect(
    server: FakeModelServer, store: str, budget: Budget, **prices: float
) -> AsyncIterator[BudgetedClient]:
    endpoint = Endpoint(model="fake-llm", urls=(server.url,), **prices)
    async with (
        ReplyStore.open(store) as replies,
        BudgetedClient(endpoint, replies, budget, patience=FAST) as client,
    ):
        yield client


async def test_a_spent_budget_sends_nothing_new_and_what_is_kept_is_free(tmp_path):
    budget = Budget(max_tokens=200)
    with FakeModelServer() as server, watch_unfinished():
        async with connect(server, str(tmp_path), budget) as client:
            asked = [make_request(f"Compute {n} + 1", max_tokens=100) for n in range(20)]
            replies = await client.sample_all(asked)
            sent = server.counts["requests"]
            paid = [reply for reply in replies if reply.status is Status.OK]
            assert 0 < len(paid) == sent < 20
            assert budget.spent.tokens == sum(
                (reply.prompt_tokens or 0) + (reply.completion_tokens or 0) for reply in paid
            )
            assert {reply.status for reply in replies} == {Status.OK, Status.OVER_BUDGET}
            assert count_unfinished() == 20 - sent
            again = await client.sample_all(asked)
            assert server.counts["requests"] == sent
            assert again == replies
            assert client.find(asked[0]) == replies[0]


async def test_what_is_asked_many_times_at_once_is_paid_for_once(tmp_path):
    budget, request = Budget(max_tokens=10_000), make_request("Compute 1 + 1")
    with FakeModelServer() as server:
        async with connect(server, str(tmp_path), budget) as client:
            replies = await client.sample_all([request] * 10)
    assert server.counts["requests"] == 1
    cost = (replies[0].prompt_tokens or 0) + (replies[0].completion_tokens or 0)
    assert budget.spent.tokens == cost > 0


async def test_a_reply_that_was_stopped_is_free_under_the_same_bound(tmp_path):
    request, budget = make_request("Compute 1 + 1"), Budget(max_tokens=1_000)
    with FakeModelServer(token_seconds=0.001) as server:
        async with connect(server, str(tmp_path), Budget()) as client:
            stopped = await client.sample(request, bound=TokenBound(3))
            assert stopped.status is Status.OUTRUN
            assert client.find(request) is None
        async with connect(server, str(tmp_path), budget) as client:
            assert (await client.sample(request, bound=TokenBound(3))) == stopped
            assert (budget.spent.tokens, server.counts["requests"]) == (0, 1)
            assert (await client.sample(request)).status is Status.OK
            assert budget.spent.tokens > 0


async def test_tokens_cost_what_the_endpoint_says(tmp_path):
    budget = Budget(max_usd=100.0)
    with FakeModelServer() as server:
        prices = {"price_in": 1e6, "price_out": 2e5}
        async with connect(server, str(tmp_path), budget, **prices) as client:
            reply = await client.sample(make_request("Compute 1 + 1"))
    expected = (reply.prompt_tokens or 0) + 0.2 * (reply.completion_tokens or 0)
    assert budget.spent.usd == pytest.approx(expected)


async def test_a_failed_request_costs_nothing_and_is_asked_again_by_another_run(tmp_path):
    budget = Budget(max_tokens=10_000)
    with FakeModelServer(fault="500") as server, watch_unfinished():
        async with connect(server, str(tmp_path), budget) as client:
            reply = await client.sample(make_request("Compute 1 + 1"))
        assert reply.status is Status.SERVER_ERROR
        assert (budget.spent.tokens, count_unfinished()) == (0, 1)


def test_tokens_are_guessed_where_a_server_does_not_count_them():
    reply = Reply(status=Status.OK, text="a" * 40, reasoning="b" * 20)
    assert count_completion_tokens(reply) == 15
    assert guess_prompt_tokens(make_request("x" * 400, image=b"png")) == 1_100
