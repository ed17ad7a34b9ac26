"""The figures of models in words: for a line of the screen, for plain lines, for a table."""

from collections.abc import Mapping, Sequence

from schemas.figures import ModelFigures
from tasks.model_meter import ModelMeter

MAX_CAUSES = 3
"""Causes of retries that a line names, the commonest."""


def describe_model(model: ModelMeter, width: int | None = None) -> str:
    """Describe what a model is doing; with a width, as much of it as fits, the first parts first.

    `12+3 waiting` are requests that wait here and at the servers, as far as those say.
    """
    figures = model.figures
    if figures is None:
        return ""
    read, written = model.tokens_per_second
    parts = [
        f"{shorten(figures.num_requests)} req",
        f"tokens/s {shorten(round(read))} in {shorten(round(written))} out",
        f"{figures.in_flight}/{figures.limit} slots",
    ]
    if figures.waiting or figures.server_waiting:
        there = f"+{figures.server_waiting}" if figures.server_waiting is not None else ""
        parts.append(f"{figures.waiting}{there} waiting")
    if figures.retries:
        parts.append(f"retried {describe_retries(figures.retries)}")
    if figures.cost_usd is not None:
        parts.append(describe_cost(figures.cost_usd))
    if figures.saved_tokens:
        parts.append(f"saved {shorten(figures.saved_tokens)}")
    return "  ".join(fit_parts(parts, width))


def fit_parts(parts: Sequence[str], width: int | None, gap: int = 2) -> list[str]:
    """Keep the parts that fit beside those before them."""
    kept: list[str] = []
    left = width
    for part in parts:
        if left is None or len(part) <= left:
            kept.append(part)
            left = None if left is None else left - len(part) - gap
    return kept


def describe_retries(retries: Mapping[str, int]) -> str:
    """Name the causes of retries, the commonest first."""
    ordered = sorted(retries.items(), key=lambda item: (-item[1], item[0]))
    more = ", ..." if len(ordered) > MAX_CAUSES else ""
    return ", ".join(f"{cause} x{count:,}" for cause, count in ordered[:MAX_CAUSES]) + more


def describe_cost(usd: float) -> str:
    """Write an amount of money; cents, and more digits where it is less than one."""
    return f"${usd:,.2f}" if usd >= 0.01 or not usd else f"${usd:.4f}"


def shorten(count: int) -> str:
    """Write a count in at most five signs."""
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return (
                f"{count / size:.1f}{unit}"
                if count < 1_000 * size
                else f"{count / size:,.0f}{unit}"
            )
    return str(count)


def list_figures(model: ModelFigures) -> dict[str, str]:
    """List what a model did, each figure by its name for people."""
    asked = f"{model.num_replies:,} new"
    if model.num_reused:
        asked += f", {model.num_reused:,} kept before"
    return {
        "stage": model.stage,
        "model": model.model,
        "requests": f"{model.num_requests:,}",
        "replies": asked,
        "tokens in": f"{model.prompt_tokens:,}",
        "tokens out": f"{model.completion_tokens:,}",
        "retries": describe_retries(model.retries) or "none",
        "stopped": describe_stopped(model),
        "saved by that": describe_savings(model),
        "cost": "no price" if model.cost_usd is None else describe_cost(model.cost_usd),
        "asked for": f"{model.busy_seconds:,.1f} s",
    }


def describe_stopped(model: ModelFigures) -> str:
    """Say how many rollouts were stopped because a shorter one had won, and after what."""
    if not model.num_outrun:
        return "none"
    rollouts = "rollout" if model.num_outrun == 1 else "rollouts"
    return f"{model.num_outrun:,} {rollouts}, at {model.outrun_tokens:,} tokens"


def describe_savings(model: ModelFigures) -> str:
    """Say what stopping outrun rollouts saved, an estimate, and its share of what was not."""
    if not model.saved_tokens:
        return "nothing"
    share = model.saved_tokens / (model.saved_tokens + model.completion_tokens)
    return f"about {model.saved_tokens:,} tokens ({100 * share:.0f} %)"
