"""From what a recipe says of a source to the policy that the verifier takes."""

from schemas.recipe import VerifyParams
from tasks.answers import Policy


def make_policy(params: VerifyParams, source: str) -> Policy:
    """Return the policy of a source."""
    return Policy(**params.get_policy(source).model_dump())
