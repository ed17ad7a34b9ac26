"""What all sections of a recipe share."""

from pydantic import BaseModel, ConfigDict, Field

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$"


class Params(BaseModel):
    """Base of all sections: frozen, and strict about unknown keys; every number is finite."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )


class SampledParams(Params):
    """How a stage asks its model."""

    temperature: float = Field(default=0.0, ge=0, le=2)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int = Field(default=1024, gt=0)

    @property
    def prompts(self) -> tuple[str, ...]:
        """Every prompt that may be asked: files in prompts/, without role and ending."""
        raise NotImplementedError
