"""What one run may spend; no part of a recipe, since it changes no row that is finished."""

from pydantic import Field

from schemas.recipe.base import Params


class BudgetParams(Params):
    """What one run may spend on new replies; without either bound as much as it takes."""

    tokens: int | None = Field(default=None, gt=0)
    """Tokens that models read and write."""
    usd: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Their price in dollars, by `price_in` and `price_out` of the models."""
