"""Formal text and question to rollouts."""

from pydantic import Field

from schemas.recipe.base import SampledParams


class ReasonParams(SampledParams):
    """Formal text and question to rollouts."""

    prompt: str = "reason.plain"
    """Prompt file in prompts/, without its role and ending."""
    num_rollouts: int = Field(default=4, ge=1, le=1024)
    """Rollouts per problem, k."""
    temperature: float = Field(default=0.6, ge=0, le=2)
    top_p: float = Field(default=0.95, gt=0, le=1)
    max_tokens: int = Field(default=8192, gt=0)

    @property
    def prompts(self) -> tuple[str, ...]:
        """Every prompt that may be asked."""
        return (self.prompt,)
