"""The report: one self-contained page. Facts and a sample go in, HTML goes out.

The page loads nothing and runs no script; its own style is allowed by hash alone. Every value is
cleaned of control signs and escaped where the template puts it. The same input gives the same
bytes.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from tasks.charts import ChartPainter
from tasks.funnel import FunnelStep
from tasks.report.bins import choose_edges, find_quantile, is_linear, select_lengths
from tasks.report.checks import SourceChecks
from tasks.report.choice import Outcome
from tasks.report.curation import CurationCounts, describe_curation
from tasks.report.facts import ReportFacts
from tasks.report.plots import (
    draw_funnel_bar,
    draw_lengths,
    draw_pass_rates,
    draw_verdict_bar,
    group_verdicts,
    sort_counts,
)
from tasks.report.problem import BADGES, ProblemEntry, describe_problem
from tasks.report.sample import SampledProblem
from tasks.report.summaries import list_summaries
from tasks.report.text import clean_text, clip, count_noun, write_percent, write_word

MAX_PAGE_BYTES = 6_000_000
EDIT_BYTES = 3_000
MAX_EDITS = 4
"""Of one row."""
VALUE_BYTES = 4_000
"""Of one line of what the data set was made with."""
MAX_SOURCES = 24
"""In the tables of rules and of the judge; the manifest and the shards have all."""
FOLDER = Path(__file__).parent


def write_report(
    *,
    title: str,
    funnel: Sequence[FunnelStep],
    identity: Mapping[str, object],
    facts: ReportFacts,
    sample: Sequence[SampledProblem],
) -> str:
    """Write the page; problems at the end of the sample are left out where it would grow too large.

    Args:
        title: heading of the page.
        funnel: as in the card.
        identity: what the data set was made with, as in the card; `select` names the selection
            rule.
        facts: counts of the partition.
        sample: problems to show, in this order.
    """
    select = clean_text(str(identity.get("select", "shortest")))
    with ChartPainter() as painter:
        shown = [describe_problem(p, n, select, painter) for n, p in enumerate(sample, 1)]
    while True:
        page = _render(title, funnel, identity, facts, shown)
        if len(page.encode()) <= MAX_PAGE_BYTES or not shown:
            return page
        del shown[-max(1, len(shown) // 8) :]


def _render(
    title: str,
    funnel: Sequence[FunnelStep],
    identity: Mapping[str, object],
    facts: ReportFacts,
    entries: Sequence[ProblemEntry],
) -> str:
    style = (FOLDER / "page.css").read_text("utf-8")
    select = clean_text(str(identity.get("select", "shortest")))
    sample = [entry.problem for entry in entries]
    return _load_template().render(
        title=clip(title, VALUE_BYTES),
        style=Markup(style),
        style_sha256=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        lead=write_lead(facts, select),
        tiles=list_tiles(facts),
        funnel=[describe_step(step) for step in funnel],
        lengths_plot=draw_lengths(facts.lengths),
        lengths_caption=write_lengths_caption(facts),
        rates_plot=draw_pass_rates(facts.pass_rates),
        rates_caption=write_rates_caption(facts),
        answer_types=list_verdicts(facts.answer_types),
        checks=list_checks(facts.checks),
        judged=list_judged(facts.checks),
        summaries=list_summaries(facts.formats, describe_curation(facts.curation)),
        edited=list_edited(facts.curation),
        spending=list_spending(facts.spending),
        sample_intro=write_sample_intro(sample),
        choices=list_choices(sample),
        sample=entries,
        identity=[(str(name), clip(str(value), VALUE_BYTES)) for name, value in identity.items()],
    )


@cache
def _load_template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.jinja")


def finalize(value: Any) -> Any:
    """Clean a value before the template escapes it; our own pictures pass as they are.

    Only a `Markup` passes, never another object that calls itself HTML.
    """
    if isinstance(value, Markup | jinja2.Undefined):
        return value
    return clean_text(str(value))


def write_lead(facts: ReportFacts, select: str) -> Markup:
    """Say in a sentence what was made of what."""
    if not facts.num_problems:
        return Markup("No problem came in.")
    lead = Markup("<strong>{}</strong> came in. For <strong>{}</strong> of them the {} correct")
    lead += Markup(" rollout became a training row.")
    rule = write_word(select)
    parts = [count_noun(facts.num_problems, "problem"), f"{facts.num_selected:,}", rule]
    if facts.num_grpo:
        lead += Markup(" <strong>{}</strong> go to reinforcement learning, by their pass rate.")
        parts.append(f"{facts.num_grpo:,}")
    if facts.num_test:
        lead += Markup(" <strong>{}</strong> are held out as a test.")
        parts.append(f"{facts.num_test:,}")
    return lead.format(*parts)


def list_tiles(facts: ReportFacts) -> list[dict[str, str]]:
    """List the figures that a reader looks for first."""
    total = facts.count_rollouts()
    solved = sum(count for (correct, _), count in facts.pass_rates.items() if correct)
    chosen = facts.selected_lengths
    median = find_quantile(chosen, 0.5) if chosen else None
    tokens = "token" if median == 1 else "tokens"
    return [
        {"value": f"{facts.num_selected:,}", "label": "training rows"},
        {
            "value": write_percent(solved, facts.num_problems),
            "label": f"of {count_noun(facts.num_problems, 'problem')} solved at least once",
        },
        {
            "value": write_percent(facts.count_rollouts("correct"), total),
            "label": f"of {count_noun(total, 'rollout')} correct",
        },
        {
            "value": "-" if median is None else f"{median:,}",
            "label": f"{tokens} in the median selected rollout",
        },
    ]


def describe_step(step: FunnelStep) -> dict[str, Any]:
    """Prepare one line of the funnel."""
    reasons = [
        {"sign": f"rest-{i % 3}", "text": f"{write_word(name)}: {count:,}"}
        for i, (name, count) in enumerate(sort_counts(step.reasons))
    ]
    return {
        "label": step.label[:1].upper() + step.label[1:],
        "bar": draw_funnel_bar(step),
        "out": f"{step.num_out:,}",
        "into": f"{step.num_in:,}",
        "share": write_percent(step.num_out, step.num_in) if step.reasons else "",
        "reasons": reasons,
    }


def list_verdicts(
    counts: Mapping[tuple[str, str], int], longest: int | None = None
) -> list[dict[str, Any]]:
    """Prepare the table of answer types or rules; `longest` rollouts fill a bar."""
    lines = group_verdicts(counts)
    if longest is None:
        longest = max((sum(found.values()) for _, found in lines), default=0)
    return [
        {
            "name": write_word(name),
            "bar": draw_verdict_bar(name, found, longest),
            "share": write_percent(found["correct"], sum(found.values())),
            "total": f"{sum(found.values()):,}",
        }
        for name, found in lines
    ]


def list_checks(checks: Mapping[str, SourceChecks]) -> list[dict[str, Any]]:
    """Prepare the table of rules: a group of lines for each source, headed by its own line."""
    longest = max((sum(own.rules.values()) for own in checks.values()), default=0)
    groups: list[dict[str, Any]] = []
    for source, own in list(checks.items())[:MAX_SOURCES]:
        totals = Counter[tuple[str, str]]()
        for (_, verdict), count in own.rules.items():
            totals[source, verdict] += count
        (head,) = list_verdicts(totals, longest)
        lines = list_verdicts(own.rules, longest)
        groups.append({"head": head | {"name": source}, "policy": own.policy, "lines": lines})
    return groups


def list_judged(checks: Mapping[str, SourceChecks]) -> list[dict[str, str]]:
    """Prepare the table of the judge: a line for each source where it was asked."""
    return [
        {"source": source} | {name: f"{count:,}" for name, count in asdict(own.judge).items()}
        for source, own in list(checks.items())[:MAX_SOURCES]
        if own.judge
    ]


def list_spending(models: Sequence[Mapping[str, str]]) -> list[tuple[str, list[str]]]:
    """Prepare the table of what models were asked: a line for each figure, a column a model."""
    names = dict.fromkeys(name for model in models for name in model)
    return [(name, [model.get(name, "") for model in models]) for name in names]


def list_edited(curation: CurationCounts) -> list[tuple[str, list[str]]]:
    """Prepare edited rows: their problem, and what was changed."""
    return [
        (name, [clip(edit, EDIT_BYTES) for edit in edits[:MAX_EDITS]])
        for name, edits in curation.edited
    ]


def write_lengths_caption(facts: ReportFacts) -> str:
    """Say what the picture of lengths shows."""
    verdicts = ("correct", "incorrect")
    counts = {verdict: select_lengths(facts.lengths, verdict) for verdict in verdicts}
    both = counts["correct"] + counts["incorrect"]
    if not both:
        return "The servers counted no tokens."
    medians = [f"{find_quantile(found, 0.5):,} ({v})" for v, found in counts.items() if found]
    scale = "" if is_linear(choose_edges(both)) else ", on a scale that is about logarithmic"
    return f"Rollouts by completion tokens{scale}. Medians: {', '.join(medians)}."


def write_rates_caption(facts: ReportFacts) -> str:
    """Say what the picture of pass rates shows."""
    unrated = sum(count for (_, size), count in facts.pass_rates.items() if not size)
    end = f" {count_noun(unrated, 'problem')} without a verdict left out." if unrated else ""
    return f"Problems by their share of correct rollouts.{end}"


def write_sample_intro(sample: Sequence[SampledProblem]) -> str:
    """Say what the sample is."""
    if not sample:
        return "There is nothing to show."
    rows = count_noun(len(sample), "row")
    return f"{rows}, chosen by the hash of the problem: image, formal text, every rollout and why."


def list_choices(sample: Sequence[SampledProblem]) -> list[dict[str, str]]:
    """List what the sample can be narrowed to: everything, and each outcome that occurs."""
    counts = {outcome: sum(p.outcome is outcome for p in sample) for outcome in Outcome}
    choices = {"all": len(sample)} | {o.value: n for o, n in counts.items() if n}
    labels = {o.value: label[0].upper() + label[1:] for o, label in BADGES.items()}
    return [
        {"name": name, "label": labels.get(name, name.capitalize()), "count": f"{count:,}"}
        for name, count in choices.items()
    ]
