"""Image to formal text."""

from typing import Literal

from schemas.recipe.base import SampledParams


class FormalizeParams(SampledParams):
    """Image to formal text."""

    prompt: str = "formalize.caption"
    format: Literal["caption"] = "caption"
