"""What a race spends over sigma, k and correct rate, with a client that keeps exact time."""

import asyncio

from schemas.recipe import ReasonParams
from schemas.records import Message, Reply, Request, SamplingParams, Status
from tasks.attempts import Attempts
from tasks.sampling import TokenBound
from tests.benchmarks.race_world import World

SIGMAS, COUNTS, RATES = (0.3, 0.6, 1.0), (2, 4, 8, 16), (0.1, 0.5, 0.9)


class ExactClient:
    """A client whose rollouts of one problem run in lockstep, a token a unit of exact time."""

    def __init__(self, world: World, k: int) -> None:
        self.world, self.k = world, k
        self.problem, self.tokens = 0, 0
        self.running: dict[int, tuple[int, TokenBound | None, asyncio.Future[Reply]]] = {}
        self.now = 0

    def find(self, request: Request) -> Reply | None:
        return None

    async def sample(self, request: Request, *, bound: TokenBound | None = None) -> Reply:
        index = request.sample_index
        ended: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.running[index] = self.world.draw(self.problem, index)[0], bound, ended
        if len(self.running) == self.k:
            self.now = 0
            asyncio.get_running_loop().call_soon(self.advance)
        return await ended

    def advance(self) -> None:
        """Go on to the next moment at which a rollout ends or passes its bound."""
        index = min(self.running, key=lambda index: (self.stop_at(index), index))
        length, bound, ended = self.running.pop(index)
        self.now = max(self.now, self.stop_at_of(length, bound))
        tokens = min(length, self.now)
        self.tokens += tokens
        is_whole = tokens == length and not (bound and bound.is_passed(tokens))
        text = "7" if self.world.draw(self.problem, index)[1] else "8"
        status = Status.OK if is_whole else Status.OUTRUN
        ended.set_result(Reply(status=status, text=text, completion_tokens=tokens))
        if self.running:
            # After the one who waits for this reply has set the bounds by it.
            loop = asyncio.get_running_loop()
            loop.call_soon(lambda: loop.call_soon(self.advance))

    def stop_at(self, index: int) -> int:
        length, bound, _ = self.running[index]
        return self.stop_at_of(length, bound)

    @staticmethod
    def stop_at_of(length: int, bound: TokenBound | None) -> int:
        if bound is None or bound.tokens is None:
            return length
        return min(length, bound.tokens + 1)


async def simulate(world: World, num_problems: int, k: int) -> tuple[int, int]:
    """Return the tokens that races spend, and the problems with another selection."""
    client, num_wrong = ExactClient(world, k), 0
    attempts = Attempts(client, ReasonParams(num_rollouts=k, race=True))
    sampling = SamplingParams(temperature=1.0, top_p=1.0, max_tokens=1 << 20)
    messages = (Message(role="user", text="?"),)
    requests = [Request(messages=messages, sampling=sampling, sample_index=i) for i in range(k)]
    for problem in range(num_problems):
        client.problem = problem
        replies = await attempts.sample(requests, lambda reply: reply.text == "7")
        right = [
            (reply.completion_tokens, index)
            for index, reply in enumerate(replies)
            if reply.status is Status.OK and reply.text == "7"
        ]
        num_wrong += (min(right)[1] if right else None) != world.select(problem, k)
    return client.tokens, num_wrong


def bench_curve(num_problems: int) -> None:
    """Print the table over sigma, k and correct rate."""
    print("tokens over those of full sampling, measured / exact; rows k, columns correct rate")
    for sigma in SIGMAS:
        print(f"sigma {sigma}: " + "  ".join(f"{rate:>13.0%}" for rate in RATES))
        for k in COUNTS:
            cells: list[str] = []
            for rate in RATES:
                world = World(sigma, rate)
                tokens, num_wrong = asyncio.run(simulate(world, num_problems, k))
                assert num_wrong == 0, f"{num_wrong} problems with another selection"
                share = tokens / world.count_tokens(num_problems, k)
                cells.append(f"{share:.3f} / {world.expect_share(k):.3f}")
            print(f"     k {k:>2}: " + "  ".join(cells), flush=True)
