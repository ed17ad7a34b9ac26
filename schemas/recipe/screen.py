"""What is looked for before anything is spent: near-duplicates and benchmark rows."""

from pydantic import Field

from schemas.recipe.base import Params
from schemas.recipe.source import SourceParams


class ScreenParams(Params):
    """Groups of near-duplicates, and rows that are in a benchmark."""

    benchmarks: tuple[SourceParams, ...] = ()
    """Problems whose image or question is in one of these are rejected."""
    max_image_bits: int = Field(default=12, ge=0, le=31)
    """Bits of 256 in which the perceptual hashes of one image may differ."""
    min_question_ratio: float = Field(default=0.9, gt=0, le=1)
    """Edit ratio from which two questions are one; their numbers must be the same."""
