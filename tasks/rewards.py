"""Rewards for GRPO, over the one verifier, in TRL's signature.

Completions with the columns of the `grpo` config come in (`solution`, `options`, `unit`, `source`,
each a list as long as the completions); a float each goes out, or None where nobody can tell, which
TRL leaves out of the sum. A completion is a string or a list of chat messages, of which the last
one of the assistant counts. Any text is fine.

The rewards of the three systems, whose shape is that of the papers and of the released code, while
right and wrong are this project's: `hard_format_result_reward` (Vision-R1), `onevision_reward`
(R1-Onevision), `openvlthinker_reward` (OpenVLThinker).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache, partial
from typing import Any

from schemas.errors import RecipeError
from schemas.recipe import VerifyParams
from tasks.algebra import AlgebraPool
from tasks.answers import Gold, type_gold
from tasks.grading import grade_answers
from tasks.policies import make_policy
from tasks.reward_columns import Completion, read_gold, read_options, read_text

Rewards = list[float | None]
Reward = Callable[..., Rewards]

NUM_WORKERS = 2
"""Algebra workers of one process; they start with the first pair that needs them."""
MAX_GOLDS = 50_000
MISSING_SUMMARY = 0.5
"""What a correct completion without a summary loses (OpenVLThinker)."""
DEFAULT = VerifyParams()

_TAG = re.compile(r"</?(?:think|answer)>")
_LAYOUT = ["<think>", "</think>", "<answer>", "</answer>"]


def accuracy_reward(
    prompts: Sequence[Any],
    completions: Sequence[Completion],
    *,
    solution: Sequence[str],
    verify: VerifyParams = DEFAULT,
    **columns: Any,
) -> Rewards:
    """Give 1 for a correct answer, 0 for a wrong or missing one, None where nobody can tell.

    Args:
        prompts: Not read.
        completions: What the model wrote; an answer inside its thought does not count.
        solution: Gold answers; what is no text and no whole number is none, and gives None.
        verify: What counts as equal, by source; bind it with `make_reward`.
        columns: `options`, `unit` and `source` of the problems are read, where they are there.
    """
    verdicts = _verify(completions, solution, verify, columns)
    return [None if is_correct is None else float(is_correct) for is_correct in verdicts]


def format_reward(
    prompts: Sequence[Any], completions: Sequence[Completion], **columns: Any
) -> Rewards:
    """Give 1 for `<think>...</think>`, then perhaps a summary, then `<answer>...</answer>`.

    Each tag stands there once, thought and answer hold something, and nothing comes before or
    after; all else gives 0. The summary is that of this project's training rows.
    """
    return [float(_has_layout(read_text(completion))) for completion in completions]


def hard_format_result_reward(
    prompts: Sequence[Any],
    completions: Sequence[Completion],
    *,
    solution: Sequence[str],
    verify: VerifyParams = DEFAULT,
    **columns: Any,
) -> Rewards:
    """Give 1 only where the format and the result are right, else 0; None where nobody can tell.

    The format is `<think>...</think><answer>...</answer>` with nothing but space between.

    Source:
        Hard formatting result reward function, Vision-R1, arXiv 2503.06749, section 3.4.
    """
    formats = [_has_layout(read_text(c), summary=False) for c in completions]
    results = accuracy_reward(prompts, completions, solution=solution, verify=verify, **columns)
    return [
        None if result is None else result * is_formatted
        for is_formatted, result in zip(formats, results, strict=True)
    ]


def onevision_reward(
    prompts: Sequence[Any],
    completions: Sequence[Completion],
    *,
    solution: Sequence[str],
    verify: VerifyParams = DEFAULT,
    **columns: Any,
) -> Rewards:
    """Give the sum of format and accuracy, 0 to 2; None where nobody can tell.

    The format is that of `hard_format_result_reward`. Unlike the released code, a second
    `<answer>` breaks it, and an answer in the thought or a text that is nearly right earns nothing.

    Source:
        R1-Onevision, arXiv 2503.10615, and its repository: format and accuracy at equal weights.
    """
    formats = [_has_layout(read_text(c), summary=False) for c in completions]
    results = accuracy_reward(prompts, completions, solution=solution, verify=verify, **columns)
    return [
        None if result is None else result + is_formatted
        for is_formatted, result in zip(formats, results, strict=True)
    ]


def openvlthinker_reward(
    prompts: Sequence[Any],
    completions: Sequence[Completion],
    *,
    solution: Sequence[str],
    verify: VerifyParams = DEFAULT,
    **columns: Any,
) -> Rewards:
    """Give accuracy, less 0.5 for a correct answer with no summary between thought and answer.

    As in the released code, the summary is missed only where `</think>` and `<answer>` are there,
    and a wrong answer gives 0 with or without one.

    Source:
        OpenVLThinker, arXiv 2503.17352, `r1v.py` of its GRPO training.
    """
    results = accuracy_reward(prompts, completions, solution=solution, verify=verify, **columns)
    return [
        result - MISSING_SUMMARY if result and _lacks_summary(read_text(completion)) else result
        for completion, result in zip(completions, results, strict=True)
    ]


REWARDS: dict[str, Reward] = {
    "accuracy": accuracy_reward,
    "format": format_reward,
    "hard_format_result": hard_format_result_reward,
    "onevision": onevision_reward,
    "openvlthinker": openvlthinker_reward,
}
"""Name in a recipe to the reward; TRL logs each under the name of its function."""


def make_reward(name: str, verify: VerifyParams = DEFAULT) -> Reward:
    """Return a reward by name, bound to what counts as equal; it can be pickled.

    Raises:
        RecipeError: there is no such reward; the message lists those that exist.
    """
    if name not in REWARDS:
        raise RecipeError(f"no reward {name!r}; known rewards: {sorted(REWARDS)}")
    return partial(REWARDS[name], verify=verify)


def _verify(
    completions: Sequence[Completion],
    solution: Sequence[str],
    verify: VerifyParams,
    columns: Mapping[str, Any],
) -> list[bool | None]:
    """Check each completion; None where nobody can tell, or its gold answer cannot be typed."""
    count = len(completions)
    golds = _type_golds(solution, columns, count)
    by_source: dict[str, list[int]] = {}
    for place, source in enumerate(_read_column(columns, "source", count)):
        by_source.setdefault(str(source), []).append(place)
    verdicts: list[bool | None] = [None] * count
    for source, places in by_source.items():
        items = {p: (gold, read_text(completions[p])) for p in places if (gold := golds[p])}
        graded = grade_answers(list(items.values()), make_policy(verify, source), _get_pool())
        for place, verdict in zip(items, graded, strict=True):
            verdicts[place] = verdict.is_correct
    return verdicts


def _type_golds(
    solution: Sequence[str], columns: Mapping[str, Any], count: int
) -> list[Gold | None]:
    options, units = (_read_column(columns, name, count) for name in ("options", "unit"))
    return [
        _type_gold(answer, read_options(own), unit if isinstance(unit, str) else None)
        if (answer := read_gold(value))
        else None
        for value, own, unit in zip(solution, options, units, strict=True)
    ]


def _read_column(columns: Mapping[str, Any], name: str, count: int) -> Sequence[Any]:
    found = columns.get(name)
    return [None] * count if found is None else found


@lru_cache(maxsize=MAX_GOLDS)
def _type_gold(answer: str, options: tuple[str, ...] | None, unit: str | None) -> Gold | None:
    try:
        return type_gold(answer, options, unit)
    except ValueError:
        return None


@cache
def _get_pool() -> AlgebraPool:
    """Start the workers of this process; a fork starts its own."""
    return AlgebraPool(NUM_WORKERS)


def _has_layout(text: str, *, summary: bool = True) -> bool:
    """Tell whether each tag stands where it should, once."""
    if _TAG.findall(text) != _LAYOUT:
        return False
    before, thought, between, answer, after = (part.strip() for part in _TAG.split(text))
    return bool(thought and answer and not before and not after and (summary or not between))


def _lacks_summary(text: str) -> bool:
    if "</think>" not in text or "<answer>" not in text:
        return False
    return not text.rpartition("</think>")[2].partition("<answer>")[0].strip()
