"""The rollouts of one problem: sampled together, raced, and more of them where none is correct.

Requests of one problem come in, with a check of their replies; a reply a request goes out. Which
replies count depends on what they are, never on when they come.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from schemas.recipe import ReasonParams
from schemas.records import Reply, Request, Status
from tasks.racing import Race
from tasks.sampling import TokenBound

Check = Callable[[Reply], bool]
"""Whether a whole reply is correct."""
LONG_CHARS = 100_000
"""A longer text is checked in a thread, so that the replies of others do not wait for it."""
OUTRUN = Reply(status=Status.OUTRUN)
"""Any reply that could not win, ended or stopped: it is the same in every run."""


class Sampler(Protocol):
    """What the sampling of rollouts asks of a client."""

    def find(self, request: Request) -> Reply | None:
        """Return the kept reply to a request, if it has one that ended; ask nobody."""
        ...

    def sample(self, request: Request, *, bound: TokenBound | None = None) -> Awaitable[Reply]:
        """Return the reply to a request, stopped where it surely passes the bound."""
        ...


class Attempts:
    """Samples the rollouts of problems with one client, by one recipe."""

    def __init__(self, client: Sampler, params: ReasonParams) -> None:
        """Prepare; nothing is asked yet."""
        self._client, self._params = client, params

    async def sample(self, requests: Sequence[Request], check: Check) -> list[Reply]:
        """Return replies to the first requests: k of them, or more until enough are correct.

        Args:
            requests: all that may be asked, in the order of their sample indices.
            check: whether a whole reply is correct.
        """
        size = self._params.num_rollouts
        replies: list[Reply] = []
        num_correct = 0
        while len(replies) < len(requests) and num_correct < self._params.enough:
            asked = requests[len(replies) : len(replies) + size]
            race = _Round(self._client, asked, check, is_race=bool(self._params.race))
            replies += await race.run()
            num_correct += race.num_correct
            if any(reply.status is Status.OVER_BUDGET for reply in replies):
                break
        return replies


class _Round:
    """Requests of one problem that run together."""

    def __init__(
        self, client: Sampler, requests: Sequence[Request], check: Check, *, is_race: bool
    ) -> None:
        self.num_correct = 0
        self._client, self._requests, self._check = client, requests, check
        self._race = Race()
        # Only a completion that may be stopped is worth streaming.
        self._bounds = [TokenBound() for _ in requests] if is_race and len(requests) > 1 else None
        self._replies: dict[int, Reply] = {}

    async def run(self) -> list[Reply]:
        """Ask for all, those first that are kept: they may tell that others need not be asked."""
        for index, request in enumerate(self._requests) if self._bounds else ():
            if self._client.find(request) is not None:
                await self._ask(index)
        rest = [index for index in range(len(self._requests)) if index not in self._replies]
        try:
            async with asyncio.TaskGroup() as group:
                for index in rest:
                    group.create_task(self._ask(index))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return [self._settle(index) for index in range(len(self._requests))]

    async def _ask(self, index: int) -> None:
        bound = self._bounds[index] if self._bounds else None
        reply = await self._client.sample(self._requests[index], bound=bound)
        self._replies[index] = reply
        if await self._is_correct(reply):
            self.num_correct += 1
            if self._bounds and self._race.enter(index, reply.completion_tokens):
                for other, own in enumerate(self._bounds):
                    own.tokens = self._race.bound(other)

    async def _is_correct(self, reply: Reply) -> bool:
        if reply.status is not Status.OK:
            return False
        if len(reply.text or "") > LONG_CHARS:
            return await asyncio.to_thread(self._check, reply)
        return self._check(reply)

    def _settle(self, index: int) -> Reply:
        reply = self._replies[index]
        is_outrun = self._bounds and self._race.is_outrun(index, reply.completion_tokens)
        return OUTRUN if is_outrun or reply.status is Status.OUTRUN else reply
