"""A whole recipe."""

from typing import Any

from pydantic import Field, field_validator, model_validator

from schemas.recipe.base import NAME_PATTERN, Params
from schemas.recipe.curate import CurateParams
from schemas.recipe.formalize import FormalizeParams
from schemas.recipe.models import ModelsParams
from schemas.recipe.publish import PublishParams
from schemas.recipe.reason import ReasonParams
from schemas.recipe.screen import ScreenParams
from schemas.recipe.source import IngestParams, SourceParams
from schemas.recipe.verify import VerifyParams


class Recipe(Params):
    """A whole recipe, one section a stage."""

    name: str = Field(pattern=NAME_PATTERN)
    """Name of the data set in the workspace."""
    source: tuple[SourceParams, ...] = Field(min_length=1)
    ingest: IngestParams = IngestParams()
    screen: ScreenParams = ScreenParams()
    models: ModelsParams
    formalize: FormalizeParams = FormalizeParams()
    reason: ReasonParams = ReasonParams()
    verify: VerifyParams = VerifyParams()
    curate: CurateParams = CurateParams()
    publish: PublishParams = PublishParams()

    @field_validator("source", mode="before")
    @classmethod
    def _wrap_single_source(cls, source: Any) -> Any:
        return [source] if isinstance(source, dict) else source

    @property
    def is_racing(self) -> bool:
        """Whether the rollouts of a problem race: as the recipe says, or where nothing is lost.

        A race leaves the pass rates of solved problems uncertain; that of unsolved ones is exact.
        """
        if self.reason.race is not None:
            return self.reason.race
        needs_rates = self.curate.grpo.max_pass_rate > 0
        return self.curate.select == "shortest" and self.reason.enough == 1 and not needs_rates

    @model_validator(mode="after")
    def _check_race(self) -> "Recipe":
        if self.reason.race and self.curate.select != "shortest":
            raise ValueError(
                "reason.race keeps the shortest correct rollout only, and curate.select is"
                f" {self.curate.select!r}; set one of them"
            )
        return self

    @model_validator(mode="after")
    def _check_sight(self) -> "Recipe":
        if not self.formalize.enabled and not self.reason.show_image:
            raise ValueError(
                "formalize.enabled = false leaves the reasoner without the image; set"
                " reason.show_image = true"
            )
        return self
