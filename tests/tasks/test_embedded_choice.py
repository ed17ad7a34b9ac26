"""Choosing tokens: greedy, seeded, truncated, and the same whoever else is in the batch."""

import random
from collections import Counter

import pytest

torch = pytest.importorskip("torch", reason="the extra 'embedded' is not installed")

from tasks.embedded.choice import Sampling, choose_tokens, read_logprobs  # noqa: E402


def choose(logits: list[float], count: int = 1, **fields: float) -> Counter[int]:
    sampling, generator = Sampling(**fields), random.Random(0)  # type: ignore[arg-type]
    rows = torch.tensor([logits] * count)
    return Counter(choose_tokens(rows, [sampling] * count, [generator] * count))


def test_temperature_zero_takes_the_most_likely_and_draws_no_number():
    generator = random.Random(3)
    state = generator.getstate()
    assert choose_tokens(
        torch.tensor([[0.0, 2.0, 1.0]]), [Sampling(temperature=0)], [generator]
    ) == [1]
    assert generator.getstate() == state


@pytest.mark.parametrize("temperature", [1e-300, 1e-46, 1e-40, 9e-6])
def test_a_temperature_of_nearly_zero_is_zero(temperature: float):
    assert choose([0.0, 2.0, 1.0], temperature=temperature) == {1: 1}


def test_samples_follow_the_distribution():
    counts = choose([0.0, 0.6931472, 1.0986123], 6000)  # weights 1, 2, 3
    assert counts[0] == pytest.approx(1000, abs=120)
    assert counts[2] == pytest.approx(3000, abs=160)


def test_temperature_sharpens():
    assert choose([0.0, 1.0], 500, temperature=0.05) == {1: 500}


def test_top_p_keeps_the_token_that_crosses_it():
    logits = torch.log(torch.tensor([0.2, 0.5, 0.3])).tolist()
    assert set(choose(logits, 500, top_p=0.5)) == {1}
    assert set(choose(logits, 500, top_p=0.51)) == {1, 2}
    assert set(choose(logits, 500, top_p=1e-9)) == {1}


def test_top_k_keeps_the_k_most_likely():
    assert set(choose([0.0, 3.0, 2.9], 500, top_k=2)) == {1, 2}


def test_a_row_is_chosen_alike_alone_and_in_a_batch():
    logits = torch.randn(8, 50, generator=torch.Generator().manual_seed(1))
    samplings = [
        Sampling(temperature=0.3 * i, top_p=1 - 0.1 * (i % 3), top_k=i % 4) for i in range(8)
    ]
    together = choose_tokens(logits, samplings, [random.Random(i) for i in range(8)])
    alone = [
        choose_tokens(logits[i : i + 1], samplings[i : i + 1], [random.Random(i)])[0]
        for i in range(8)
    ]
    assert together == alone


def test_logprobs_name_the_chosen_token_and_its_rivals():
    entry = read_logprobs(torch.log(torch.tensor([0.2, 0.5, 0.3])), 0, 2)
    assert entry.token_id == 0
    assert entry.logprob == pytest.approx(-1.6094, abs=1e-4)
    assert [token_id for token_id, _ in entry.top] == [1, 2]
