"""The filters that a recipe turns on, asked of one edited completion, the cheap ones first.

Each filter is a pure function of its own module; here they are called in order, and the first that
objects gives the drop_reason.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from schemas.recipe import FilterParams
from tasks.curation.grounding import check_grounding, is_ungrounded
from tasks.curation.language import compare_scripts, is_foreign
from tasks.curation.layout import Layout, LayoutFault, Parts, check_layout
from tasks.curation.leaks import find_leaks, name_leak
from tasks.curation.lengths import TokenCounter, measure_row, name_length_fault
from tasks.curation.repetition import measure_repetition, name_repetition
from tasks.curation.trimming import is_over_words
from tasks.curation.wording import check_wording, name_wording_fault

Fault = tuple[str, str]
"""drop_reason, and a detail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A training row that may be."""

    parts: Parts
    completion: str
    """The parts in the recipe's layout."""
    question: str
    """With its options."""
    formal_text: str
    image_sizes: list[tuple[int, int]]
    """(width, height) of each image, in pixels."""


def find_fault(
    row: Candidate, filters: FilterParams, layout: Layout, count_tokens: TokenCounter
) -> Fault | None:
    """Return the first objection to a candidate, or None where every filter lets it pass."""
    checks: list[Callable[[], Iterator[Fault]]] = [
        lambda: _check_layout(row, filters, layout),
        lambda: _check_words(row, filters),
        lambda: _check_lengths(row, filters, count_tokens),
        lambda: _check_leaks(row, filters),
        lambda: _check_repetition(row, filters),
        lambda: _check_wording(row, filters),
        lambda: _check_language(row, filters),
        lambda: _check_grounding(row, filters),
    ]
    return next((fault for check in checks for fault in check()), None)


def _check_layout(row: Candidate, filters: FilterParams, layout: Layout) -> Iterator[Fault]:
    fault = check_layout(layout, row.completion) if filters.layout else None
    # A summary is asked for by the layout and given by few reasoners: its absence is no fault.
    if fault is not None and fault != LayoutFault.NO_SUMMARY:
        yield fault.value, f"as {layout.value}"


def _check_words(row: Candidate, filters: FilterParams) -> Iterator[Fault]:
    if filters.max_words is not None and is_over_words(row.parts.reasoning, filters.max_words):
        yield "too_many_words", f"more than {filters.max_words} words"


def _check_lengths(
    row: Candidate, filters: FilterParams, count_tokens: TokenCounter
) -> Iterator[Fault]:
    if filters.max_total_tokens is None and filters.min_completion_tokens <= 1:
        return
    length = measure_row(row.question, row.completion, row.image_sizes, count_tokens=count_tokens)
    fault = name_length_fault(
        length,
        row.image_sizes,
        min_completion_tokens=filters.min_completion_tokens,
        max_total_tokens=filters.max_total_tokens or 1 << 31,
    )
    if fault is not None:
        yield fault, f"{length.completion_tokens} of {length.total_tokens} tokens in the completion"


def _check_leaks(row: Candidate, filters: FilterParams) -> Iterator[Fault]:
    if not filters.leaks:
        return
    told = f"{row.parts.reasoning}\n{row.parts.summary}"
    leaks = find_leaks(told, row.question)
    if name := name_leak(leaks):
        yield name, ", ".join(repr(leak.text) for leak in leaks[:3])


def _check_repetition(row: Candidate, filters: FilterParams) -> Iterator[Fault]:
    if filters.repetition and (name := name_repetition(measure_repetition(row.parts.reasoning))):
        yield name, "in the reasoning"


def _check_wording(row: Candidate, filters: FilterParams) -> Iterator[Fault]:
    if filters.max_wording_faults is None:
        return
    told = f"{row.parts.reasoning}\n{row.parts.summary}"
    wording = check_wording(told, f"{row.question}\n{row.formal_text}")
    if name := name_wording_fault(wording, filters.max_wording_faults):
        faults = (*wording.doubled_words, *wording.stuck_words)
        yield name, ", ".join(repr(fault) for fault in faults[:3])


def _check_language(row: Candidate, filters: FilterParams) -> Iterator[Fault]:
    if filters.max_foreign is None:
        return
    shares = compare_scripts(row.parts.reasoning, row.question, row.formal_text)
    if is_foreign(shares, filters.max_foreign):
        yield "foreign_script", f"{shares.num_foreign} of {shares.num_words} words"


def _check_grounding(row: Candidate, filters: FilterParams) -> Iterator[Fault]:
    if filters.max_ungrounded is None:
        return
    grounding = check_grounding(row.parts.reasoning, row.formal_text, row.question)
    if is_ungrounded(grounding, filters.max_ungrounded):
        shown = [*grounding.numbers[:5], *grounding.labels[:5]]
        share = f"{grounding.ungrounded_fraction:.0%} of {grounding.num_checked}"
        yield "ungrounded", f"{share}, neither in formal text nor question: {', '.join(shown)}"
