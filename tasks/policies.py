"""From what a recipe says of a source to the policy that the verifier takes."""

from functools import lru_cache

from schemas.recipe import PolicyParams, VerifyParams
from tasks.answers import Policy


def make_policy(params: VerifyParams, source: str) -> Policy:
    """Return the policy of a source; the same object each time, so that equal work is shared."""
    return _make_policy(params.get_policy(source))


@lru_cache(maxsize=256)
def _make_policy(params: PolicyParams) -> Policy:
    return Policy(**params.model_dump())
