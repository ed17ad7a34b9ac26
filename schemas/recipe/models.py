"""Who answers: the models of a recipe."""

from typing import Literal

from pydantic import Field, field_validator

from schemas.recipe.base import Params


class ModelParams(Params):
    """Where the replies of a model come from."""

    kind: Literal["endpoint", "embedded"] = "endpoint"
    """`endpoint`: running servers; `embedded`: a checkpoint folder that Sightline serves itself."""
    name: str = Field(min_length=1)
    """Model name that requests carry."""
    path: str = ""
    """Checkpoint folder of an embedded model."""
    urls: tuple[str, ...] = ()
    """Base URLs of OpenAI-protocol servers, each ending in /v1."""
    revision: str | None = None
    """Revision of the weights, part of the model's identity."""
    api_key_env: str | None = None
    """Environment variable that holds the API key; the key itself is never written anywhere."""

    @field_validator("urls")
    @classmethod
    def _check_urls(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        for url in urls:
            if not url.startswith(("http://", "https://")):
                raise ValueError(f"expected a URL such as http://127.0.0.1:8000/v1, got {url!r}")
        return tuple(url.rstrip("/") for url in urls)


class ModelsParams(Params):
    """The models of a recipe."""

    vlm: ModelParams
    """Vision-language model that formalizes images."""
    llm: ModelParams
    """Text-only model that reasons."""
    judge: ModelParams | None = None
    """Model that is asked where the rules cannot tell; without one they stay undecided."""
