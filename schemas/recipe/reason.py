"""Formal text and question to rollouts."""

from pydantic import Field, model_validator

from schemas.recipe.base import SampledParams


class ReasonParams(SampledParams):
    """Formal text and question to rollouts."""

    prompt: str = "reason.plain"
    """Prompt file in prompts/, without its role and ending."""
    show_image: bool = False
    """Show the reasoner the image itself, as in self-distillation; it is then a vision model.
    Source: OpenVLThinker, arXiv 2503.17352, section 3, iterations after the first."""
    show_gold: bool = False
    """Show the reasoner the gold answer; it may then be rationalized, so it is recorded as
    `gold_shown`. Source: Vision-R1, issue 17 of its repository."""
    num_rollouts: int = Field(default=4, ge=1, le=1024)
    """Rollouts per problem, k; with `k_max` the first of them."""
    k_max: int | None = Field(default=None, ge=1, le=1024)
    """Rollouts at most of a problem that has fewer than `enough` correct ones; default: k."""
    enough: int = Field(default=1, ge=1, le=1024)
    """Correct rollouts that end the sampling of a problem where `k_max` is above k."""
    race: bool | None = None
    """Stop rollouts that a shorter correct one of the same problem has outrun; default: where
    `curate.select` is `shortest`, which a race never changes, and `curate.grpo` takes no solved
    problems by their pass rate. false: all k in full.
    """
    temperature: float = Field(default=0.6, ge=0, le=2)
    top_p: float = Field(default=0.95, gt=0, le=1)
    max_tokens: int = Field(default=8192, gt=0)

    @property
    def prompts(self) -> tuple[str, ...]:
        """Every prompt that may be asked."""
        return (self.prompt,)

    @property
    def max_rollouts(self) -> int:
        """Rollouts at most of one problem."""
        return self.k_max or self.num_rollouts

    @property
    def needs_verdicts(self) -> bool:
        """Whether what is asked next depends on which rollouts are correct."""
        return bool(self.race) or self.max_rollouts > self.num_rollouts

    @model_validator(mode="after")
    def _check_counts(self) -> "ReasonParams":
        if self.max_rollouts < self.num_rollouts:
            raise ValueError(f"k_max {self.k_max} is below num_rollouts {self.num_rollouts}")
        if self.enough > self.max_rollouts:
            raise ValueError(f"enough {self.enough} is above the {self.max_rollouts} rollouts")
        if self.race and self.enough > 1:
            raise ValueError(
                f"a race ends at the first correct rollout, so enough = {self.enough} needs"
                " race = false"
            )
        return self
