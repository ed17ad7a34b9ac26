"""What a client has done and is doing: counts that it keeps, and a snapshot for who shows it."""

from dataclasses import dataclass, field

from schemas.figures import Figures
from schemas.records import Reply, Status
from tasks.sampling.balancing import Slots
from tasks.sampling.endpoints import Endpoint


@dataclass(slots=True)
class Counts:
    """What a client counts."""

    num_requests: int = 0
    num_replies: int = 0
    num_reused: int = 0
    num_outrun: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    outrun_tokens: int = 0
    retries: dict[str, int] = field(default_factory=dict[str, int])

    def count_reply(self, reply: Reply, *, is_reused: bool) -> None:
        """Count a reply, new or kept before."""
        if is_reused:
            self.num_reused += 1
            return
        self.num_replies += 1
        self.prompt_tokens += reply.prompt_tokens or 0
        self.completion_tokens += reply.completion_tokens or 0
        if reply.status is Status.OUTRUN:
            self.num_outrun += 1
            self.outrun_tokens += reply.completion_tokens or 0

    def snapshot(
        self, slots: Slots, saved_tokens: int, num_pausing: int, endpoint: Endpoint
    ) -> Figures:
        """Return the counts with the state of the servers; `num_pausing` wait for an attempt."""
        states = [server.state for server in slots.servers if server.state is not None]
        return Figures(
            num_requests=self.num_requests,
            num_replies=self.num_replies,
            num_reused=self.num_reused,
            num_outrun=self.num_outrun,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            outrun_tokens=self.outrun_tokens,
            saved_tokens=saved_tokens,
            retries=dict(self.retries),
            in_flight=slots.in_flight,
            limit=slots.limit,
            waiting=slots.num_waiting + num_pausing,
            server_running=sum(state.running for state in states) if states else None,
            server_waiting=sum(state.waiting for state in states) if states else None,
            cost_usd=endpoint.price(self.prompt_tokens, self.completion_tokens),
        )

    def count_retry(self, cause: str) -> None:
        """Count a request that will be sent again."""
        self.retries[cause] = self.retries.get(cause, 0) + 1
