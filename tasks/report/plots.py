"""The report's pictures: inline SVG whose places are percentages, so text keeps its size.

Colours come from the page's style by class, so a picture follows light and dark. Every value that
comes from data goes through `Markup.format`, which escapes it.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup

from tasks.funnel import FunnelStep
from tasks.report.bins import choose_edges, fill_bins, find_quantile, name_bin, select_lengths
from tasks.report.text import clean_text, count_noun, write_percent

MAX_ROWS = 10
"""Lines of a table of types or rules; the rest is one line."""
VERDICTS = ("correct", "incorrect", "undecided")
PLOT_HEIGHT = 240
TOP, BOTTOM = 26, 26
"""Pixels above and below the bars, for labels."""
MAX_LABELS = 9
"""Along an axis: more would touch on a phone."""


def draw_funnel_bar(step: FunnelStep) -> Markup:
    """Draw what went on, and the rest by reason, as parts of one bar."""
    rest = sort_counts(step.reasons)
    parts = [("out", step.num_out, "goes on")]
    parts += [(f"rest-{i % 3}", count, reason) for i, (reason, count) in enumerate(rest)]
    label = f"{step.label}: {step.num_out:,} of {step.num_in:,} go on"
    return draw_bar(parts, step.num_in, label)


def draw_bar(parts: Iterable[tuple[str, int, str]], whole: int, label: str) -> Markup:
    """Draw a bar of (class, count, meaning) parts, each as wide as its share of `whole`."""
    drawn: list[Markup] = []
    start = 0
    for name, count, meaning in parts:
        if count and whole:
            tip = f"{meaning}: {count:,} ({write_percent(count, whole)})"
            drawn.append(_draw_rect(name, start / whole, count / whole, 0, "100%", tip))
        start += count
    svg = Markup('<svg class="bar" role="img" aria-label="{}">{}</svg>')
    return svg.format(clean_text(label), Markup().join(drawn))


def sort_counts(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Sort by count, the largest first; ties by name."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def group_verdicts(counts: Mapping[tuple[str, str], int]) -> list[tuple[str, dict[str, int]]]:
    """Group (name, verdict) counts into one line a name, commonest first, rare ones together."""
    totals: Counter[str] = Counter()
    for (name, _), count in counts.items():
        totals[name] += count
    ordered = [name for name, _ in sort_counts(totals)]
    kept, rare = ordered[:MAX_ROWS], ordered[MAX_ROWS:]
    lines = [(name, {v: counts.get((name, v), 0) for v in VERDICTS}) for name in kept]
    if rare:
        others = {v: sum(counts.get((name, v), 0) for name in rare) for v in VERDICTS}
        lines.append((count_noun(len(rare), "other"), others))
    return lines


def draw_verdict_bar(name: str, counts: Mapping[str, int], longest: int) -> Markup:
    """Draw one line of `group_verdicts`; `longest` rollouts fill the bar."""
    parts = [(verdict, counts[verdict], verdict) for verdict in VERDICTS]
    label = f"{name}: " + ", ".join(f"{counts[verdict]:,} {verdict}" for verdict in VERDICTS)
    return draw_bar(parts, longest, label)


def draw_pass_rates(pass_rates: Mapping[tuple[int, int], int]) -> Markup:
    """Draw how many problems had which share of correct rollouts.

    The columns are the pass rates of the commonest number of verdicts, at most ten; a problem with
    another number of verdicts stands at the nearest.
    """
    rated = {key: count for key, count in pass_rates.items() if key[1]}
    if not rated:
        return draw_nothing()
    sizes: Counter[int] = Counter()
    for (_, size), count in rated.items():
        sizes[size] += count
    whole = min(10, max(sizes, key=lambda size: (sizes[size], size)))
    columns = [0] * (whole + 1)
    for (correct, size), count in rated.items():
        columns[math.floor(correct / size * whole + 0.5)] += count
    return _draw_columns(columns, [f"{i}/{whole}" for i in range(whole + 1)])


def _draw_columns(counts: Sequence[int], labels: Sequence[str]) -> Markup:
    room, most = PLOT_HEIGHT - TOP - BOTTOM, max(counts)
    width = 1 / len(counts)
    drawn = [_draw_line(PLOT_HEIGHT - BOTTOM)]
    for i, (count, label) in enumerate(zip(counts, labels, strict=True)):
        height, middle = room * count / most, (i + 0.5) * width
        top = PLOT_HEIGHT - BOTTOM - height
        name = "correct" if i else "incorrect"
        tip = f"{count_noun(count, 'problem')} at pass rate {label}"
        bar = _draw_rect(name, (i + 0.14) * width, 0.72 * width, top, f"{height:.1f}", tip)
        drawn += [bar, _draw_text(middle, top - 8, f"{count:,}", "value")]
        drawn.append(_draw_text(middle, PLOT_HEIGHT - 6, label))
    total = sum(counts)
    spoken = ", ".join(f"{label}: {count:,}" for label, count in zip(labels, counts, strict=True))
    return _draw_plot(f"Pass rates of {count_noun(total, 'problem')}. {spoken}", drawn)


def draw_lengths(lengths: Mapping[tuple[str, int], int]) -> Markup:
    """Draw token counts: correct rollouts upwards, incorrect ones downwards, on one scale."""
    by_verdict = {verdict: select_lengths(lengths, verdict) for verdict in VERDICTS[:2]}
    both = by_verdict["correct"] + by_verdict["incorrect"]
    if not both:
        return draw_nothing()
    edges = choose_edges(both)
    bins = {v: fill_bins(counts, edges) for v, counts in by_verdict.items()}
    up, down = max(bins["correct"]), max(bins["incorrect"])
    scale = (PLOT_HEIGHT - TOP - 2 * BOTTOM - 4) / (up + down)
    middle = TOP + up * scale
    drawn: list[Markup] = []
    for verdict, counts in bins.items():
        for i, count in enumerate(counts):
            top = middle - count * scale if verdict == "correct" else middle
            tip = f"{name_bin(i, edges)}: {count:,} {verdict}"
            place, width = (i + 0.08) / len(edges), 0.84 / len(edges)
            bar = _draw_rect(verdict, place, width, top, f"{count * scale:.1f}", tip)
            drawn += [bar] if count else []
        peak = counts.index(max(counts))
        end = middle - up * scale - 8 if verdict == "correct" else middle + down * scale + 17
        if counts[peak]:
            drawn.append(_draw_text((peak + 0.5) / len(edges), end, f"{counts[peak]:,}", "value"))
    drawn += [_draw_line(middle), *_draw_scale(edges)]
    spoken = [
        f"{verdict}: {count_noun(counts.total(), 'rollout')}, median {find_quantile(counts, 0.5):,}"
        for verdict, counts in by_verdict.items()
        if counts
    ]
    return _draw_plot(f"Completion tokens. {'; '.join(spoken)}", drawn)


def _draw_scale(edges: Sequence[int]) -> list[Markup]:
    every = math.ceil(len(edges) / MAX_LABELS)
    marks = list(enumerate(edges))[::every]
    return [
        _draw_text((i + 0.08) / len(edges), PLOT_HEIGHT - 6, f"{edge:,}", "start")
        for i, edge in marks
    ]


def draw_nothing() -> Markup:
    """Say that there is nothing to draw."""
    return Markup('<p class="nothing">Nothing to show.</p>')


def _draw_plot(label: str, drawn: Iterable[Markup]) -> Markup:
    svg = Markup('<svg class="plot" role="img" height="{}" aria-label="{}">{}</svg>')
    return svg.format(PLOT_HEIGHT, label, Markup().join(drawn))


def _draw_rect(name: str, start: float, width: float, top: float, height: str, tip: str) -> Markup:
    rect = Markup(
        '<rect class="{}" x="{:.2f}%" y="{:.1f}" width="{:.2f}%" height="{}">'
        "<title>{}</title></rect>"
    )
    return rect.format(name, 100 * start, top, 100 * width, height, clean_text(tip))


def _draw_line(y: float) -> Markup:
    line = Markup('<line class="axis" x1="0" x2="100%" y1="{:.1f}" y2="{:.1f}"/>')
    return line.format(y, y)


def _draw_text(x: float, y: float, text: str, name: str = "label") -> Markup:
    return Markup('<text class="{}" x="{:.2f}%" y="{:.1f}">{}</text>').format(
        name, 100 * x, y, text
    )
