"""The formal text of a sampled problem as the page shows it: drawn, with its route and repairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.charts import ChartPainter
from tasks.report.drawing import Drawing, draw_formal_text
from tasks.report.text import clip, count_noun, write_percent
from tasks.report.thumbnails import Thumbnail

TEXT_BYTES = 16_000
MAX_LINES = 500
"""Lines of a text that are shown."""
PSEUDO_COT_BYTES = 8_000
ROUNDS_BYTES = 12_000
"""Of all earlier texts of a problem together."""
FAULTS_BYTES = 4_000
"""Of all that is wrong with a text; and as much for all earlier ones."""
WORD_BYTES = 300
"""Of one thing that is wrong, of a name or a kind."""
MAX_FAULTS = 20
PROSE = ("caption",)
"""Formats without lines that mean something."""
ROUTES = {
    "domain": "routed by the domain",
    "source": "routed by the source",
    "classifier": "routed by the classifier",
    "classifier_unclear": "the classifier named no kind",
    "recipe": "in the recipe's format",
}
"""`routed_by` in words; another one is told as it is."""
SAME_NAMES = (
    "format",
    "text",
    "image_kind",
    "routed_by",
    "is_valid",
    "pseudo_cot",
    "gold_shown",
    "ocr_coverage",
)
"""Columns of formal_texts that a `SampledText` takes as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledText:
    """A formal text, and how it came to be."""

    format: str
    text: str | None
    image_kind: str | None = None
    routed_by: str = "recipe"
    is_valid: bool | None = None
    """None: there is no text, or it was not checked."""
    problems: tuple[str, ...] = ()
    """What the checks still say against it."""
    rounds: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Earlier texts, each with what was wrong with it."""
    pseudo_cot: str | None = None
    gold_shown: bool = False
    ocr_coverage: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A text that was not kept: it was repaired, or is a repair that was worse."""

    text: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormalEntry:
    """A formal text, and the words and drawings that stand around it."""

    format: str
    badge: str
    """`valid`, `invalid` or nothing; also its class on the page."""
    facts: tuple[str, ...]
    lines: tuple[str, ...]
    """Of the text; none where there is no text."""
    is_numbered: bool
    more: str
    """How much of the text is not shown."""
    problems: tuple[str, ...]
    rounds: tuple[Round, ...]
    rounds_summary: str
    pseudo_cot: str
    pseudo_cot_summary: str
    overlays: tuple[Drawing, ...]
    """Over the image."""
    drawings: tuple[Drawing, ...]
    """Beside the image."""


def sample_text(row: Mapping[str, Any]) -> SampledText:
    """Take what the page shows of a row of FORMAL_TEXTS."""
    rounds = ((earlier["text"], tuple(earlier["problems"])) for earlier in row["rounds"])
    return SampledText(
        problems=tuple(row["problems"]),
        rounds=tuple(rounds),
        **{name: row[name] for name in SAME_NAMES},
    )


def describe_formal(
    formal: SampledText, images: Sequence[Thumbnail], painter: ChartPainter
) -> FormalEntry:
    """Prepare a formal text for the page.

    Args:
        formal: as it was read.
        images: those that the page shows.
        painter: draws charts.
    """
    size = (images[0].width, images[0].height) if len(images) == 1 else None
    drawn = draw_formal_text(formal.format, formal.text or "", size, painter)
    lines = clip(formal.text, TEXT_BYTES).split("\n") if formal.text else []
    hidden = len(lines) - MAX_LINES
    pseudo_cot = formal.pseudo_cot or ""
    return FormalEntry(
        format=clip(formal.format, WORD_BYTES),
        badge={True: "valid", False: "invalid", None: ""}[formal.is_valid],
        facts=tuple(_list_facts(formal)),
        lines=tuple(lines[:MAX_LINES]),
        is_numbered=formal.format not in PROSE,
        more=f"{count_noun(hidden, 'more line')} not shown." if hidden > 0 else "",
        problems=_clip_faults(formal.problems),
        rounds=_describe_rounds(formal.rounds),
        rounds_summary=f"{count_noun(len(formal.rounds), 'other text')}, not kept",
        pseudo_cot=clip(pseudo_cot, PSEUDO_COT_BYTES),
        pseudo_cot_summary=f"Pseudo-CoT, {count_noun(len(pseudo_cot), 'character')}",
        overlays=tuple(drawing for drawing in drawn if drawing.is_overlay),
        drawings=tuple(drawing for drawing in drawn if not drawing.is_overlay),
    )


def _list_facts(formal: SampledText) -> list[str]:
    kind = formal.image_kind and clip(formal.image_kind, WORD_BYTES)
    route = ROUTES.get(formal.routed_by) or f"routed by {clip(formal.routed_by, WORD_BYTES)}"
    facts = [f"image: {kind}" if kind else "", route]
    if formal.rounds:
        told = "repaired in" if formal.is_valid else "still wrong after"
        facts.append(f"{told} {count_noun(len(formal.rounds), 'round')}")
    if formal.ocr_coverage is not None:
        share = write_percent(round(1000 * formal.ocr_coverage), 1000)
        facts.append(f"has {share} of the words that OCR read")
    if formal.gold_shown:
        facts.append("its model was shown the gold answer")
    return [fact for fact in facts if fact]


def _describe_rounds(rounds: Sequence[tuple[str, tuple[str, ...]]]) -> tuple[Round, ...]:
    share = max(1, len(rounds))
    return tuple(
        Round(
            text=clip(text, ROUNDS_BYTES // share),
            problems=_clip_faults(problems, FAULTS_BYTES // share),
        )
        for text, problems in rounds
    )


def _clip_faults(problems: Sequence[str], size: int = FAULTS_BYTES) -> tuple[str, ...]:
    """Cut what is wrong to `size` bytes, each thing to its share where there are many."""
    shown = [problem.removeprefix("- ") for problem in problems[:MAX_FAULTS]]
    each = min(WORD_BYTES, size // max(1, len(shown)))
    return tuple(clip(problem, each) for problem in shown)
