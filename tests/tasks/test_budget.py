import asyncio
import random

from tasks.budget import Account, Budget


async def ask(account: Account, tokens: int, *, max_tokens: int = 1000, seconds: float = 0.0):
    """Ask for a reply of `tokens` tokens; return whether it was sent."""
    reservation = await account.budget.reserve(account, 0, max_tokens)
    if reservation is None:
        return False
    await asyncio.sleep(seconds)
    account.settle(reservation, 0, tokens)
    return True


async def ask_all(account: Account, lengths: list[int], at_once: int, max_tokens: int) -> int:
    """Ask for all, so many at a time, each as long as its tokens; return how many were sent."""
    slots = asyncio.Semaphore(at_once)

    async def ask_next(tokens: int) -> bool:
        async with slots:
            return await ask(account, tokens, max_tokens=max_tokens, seconds=tokens / 1e5)

    return sum(await asyncio.gather(*map(ask_next, lengths)))


async def test_without_a_bound_all_are_sent():
    account = Account(Budget())
    assert not account.budget.is_bounded
    assert all([await ask(account, 10**6) for _ in range(20)])


async def test_what_is_on_its_way_counts_as_if_it_had_come():
    budget = Budget(max_tokens=2500)
    account = Account(budget)
    asked = [asyncio.create_task(ask(account, 1000, seconds=0.01)) for _ in range(5)]
    assert [await one for one in asked] == [True, True, False, False, False]
    assert (budget.spent.tokens, budget.is_spent) == (2000, True)


async def test_shorter_replies_than_expected_make_room_for_more():
    account = Account(Budget(max_tokens=2500))
    asked = [asyncio.create_task(ask(account, 100, seconds=0.001)) for _ in range(20)]
    assert all([await one for one in asked])
    assert account.budget.spent.tokens == 2000


async def test_a_budget_below_the_most_that_a_reply_may_cost_is_tried_out_one_by_one():
    account = Account(Budget(max_tokens=350))
    assert [await ask(account, 100, max_tokens=8192) for _ in range(5)] == [True] * 3 + [False] * 2


async def test_once_refused_all_are_refused_however_cheap():
    budget = Budget(max_tokens=1000)
    account = Account(budget)
    assert await ask(account, 900, max_tokens=900)
    assert not await ask(account, 900, max_tokens=900)
    assert not await ask(Account(budget), 1, max_tokens=1)


async def test_a_budget_of_nothing_sends_at_most_one_request():
    account = Account(Budget(max_tokens=1))
    assert sum([await ask(account, 500) for _ in range(10)]) == 1


async def test_dollars_are_counted_by_the_prices_of_each_model():
    budget = Budget(max_usd=1.0)
    vlm, llm = Account(budget, price_in=2.0, price_out=10.0), Account(budget, price_out=1.0)
    for account in (vlm, llm):
        reservation = await budget.reserve(account, 10, 10)
        assert reservation is not None
        account.settle(reservation, 50_000, 10_000)
    assert round(budget.spent.usd, 6) == 0.21
    assert budget.description == "0.21 of 1.00 USD"
    assert Budget(max_usd=0.0005).description == "0.000000 of 0.000500 USD"


async def test_a_request_that_was_never_sent_gives_its_reservation_back():
    account = Account(Budget(max_tokens=1000))
    for _ in range(5):
        reservation = await account.budget.reserve(account, 0, 1000)
        assert reservation is not None
        account.release(reservation)
    assert account.budget.spent.tokens == 0


async def test_long_replies_that_come_in_last_do_not_carry_a_run_far_past_its_budget():
    # The short replies of a wide spread come in first, and would make the rest look cheap.
    dice = random.Random(3)
    lengths = [min(8192, round(dice.lognormvariate(6.5, 1.0)) + 1) for _ in range(3000)]
    for max_tokens in (50_000, 500_000):
        account = Account(Budget(max_tokens=max_tokens))
        num_sent = await ask_all(account, lengths, at_once=128, max_tokens=8192)
        assert 0 < num_sent < len(lengths)
        assert 0.9 * max_tokens < account.budget.spent.tokens < 1.1 * max_tokens
