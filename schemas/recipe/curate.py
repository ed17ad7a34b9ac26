"""Which rollouts are kept."""

from typing import Literal

from schemas.recipe.base import Params


class CurateParams(Params):
    """Which rollout of a problem is kept."""

    select: Literal["shortest", "first"] = "shortest"
    """Among the correct rollouts; ties go to the lowest rollout index."""
