"""A recipe: what a run does, read from TOML into frozen models.

Every key has a default that is sound or is asked for by name; a key that is not listed here is an
error. The Prefect UI shows these models as the form of the `build` deployment.

One module a section; `recipe` puts them together.
"""

from schemas.recipe.base import NAME_PATTERN, Params, SampledParams
from schemas.recipe.curate import CurateParams
from schemas.recipe.formalize import FormalizeParams
from schemas.recipe.models import ModelParams, ModelsParams
from schemas.recipe.publish import PublishParams
from schemas.recipe.reason import ReasonParams
from schemas.recipe.recipe import Recipe
from schemas.recipe.source import IngestParams, SourceParams

__all__ = [
    "NAME_PATTERN",
    "CurateParams",
    "FormalizeParams",
    "IngestParams",
    "ModelParams",
    "ModelsParams",
    "Params",
    "PublishParams",
    "ReasonParams",
    "Recipe",
    "SampledParams",
    "SourceParams",
]
