"""What a run may spend on new replies: one budget for all its models.

A kernel. What is on its way counts at what it may well cost, a standard deviation above the mean,
so the last requests go out as others come in, and the budget is met within some percent. What is on
its way when it is spent is finished: a reply that is cut off is paid for and of no use. Kept
replies cost nothing. A budget is of one run: the next one begins with its own.
"""

import asyncio
import math
from collections import deque
from dataclasses import dataclass

PRIOR_REQUESTS = 8
"""Requests that are thought to have cost the most, before there are any."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Tokens read and written, and their price."""

    tokens: float = 0.0
    usd: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.tokens + other.tokens, self.usd + other.usd)

    def __sub__(self, other: "Cost") -> "Cost":
        return Cost(self.tokens - other.tokens, self.usd - other.usd)


NOTHING = Cost()


class Budget:
    """Tokens or dollars that a run may spend; without either, as much as it takes."""

    def __init__(self, max_tokens: int | None = None, max_usd: float | None = None) -> None:
        """Begin with nothing spent.

        Args:
            max_tokens: prompt and completion tokens of new replies, of all models.
            max_usd: their price in dollars.
        """
        self.max_tokens, self.max_usd = max_tokens, max_usd
        self.spent = NOTHING
        self.is_spent = False
        """A request was refused; from then on all are."""
        self._reserved: dict[int, Cost] = {}
        self._on_their_way = NOTHING
        self._next = 0
        self._waiting: deque[tuple[Account, int, int, asyncio.Future[int | None]]] = deque()

    @property
    def is_bounded(self) -> bool:
        """Whether there is a bound at all."""
        return self.max_tokens is not None or self.max_usd is not None

    @property
    def description(self) -> str:
        """What was spent, for people: `1,203 of 1,000 tokens`."""
        parts: list[str] = []
        if self.max_tokens is not None:
            parts.append(f"{self.spent.tokens:,.0f} of {self.max_tokens:,} tokens")
        if self.max_usd is not None:
            digits = 2 if self.max_usd >= 1 else 6
            parts.append(f"{self.spent.usd:,.{digits}f} of {self.max_usd:,.{digits}f} USD")
        return " and ".join(parts)

    async def reserve(self, account: "Account", prompt_tokens: int, max_tokens: int) -> int | None:
        """Wait until a request may be sent; return its reservation, or None: the budget is spent.

        Requests are served in the order in which they come.
        """
        place: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((account, prompt_tokens, max_tokens, place))
        self._serve()
        return await place

    def settle(self, reservation: int, spent: Cost) -> None:
        """Put what a request really cost in the place of its reservation."""
        self._on_their_way -= self._reserved.pop(reservation)
        if not self._reserved:
            self._on_their_way = NOTHING  # Sums of floats drift.
        self.spent += spent
        self._serve()

    def _serve(self) -> None:
        """Let those go on who wait, the earliest first, as far as the budget reaches."""
        while self._waiting:
            account, prompt_tokens, max_tokens, place = self._waiting[0]
            if not place.done():
                fits = self._fits(account, prompt_tokens, max_tokens)
                if not fits and self._reserved and not self.is_spent:
                    return  # What is on its way may cost less than expected.
                expected = account.expect(prompt_tokens, max_tokens)
                place.set_result(self._enter(expected) if fits and not self.is_spent else None)
                self.is_spent = self.is_spent or not fits
            self._waiting.popleft()

    def _enter(self, expected: Cost) -> int:
        self._next += 1
        self._reserved[self._next] = expected
        self._on_their_way += expected
        return self._next

    def _fits(self, account: "Account", prompt_tokens: int, max_tokens: int) -> bool:
        # With nothing else at stake the plain mean will do, so that a small budget is tried out.
        expected = account.expect(prompt_tokens, max_tokens, is_alone=not self._reserved)
        cost = self.spent + self._on_their_way + expected
        return (self.max_tokens is None or cost.tokens <= self.max_tokens) and (
            self.max_usd is None or cost.usd <= self.max_usd
        )


class Account:
    """One model's share of the spending: its prices, and what its requests cost so far."""

    def __init__(self, budget: Budget, price_in: float = 0.0, price_out: float = 0.0) -> None:
        """Begin without replies; prices are in dollars a million tokens."""
        self.budget = budget
        self._prices = price_in, price_out
        self._num_replies = 0
        self._tokens = 0, 0
        self._squares = 0

    def expect(self, prompt_tokens: int, max_tokens: int, *, is_alone: bool = False) -> Cost:
        """Return what a request may well cost, beside others that are on their way or alone.

        The first replies to come in are the short ones. So until many have, some are thought to
        cost the most; and there is a margin.
        """
        prior = 0 if is_alone else PRIOR_REQUESTS
        weight = max(self._num_replies + prior, 1)
        read, written = self._tokens
        mean = (written + prior * max_tokens) / weight
        variance = (self._squares + prior * max_tokens**2) / weight - mean**2
        margin = 0.0 if is_alone else math.sqrt(max(variance, 0.0))
        return self._price((read + prior * prompt_tokens) / weight, min(mean + margin, max_tokens))

    def settle(self, reservation: int, prompt_tokens: int, completion_tokens: int) -> None:
        """Book what a request cost."""
        read, written = self._tokens
        self._num_replies += 1
        self._tokens = read + prompt_tokens, written + completion_tokens
        self._squares += completion_tokens**2
        self.budget.settle(reservation, self._price(prompt_tokens, completion_tokens))

    def release(self, reservation: int) -> None:
        """Give a reservation back: the request was never sent, or has no reply."""
        self.budget.settle(reservation, NOTHING)

    def _price(self, prompt_tokens: float, completion_tokens: float) -> Cost:
        price_in, price_out = self._prices
        usd = (prompt_tokens * price_in + completion_tokens * price_out) / 1e6
        return Cost(prompt_tokens + completion_tokens, usd)
