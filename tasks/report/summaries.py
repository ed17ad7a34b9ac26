"""Tables of the formal texts and of curation, for the report and the card."""

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.curation.markers import VISION_R1_PER_1000
from tasks.report.curation import MATCHES, UNKNOWN, add_curation
from tasks.report.formats import (
    FormatCounts,
    add_formats,
    write_coverage,
    write_repaired,
    write_routes,
)
from tasks.report.text import write_percent
from tasks.summary_table import SummaryTable

MAX_LINES = 24
"""Of a table whose lines are data."""
LEVELS = ("easy", "medium", "hard", UNKNOWN)
MEASURE_NAMES = {
    "reasoning_words": "reasoning, words",
    "completion_tokens": "completion, tokens",
    "image_tokens": "images, tokens",
}


def list_summaries(
    formats: Mapping[str, FormatCounts], curation: Mapping[str, Any]
) -> list[SummaryTable]:
    """List the tables that have something to say.

    Args:
        formats: from `count_formats` or `add_formats`.
        curation: from `describe_curation` or `add_curation`.
    """
    tables = [
        tabulate_formats(formats),
        tabulate_lengths(curation),
        tabulate_markers(curation),
        tabulate_splits(curation),
        tabulate_contaminated(curation),
    ]
    return [table for table in tables if table.rows]


def add_summaries(partitions: Sequence[Mapping[str, Any]]) -> list[SummaryTable]:
    """List the tables of several partitions together.

    Args:
        partitions: facts as in the published manifest, with `formats` and `curation`; those that
            were published without them are left out.
    """
    known = [facts for facts in partitions if "formats" in facts and "curation" in facts]
    counted = [
        {name: FormatCounts(**own) for name, own in facts["formats"].items()} for facts in known
    ]
    return list_summaries(add_formats(counted), add_curation([f["curation"] for f in known]))


def tabulate_formats(formats: Mapping[str, FormatCounts]) -> SummaryTable:
    """Say how formal texts fared, a line for each format."""
    rows = [
        (
            name,
            f"{own.num_texts:,}",
            write_percent(own.num_valid_first, own.num_texts),
            write_percent(own.num_valid, own.num_texts),
            write_repaired(own) or "-",
            write_coverage(own),
            write_routes(own),
        )
        for name, own in list(formats.items())[:MAX_LINES]
    ]
    missing = sum(own.num_missing for own in formats.values())
    shown = sum(own.num_gold_shown for own in formats.values())
    caption = "Texts by format: valid as first written, and after what was wrong was sent back."
    caption += " OCR coverage: mean share of the words read in an image that its text holds."
    caption += f" {missing:,} problems have no text." if missing else ""
    caption += f" Of {shown:,} texts, the model was shown the gold answer." if shown else ""
    head = ("format", "texts", "valid at first", "valid", "repaired", "OCR coverage", "routed by")
    return SummaryTable(title="Formal text", caption=caption, head=head, rows=tuple(rows))


def tabulate_markers(curation: Mapping[str, Any]) -> SummaryTable:
    """Say how often the thoughts turn back, beside Vision-R1's Table 2."""
    total = curation["num_rows"]
    rows = [
        (
            name,
            f"{own['num_marks']:,}",
            f"{1000 * own['num_marks'] / total:,.1f}",
            f"{VISION_R1_PER_1000[name]:,.1f}" if name in VISION_R1_PER_1000 else "-",
            write_percent(own["num_rows"], total),
        )
        for name, own in curation["markers"].items()
        if total and (own["num_marks"] or name in VISION_R1_PER_1000)
    ]
    return SummaryTable(
        title="Reflection markers",
        caption="Words with which a thought turns back, in rows for supervised fine-tuning; beside"
        " them Vision-R1-cold (arXiv 2503.06749, Table 2, 200k rows).",
        head=("marker", "times", "per 1,000 rows", "Vision-R1", "rows with it"),
        rows=tuple(rows),
    )


def tabulate_lengths(curation: Mapping[str, Any]) -> SummaryTable:
    """Say how long training rows are."""
    lengths: Mapping[str, Mapping[str, float]] = curation["lengths"]
    columns = list(next(iter(lengths.values()), {}))[1:]
    rows = [
        (MEASURE_NAMES.get(name, name), *(_write_number(own[column]) for column in columns))
        for name, own in lengths.items()
    ]
    return SummaryTable(
        title="Lengths",
        caption="Of rows for supervised fine-tuning: words of the thought; tokens of the whole"
        " completion, as the server counted them; tokens of the images in Qwen2.5-VL.",
        head=("measure", *columns),
        rows=tuple(rows),
    )


def _write_number(number: float) -> str:
    return f"{number:,.0f}" if number == round(number) or number >= 100 else f"{number:,.1f}"


def tabulate_splits(curation: Mapping[str, Any]) -> SummaryTable:
    """Say what each split holds, and how hard its problems are."""
    levels: Mapping[str, Mapping[str, int]] = curation["difficulties"]
    total = curation["num_rows"]
    rows = [("sft", f"{total:,}", *("-" for _ in LEVELS))] if total else []
    rows += [
        (name, f"{sum(own.values()):,}", *(f"{own.get(level, 0):,}" for level in LEVELS))
        for name, own in sorted(levels.items())
    ]
    num_edited = curation["num_edited"]
    edited = f" {num_edited:,} of the sft rows were edited." if num_edited else ""
    return SummaryTable(
        title="Splits",
        caption="No two share an image or a question: a problem that would be in one split, and"
        " shares them with rows of another, is rejected (other split). Rows of grpo and test alone"
        " are graded, by their pass rate; unknown: longer rollouts were stopped."
        f"{edited}",
        head=("split", "rows", *LEVELS),
        rows=tuple(rows),
    )


def tabulate_contaminated(curation: Mapping[str, Any]) -> SummaryTable:
    """Say which problems were in a benchmark, and by what that was seen."""
    found: Mapping[str, Mapping[str, int]] = curation["contaminated"]
    ordered = sorted(found.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    rows = [
        (name, f"{sum(own.values()):,}", *(f"{own.get(match, 0):,}" for match in MATCHES))
        for name, own in ordered[:MAX_LINES]
    ]
    return SummaryTable(
        title="Contamination",
        caption="Problems that are in a benchmark and were left out, by what is alike best: the"
        " image (perceptual hash), the question (edit distance), or runs of its words.",
        head=("benchmark", "problems", "image", "question", "words"),
        rows=tuple(rows),
    )
