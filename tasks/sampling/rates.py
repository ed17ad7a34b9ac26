"""Requests and tokens per minute, where a provider limits them. Pure: the clock is passed in."""

from dataclasses import dataclass

from schemas.records import Reply, Request, Status
from tasks.sampling.token_guesses import count_completion_tokens, guess_prompt_tokens

BURST_SECONDS = 6.0
"""What may be sent at once, as time at the full rate; providers count over a minute or less."""


@dataclass(slots=True)
class _Bucket:
    """Fills at a rate; what is taken beyond its content is a debt that must be filled first."""

    per_second: float
    content: float
    filled: float | None = None

    def fill(self, now: float) -> None:
        room = self.per_second * BURST_SECONDS
        passed = 0.0 if self.filled is None else now - self.filled
        self.content = min(room, self.content + passed * self.per_second)
        self.filled = now

    def wait_seconds(self, amount: float) -> float:
        # A request larger than the bucket goes when the bucket is full, and leaves a debt.
        needed = min(amount, self.per_second * BURST_SECONDS)
        return max(0.0, (needed - self.content) / self.per_second)


class RateLimit:
    """The limits of one account: requests per minute, tokens (in and out) per minute."""

    def __init__(self, rpm: float | None, tpm: float | None) -> None:
        self._requests = _make_bucket(rpm)
        self._tokens = _make_bucket(tpm)
        self._mean_tokens: float | None = None

    @property
    def is_limited(self) -> bool:
        """Whether there is any limit."""
        return self._requests is not None or self._tokens is not None

    def take(self, now: float, tokens: int) -> float:
        """Take what one request needs, or nothing where it is not all there.

        Args:
            now: In seconds, of a clock that only goes forward.
            tokens: What the request may cost, as `expect` says.

        Returns:
            0 where it may be sent now, else seconds until it is worth asking again.
        """
        pairs = [(self._requests, 1.0), (self._tokens, float(tokens))]
        buckets = [(bucket, amount) for bucket, amount in pairs if bucket is not None]
        for bucket, _ in buckets:
            bucket.fill(now)
        wait = max((bucket.wait_seconds(amount) for bucket, amount in buckets), default=0.0)
        if wait <= 1e-9:
            for bucket, amount in buckets:
                bucket.content -= amount
            return 0.0
        return wait

    def expect(self, request: Request) -> int:
        """Guess the tokens of a request, from its length and the completions so far."""
        longest = request.sampling.max_tokens
        mean = longest if self._mean_tokens is None else self._mean_tokens
        return guess_prompt_tokens(request) + round(min(mean, longest))

    def settle(self, expected: int, request: Request, reply: Reply) -> None:
        """Correct what was taken by what the request has cost; guessed where no one says."""
        if self._tokens is None:
            return
        if reply.status is Status.REJECTED:
            self.credit(expected)
            return
        prompt, tokens = reply.prompt_tokens, count_completion_tokens(reply)
        if prompt is None:
            prompt = guess_prompt_tokens(request)
        if reply.completion_tokens is not None or reply.status.has_text:
            old = tokens if self._mean_tokens is None else self._mean_tokens
            self._mean_tokens = old + (tokens - old) / 16
        self.credit(expected - prompt - tokens)

    def credit(self, tokens: int) -> None:
        """Give tokens back that were taken and not used; where more were used, take those."""
        if self._tokens is not None:
            self._tokens.content += tokens

    def cancel(self, expected: int) -> None:
        """Give back all that was taken for a request that was never sent."""
        self.credit(expected)
        if self._requests is not None:
            self._requests.content += 1.0


def _make_bucket(per_minute: float | None) -> _Bucket | None:
    if not per_minute:
        return None
    return _Bucket(per_minute / 60, per_minute / 60 * BURST_SECONDS)
