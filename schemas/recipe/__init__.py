"""A recipe: what a run does, read from TOML into frozen models.

Every key has a default that is sound or is asked for by name; a key that is not listed here is an
error. The Prefect UI shows these models as the form of the `build` deployment.

One module a section; `recipe` puts them together.
"""

from schemas.recipe.base import NAME_PATTERN, Params, SampledParams
from schemas.recipe.budget import BudgetParams
from schemas.recipe.curate import CurateParams
from schemas.recipe.formalize import (
    FORMAT_OF,
    BridgeParams,
    DetectorParams,
    FormalizeParams,
    FormatName,
    ImageKind,
    RouteParams,
)
from schemas.recipe.models import ModelParams, ModelsParams
from schemas.recipe.publish import PublishParams
from schemas.recipe.reason import ReasonParams
from schemas.recipe.recipe import Recipe
from schemas.recipe.source import IngestParams, SourceParams
from schemas.recipe.verify import JudgeParams, PolicyParams, VerifyParams

__all__ = [
    "FORMAT_OF",
    "NAME_PATTERN",
    "BridgeParams",
    "BudgetParams",
    "CurateParams",
    "DetectorParams",
    "FormalizeParams",
    "FormatName",
    "ImageKind",
    "IngestParams",
    "JudgeParams",
    "ModelParams",
    "ModelsParams",
    "Params",
    "PolicyParams",
    "PublishParams",
    "ReasonParams",
    "Recipe",
    "RouteParams",
    "SampledParams",
    "SourceParams",
    "VerifyParams",
]
