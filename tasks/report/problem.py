"""One sampled problem as the page shows it: texts cut to size, and its story in sentences."""

import string
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tasks.charts import ChartPainter
from tasks.report.choice import Outcome
from tasks.report.formal import FormalEntry, describe_formal
from tasks.report.sample import SampledProblem, SampledRollout
from tasks.report.text import clip, count_noun, write_word

MAX_ROLLOUTS = 32
"""Rollouts shown of one problem."""
MAX_OPTIONS = 64
FIELD_BYTES = {"question": 8_000, "gold_answer": 2_000}
WORD_BYTES = 500
"""Of names, ids and reasons."""
OPTIONS_BYTES = 8_000
"""Of all options of a problem together."""
ROLLOUTS_BYTES = 64_000
"""Of all rollouts of a problem together."""
WORDS = ("source", "source_id", "answer_type", "unit", "drop_reason", "drop_detail")

BADGES = {Outcome.GRPO: "for GRPO", Outcome.TEST: "held out"}
"""Outcomes that are said in other words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutEntry:
    """One rollout and the words that stand around it."""

    rollout: SampledRollout
    verdict: str
    """`correct`, `incorrect` or `undecided`; also its class on the page."""
    facts: tuple[str, ...]
    fate: str
    answer: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemEntry:
    """One problem and the words that stand around it."""

    problem: SampledProblem
    number: int
    heading: str
    badge: str
    """The outcome in a word or two."""
    origin: str
    kind: str
    """Answer type and unit."""
    why: str
    options: tuple[tuple[str, str], ...]
    """(letter, text)."""
    formal: FormalEntry | None
    rollouts_heading: str
    rollouts: tuple[RolloutEntry, ...]
    hidden_images: str
    hidden_rollouts: str


def describe_problem(
    problem: SampledProblem, number: int, select: str, painter: ChartPainter
) -> ProblemEntry:
    """Prepare one problem for the page.

    Args:
        problem: as it was read.
        number: its place on the page, from 1.
        select: the recipe's selection rule, such as `shortest`.
        painter: draws charts.
    """
    fit = fit_problem(problem)
    is_row = problem.outcome is Outcome.REFUSED
    num_correct = sum(rollout.is_correct is True for rollout in problem.rollouts)
    hidden = len(problem.rollouts) - len(fit.rollouts)
    missing = problem.num_images - len(problem.images) if problem.images else 0
    kind = [write_word(fit.answer_type or ""), f"unit: {fit.unit}" if fit.unit else None]
    row = None if problem.source_row is None else f"row {problem.source_row:,}"
    return ProblemEntry(
        problem=fit,
        number=number,
        heading=f"Source row {problem.source_row}" if is_row else f"Problem {number}",
        badge=BADGES.get(problem.outcome, problem.outcome.value),
        origin=_join([fit.source, fit.source_id, None if is_row else row]),
        kind=_join(kind),
        why=explain_outcome(fit, problem.rollouts, select),
        options=tuple(zip(name_options(len(fit.options)), fit.options, strict=True)),
        formal=fit.formal and describe_formal(fit.formal, fit.images, painter),
        rollouts_heading=f"{count_noun(len(problem.rollouts), 'rollout')}, {num_correct} correct",
        rollouts=tuple(describe_rollout(rollout) for rollout in fit.rollouts),
        hidden_images=f"{count_noun(missing, 'more image')} not shown." if missing else "",
        hidden_rollouts=f"{count_noun(hidden, 'more rollout')} not shown." if hidden else "",
    )


def _join(parts: Sequence[str | None]) -> str:
    return ", ".join(part for part in parts if part)


def name_options(count: int) -> list[str]:
    """Name options as the prompts do: A to Z, then 27, 28, ..."""
    letters = string.ascii_uppercase
    return [letters[i] if i < len(letters) else str(i + 1) for i in range(count)]


def explain_outcome(
    problem: SampledProblem, rollouts: Sequence[SampledRollout], select: str
) -> str:
    """Say in a sentence why a rollout of this problem was selected, or why none was."""
    if problem.outcome is Outcome.SOLVED:
        return _explain_selection(rollouts, select)
    if problem.outcome in (Outcome.GRPO, Outcome.TEST):
        return _explain_rate(problem.outcome, rollouts)
    detail = f" ({problem.drop_detail})" if problem.drop_detail else ""
    verb = problem.outcome.value.capitalize()
    reason = write_word(problem.drop_reason or "no reason")
    return f"{verb} by {problem.drop_stage}: {reason}{detail}."


def _explain_rate(outcome: Outcome, rollouts: Sequence[SampledRollout]) -> str:
    verdicts = [rollout.is_correct for rollout in rollouts if rollout.is_correct is not None]
    rate = f"{sum(verdicts)} of {count_noun(len(verdicts), 'rollout')} with a verdict"
    fate = {
        Outcome.GRPO: "its pass rate makes it a problem for reinforcement learning (GRPO)",
        Outcome.TEST: "the problem is held out as a test",
    }[outcome]
    verb = "is" if sum(verdicts) == 1 else "are"
    return f"No rollout was selected: {fate}. {rate} {verb} correct."


def _explain_selection(rollouts: Sequence[SampledRollout], select: str) -> str:
    chosen = next((rollout for rollout in rollouts if rollout.is_selected), None)
    if chosen is None:
        return "A rollout was selected."
    correct = [rollout for rollout in rollouts if rollout.is_correct]
    if len(correct) == 1:
        return f"Rollout {chosen.index} was selected: it is the only correct one."
    tokens = count_noun(chosen.completion_tokens or 0, "token")
    size = f", {tokens}" if chosen.completion_tokens is not None else ""
    same = [r for r in correct if r.completion_tokens == chosen.completion_tokens]
    alike = {"shortest": "short", "longest": "long"}.get(select)
    tie = f"; the first of those as {alike}" if alike and len(same) > 1 else ""
    return (
        f"Rollout {chosen.index} was selected: the {write_word(select)} of {len(correct)} correct"
        f" ones{size}{tie}."
    )


def describe_rollout(rollout: SampledRollout) -> RolloutEntry:
    """Prepare one rollout for the page."""
    verdict = {True: "correct", False: "incorrect", None: "undecided"}[rollout.is_correct]
    tokens = rollout.completion_tokens
    facts = [
        f"rule: {write_word(rollout.rule)}" if rollout.rule else None,
        count_noun(tokens, "token") if tokens is not None else None,
        f"status: {write_word(rollout.status)}" if rollout.status != "ok" else None,
    ]
    reason = rollout.drop_reason
    fate = f"dropped: {write_word(reason)}" if reason and reason != "wrong" else ""
    size = len(rollout.reasoning or "") + len(rollout.answer_text or "")
    kind = "Reasoning" if rollout.reasoning else "Completion"
    return RolloutEntry(
        rollout=rollout,
        verdict=verdict,
        facts=tuple(fact for fact in facts if fact),
        fate="selected" if rollout.is_selected else fate,
        answer=rollout.answer or "",
        summary=f"{kind}, {count_noun(size, 'character')}",
    )


def fit_problem(problem: SampledProblem) -> SampledProblem:
    """Cut a problem's texts, options and rollouts to what a page can hold."""
    limits = FIELD_BYTES | dict.fromkeys(WORDS, WORD_BYTES)
    cut = {name: _clip(getattr(problem, name), size) for name, size in limits.items()}
    options = problem.options[:MAX_OPTIONS]
    size = OPTIONS_BYTES // max(1, len(options))
    selected_first = sorted(problem.rollouts, key=lambda r: (not r.is_selected, r.index))
    kept = sorted(selected_first[:MAX_ROLLOUTS], key=lambda r: r.index)
    return replace(
        problem,
        options=tuple(clip(option, size) for option in options),
        rollouts=tuple(_fit_rollout(r, ROLLOUTS_BYTES // len(kept)) for r in kept),
        **cut,
    )


def _fit_rollout(rollout: SampledRollout, size: int) -> SampledRollout:
    """Give most of `size` bytes to the thought, and the rest to what follows it."""
    return replace(
        rollout,
        reasoning=_clip(rollout.reasoning, size * 6 // 10),
        answer_text=_clip(rollout.answer_text, size * 3 // 10),
        answer=_clip(rollout.answer, min(WORD_BYTES, size // 20)),
        error=_clip(rollout.error, min(WORD_BYTES, size // 20)),
    )


def _clip(text: str | None, size: int) -> str | None:
    return None if text is None else clip(text, size)
