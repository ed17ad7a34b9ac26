"""Choosing the next token of each sequence of a batch from its logits.

A sequence's choice depends on its own logits and its own random numbers alone, so it does not
depend on who else is in the batch.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

_GREEDY_BELOW = 1e-5
"""Temperatures below it would overflow logits; vLLM takes them for 0 from the same value on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How one sequence chooses its tokens."""

    temperature: float = 1.0
    """0, and what is nearly 0, takes the most likely token."""
    top_p: float = 1.0
    top_k: int = 0
    """0 means all."""


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A chosen token's log probability and those of its most likely rivals."""

    token_id: int
    logprob: float
    top: tuple[tuple[int, float], ...]


def choose_tokens(
    logits: Tensor, samplings: Sequence[Sampling], generators: Sequence[random.Random]
) -> list[int]:
    """Choose one token per row.

    Args:
        logits: (rows, vocabulary).
        samplings: One per row.
        generators: One per row; a row that samples takes exactly one number from its own.

    Returns:
        The chosen token ids.
    """
    chosen: list[int] = _plain(logits.argmax(-1))
    rows = [row for row, sampling in enumerate(samplings) if sampling.temperature >= _GREEDY_BELOW]
    if not rows:
        return chosen
    temperatures = torch.tensor([[samplings[row].temperature] for row in rows])
    selected = logits if len(rows) == len(samplings) else logits[torch.tensor(rows)]
    probabilities = torch.softmax(selected / temperatures, -1)
    for index, row in enumerate(rows):
        if samplings[row].top_p < 1 or samplings[row].top_k > 0:
            probabilities[index] = _truncate(probabilities[index], samplings[row])
    # Walking the vocabulary in its fixed order: a tiny change of logits moves no choice but at
    # a border, whatever the ranks of the tokens.
    sums = probabilities.double().cumsum(-1)
    draws = torch.tensor([[generators[row].random()] for row in rows], dtype=torch.double)
    tokens = torch.searchsorted(sums, draws * sums[:, -1:], right=True)
    for row, token_id in zip(rows, _plain(tokens[:, 0]), strict=True):
        chosen[row] = min(token_id, logits.shape[-1] - 1)
    return chosen


def _truncate(probabilities: Tensor, sampling: Sampling) -> Tensor:
    ordered, order = probabilities.sort(descending=True, stable=True)
    # The token that carries the sum over top_p is still kept.
    is_kept = ordered.cumsum(-1) - ordered < sampling.top_p
    if sampling.top_k > 0:
        is_kept[sampling.top_k :] = False
    is_kept[0] = True
    return torch.zeros_like(probabilities).scatter(0, order[is_kept], ordered[is_kept])


def read_logprobs(logits: Tensor, token_id: int, num_top: int) -> TokenLogprob:
    """The log probabilities of one row, before temperature and truncation."""
    logprobs = torch.log_softmax(logits, -1)
    values, ids = logprobs.topk(num_top)
    top = tuple(zip(_plain(ids), _plain(values), strict=True))
    return TokenLogprob(token_id, float(logprobs[token_id]), top)


def _plain(tensor: Tensor) -> list[Any]:
    return cast(Any, tensor).tolist()
