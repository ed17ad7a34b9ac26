"""A small table of words and figures, which the report and the card write each in their way."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryTable:
    """What a reader sees of some counts."""

    title: str
    caption: str
    """Sentences: what is counted, and of what."""
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """Each as long as `head`; the first cell names the row."""
