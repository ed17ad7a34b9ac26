"""What counts as equal, and what a judge may add."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from schemas.recipe.base import Params, SampledParams


class PolicyParams(Params):
    """What counts as equal where sources differ."""

    relative_tolerance: float = Field(default=1e-6, ge=0, lt=1)
    """Of the gold number (VLMEvalKit 1e-6, MM-Math 0.01)."""
    absolute_tolerance: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """In the gold's unit (DynaMath 0.001)."""
    round_whole_numbers: bool = False
    """Whether the relative tolerance is of whole golds, too (ChartQA: 0.05 takes 95 for 100)."""
    units: Literal["lenient", "strict"] = "lenient"
    """`lenient`: either side may leave its unit out; units on both sides must always agree."""
    percent_equals_fraction: bool = True
    """Whether 50% and 0.5 are equal; if not, 50% and 50 still are."""
    ratio_equals_fraction: bool = False
    """Whether 1:2 and 1/2 are equal."""
    ordered_lists: bool = True
    """Whether a list without brackets has an order; braces never have one, brackets always."""
    fuzzy_text_ratio: float | None = Field(default=None, ge=1, le=100)
    """Least similarity of texts, in percent; without it no text is guessed at."""


class JudgeParams(SampledParams):
    """How the judge is asked, where `models.judge` names one."""

    prompt: str = "judge.answer"
    max_tokens: int = Field(default=2048, gt=0)
    audit_fraction: float = Field(default=0.0, ge=0, le=1)
    """Share of the decided verdicts that the judge is asked about, too; it changes none of them."""

    @property
    def prompts(self) -> tuple[str, ...]:
        """Every prompt that may be asked."""
        return (self.prompt,)


class VerifyParams(PolicyParams):
    """What counts as equal, for all sources and for single ones."""

    sources: dict[str, PolicyParams] = Field(default_factory=dict[str, PolicyParams])
    """Source name to its own policy; a key that it leaves out is as in `verify`."""
    judge: JudgeParams = JudgeParams()

    @model_validator(mode="before")
    @classmethod
    def _inherit(cls, values: Any) -> Any:
        """Fill each source's table from the keys of the section itself."""
        if not isinstance(values, Mapping) or not isinstance(values.get("sources"), Mapping):
            return values
        shared = {name: values[name] for name in PolicyParams.model_fields if name in values}
        sources = {
            name: shared | dict(own) if isinstance(own, Mapping) else own
            for name, own in values["sources"].items()
        }
        return {**values, "sources": sources}

    def get_policy(self, source: str) -> PolicyParams:
        """Return the policy of a source."""
        own = {name: getattr(self, name) for name in PolicyParams.model_fields}
        return self.sources.get(source, PolicyParams(**own))
