"""No minute holds more than a provider allows, and no more is waited than needed."""

import pytest

from schemas.records import ImagePart, Message, Reply, Request, SamplingParams, Status
from tasks.sampling.rates import BURST_SECONDS, RateLimit
from tests.clients import make_request


def send_all(limit: RateLimit, count: int, tokens: int, real: int | None = None) -> list[float]:
    """Send as fast as the limit lets; return when each was sent."""
    now, moments = 0.0, []
    while len(moments) < count:
        wait = limit.take(now, tokens)
        if wait:
            now += wait
            continue
        moments.append(now)
        if real is not None:
            reply = Reply(status=Status.OK, text="x", prompt_tokens=0, completion_tokens=real)
            limit.settle(tokens, make_request("x"), reply)
    return moments


def most_in_a_minute(moments: list[float]) -> int:
    return max(sum(start <= moment < start + 60 for moment in moments) for start in moments)


@pytest.mark.parametrize("rpm", [3, 60, 6_000])
def test_requests_keep_to_their_rate(rpm):
    moments = send_all(RateLimit(rpm, None), count=3 * rpm, tokens=0)
    assert most_in_a_minute(moments) <= rpm * (1 + BURST_SECONDS / 60) + 1
    assert moments[-1] == pytest.approx(180, abs=25)


def test_tokens_keep_to_their_rate_whatever_was_expected():
    moments = send_all(RateLimit(None, 60_000), count=300, tokens=4_096, real=500)
    assert 500 * most_in_a_minute(moments) <= 60_000 * 1.2
    assert moments[-1] == pytest.approx(150, rel=0.15)


def test_a_request_larger_than_a_burst_is_sent_and_paid_for():
    moments = send_all(RateLimit(None, 6_000), count=4, tokens=6_000)
    assert moments == pytest.approx([0.0, 60.0, 120.0, 180.0])


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=Status.REJECTED, error="400: no"),
        Reply(status=Status.OK, text="four char" * 4),
        Reply(status=Status.UNPARSEABLE, error="not JSON"),
    ],
)
def test_what_was_taken_beyond_the_cost_is_given_back_whatever_the_server_says(reply):
    limit, request = RateLimit(None, 100_000), make_request("x" * 40)
    for number in range(1_000):
        expected = limit.expect(request)
        wait = limit.take(0.01 * number, expected)
        assert wait == 0, number
        limit.settle(expected, request, reply)


def test_a_reply_without_counts_costs_what_its_text_and_prompt_are_long():
    limit, request = RateLimit(None, 60_000), make_request("x" * 4_000)
    reply = Reply(status=Status.TRUNCATED, text="y" * 2_000, reasoning="z" * 2_000)
    assert limit.take(0.0, 4_000) == 0
    limit.settle(4_000, request, reply)
    # Of the 6,000 that may go at once 2,000 were used.
    assert limit.take(0.0, 4_000) == 0
    assert limit.take(0.0, 1) > 0


def test_a_request_that_was_not_sent_costs_nothing():
    limit = RateLimit(10, 60_000)
    for _ in range(100):
        assert limit.take(0.0, 6_000) == 0
        limit.cancel(6_000)


def test_no_limit_waits_for_nothing():
    limit = RateLimit(None, None)
    assert not limit.is_limited
    assert send_all(limit, 100, 10**9) == [0.0] * 100


def test_what_a_request_may_cost_is_learned():
    limit = RateLimit(None, 1_000)
    image = ImagePart(sha256="0" * 64, data=b"x", media_type="image/png")
    message = Message(role="user", text="word " * 80, images=(image,))
    sampling = SamplingParams(temperature=0.0, top_p=1.0, max_tokens=4_096)
    request = Request(messages=(message,), sampling=sampling)
    assert limit.expect(request) == 100 + 1_000 + 4_096
    reply = Reply(status=Status.OK, prompt_tokens=1_100, completion_tokens=200)
    limit.settle(5_196, request, reply)
    assert limit.expect(request) == 100 + 1_000 + 200
