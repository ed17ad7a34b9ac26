"""The budget of a run: checked before anything is spent, and told of when it was."""

from schemas.errors import RecipeError
from schemas.recipe import BudgetParams, ModelParams, ModelsParams, Recipe
from schemas.records import Status
from tasks.budget import Budget
from tasks.funnel import FunnelStep


def open_budget(recipe: Recipe, params: BudgetParams) -> Budget:
    """Make the budget of a run.

    Raises:
        RecipeError: it is in dollars, and a model of the recipe has no price.
    """
    for role in ModelsParams.model_fields if params.usd is not None else ():
        model: ModelParams | None = getattr(recipe.models, role)
        if model is not None and model.price_in is None and model.price_out is None:
            raise RecipeError(
                f"a budget in dollars needs the prices of {model.name!r}; set"
                f" models.{role}.price_in and models.{role}.price_out, in dollars a million tokens"
                " (0 where it costs nothing)"
            )
    return Budget(params.tokens, params.usd)


def describe_stop(budget: Budget, funnel: list[FunnelStep]) -> str | None:
    """Say in one sentence what a spent budget left undone; None: it was not spent."""
    if not budget.is_spent:
        return None
    *_, problems = funnel
    if num_over := problems.reasons.get(Status.OVER_BUDGET.value, 0):
        lack = (
            f"{num_over:,} of {problems.num_in:,} problems are not finished and are rejects with"
            f" the reason {Status.OVER_BUDGET.value}"
        )
    else:
        lack = "the judge was not asked all that it is to be asked"
    return (
        f"the budget was spent ({budget.description}): {lack}; the same command goes on from here"
    )
