"""A model client that knows what was paid for already, and pays for nothing beyond a budget."""

from typing import Any

from schemas.records import Reply, Request, Status
from tasks.budget import Account, Budget
from tasks.replies import ReplyStore, reply_key
from tasks.sampling import Endpoint, ModelClient, TokenBound
from tasks.sampling.token_guesses import count_completion_tokens, guess_prompt_tokens
from tasks.unfinished import note_unfinished

UNFINISHED = (Status.OVER_BUDGET, Status.SERVER_ERROR)
"""Another run may get these answered, so what is made from them is made anew there."""


class BudgetedClient(ModelClient):
    """A `ModelClient` that shares the budget of a run with the other models' clients."""

    def __init__(
        self, endpoint: Endpoint, replies: ReplyStore, budget: Budget, **options: Any
    ) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            endpoint: The model, its servers and its prices.
            replies: Where replies are kept; stays open.
            budget: What new replies are paid from.
            options: As `ModelClient` takes them.
        """
        super().__init__(endpoint, replies, **options)
        self._account = Account(budget, endpoint.price_in or 0.0, endpoint.price_out or 0.0)

    def find(self, request: Request) -> Reply | None:
        """Return the kept reply to a request, if it has one that ended; asks and counts nothing."""
        return self._replies.get(self._make_key(request))

    async def sample(self, request: Request, *, bound: TokenBound | None = None) -> Reply:
        """Return the reply to one request, or `over_budget` where a new one would not be paid for.

        Raises:
            AccessError: The server refuses this run.
            ReplyStoreError: The reply cannot be kept.
        """
        reply = await super().sample(request, bound=bound)
        if reply.status in UNFINISHED:
            note_unfinished()
        return reply

    def _make_key(self, request: Request) -> str:
        return reply_key(self.endpoint.model, self.endpoint.revision, request)

    async def _ask(self, request: Request, bound: TokenBound | None) -> Reply:
        """Ask for a reply that nobody has paid for yet, if the budget reaches."""
        if not self._account.budget.is_bounded:
            return await super()._ask(request, bound)
        account, prompt_tokens = self._account, guess_prompt_tokens(request)
        reservation = await account.budget.reserve(
            account, prompt_tokens, request.sampling.max_tokens
        )
        if reservation is None:
            return Reply(status=Status.OVER_BUDGET, error="the budget of the run was spent")
        try:
            reply = await super()._ask(request, bound)
        except BaseException:
            account.release(reservation)
            raise
        if written := count_completion_tokens(reply):
            account.settle(reservation, reply.prompt_tokens or prompt_tokens, written)
        else:
            account.release(reservation)
        return reply

    def _count(self, reply: Reply, *, is_reused: bool) -> Reply:
        if reply.status is Status.OVER_BUDGET:
            return reply  # Nothing was asked.
        return super()._count(reply, is_reused=is_reused)
