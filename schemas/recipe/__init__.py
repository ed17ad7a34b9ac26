"""A recipe: what a run does, read from TOML into frozen models.

Every key has a default that is sound or is asked for by name; a key that is not listed here is an
error. The Prefect UI shows these models as the form of the `build` deployment.

One module a section; `recipe` puts them together.
"""

from schemas.recipe.base import NAME_PATTERN, Params, SampledParams
from schemas.recipe.budget import BudgetParams
from schemas.recipe.curate import (
    ConsistencyParams,
    ConversationName,
    CurateParams,
    FilterParams,
    GrpoParams,
    LayoutName,
    ReplaceParams,
    SelectionRule,
    TrimParams,
)
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
from schemas.recipe.screen import ScreenParams
from schemas.recipe.source import IngestParams, SourceParams
from schemas.recipe.verify import JudgeParams, PolicyParams, VerifyParams

__all__ = [
    "FORMAT_OF",
    "NAME_PATTERN",
    "BridgeParams",
    "BudgetParams",
    "ConsistencyParams",
    "ConversationName",
    "CurateParams",
    "DetectorParams",
    "FilterParams",
    "FormalizeParams",
    "FormatName",
    "GrpoParams",
    "ImageKind",
    "IngestParams",
    "JudgeParams",
    "LayoutName",
    "ModelParams",
    "ModelsParams",
    "Params",
    "PolicyParams",
    "PublishParams",
    "ReasonParams",
    "Recipe",
    "ReplaceParams",
    "RouteParams",
    "SampledParams",
    "ScreenParams",
    "SelectionRule",
    "SourceParams",
    "TrimParams",
    "VerifyParams",
]
