"""A recipe: what a run does, read from TOML into frozen models.

Every key has a default that is sound or is asked for by name; a key that is not listed here is an
error. The Prefect UI shows these models as the form of the `build` deployment.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$"


class Params(BaseModel):
    """Base of all sections: frozen, and strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class SourceParams(Params):
    """One source of problems and how its columns are named."""

    path: str = Field(default="", max_length=4096)
    """Folder with metadata.jsonl, .jsonl or .parquet (glob, fsspec URL), or Hub id org/name."""
    name: str | None = Field(default=None, pattern=NAME_PATTERN)
    """Name in the `source` column; default: the last part of `path`."""
    split: str = "train"
    """Split of a Hub data set."""
    subset: str | None = None
    """Subset (configuration) of a Hub data set."""
    revision: str | None = None
    """Revision of a Hub data set; default: its newest, pinned for the run."""
    question: str = "question"
    answer: str = "answer"
    image: str = "image"
    """Column of the image: a path, or a Hub Image. With metadata.jsonl also `file_name`."""
    choices: str = "choices"
    id: str = "id"
    unit: str = "unit"
    domain: str = "domain"
    license: str | None = None
    """License of the source, written to every row."""
    image_root: str | None = None
    """Folder that image paths start from; default: the folder of the file that names them."""
    limit: int | None = Field(default=None, gt=0)
    """Rows taken at most."""
    weight: float | None = Field(default=None, gt=0)
    """Share in the mixture, relative to the other sources; default: all rows of all sources."""


class IngestParams(Params):
    """What an image may be, and how rows are cut into shards."""

    max_pixels: int = Field(default=40_000_000, gt=0, le=89_478_485)
    """Largest image that is decoded, in pixels."""
    max_side: int = Field(default=2048, gt=0)
    """Longest side after normalization, in pixels."""
    max_images: int = Field(default=1, ge=1, le=16)
    """Images per problem; above 1 the published column is the list `images`."""
    shard_rows: int = Field(default=256, gt=0, le=100_000)
    """Source rows per shard."""


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


class SampledParams(Params):
    """How a stage asks its model."""

    prompt: str
    """Prompt file in prompts/, without its role and ending."""
    temperature: float = Field(default=0.0, ge=0, le=2)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int = Field(default=1024, gt=0)


class FormalizeParams(SampledParams):
    """Image to formal text."""

    prompt: str = "formalize.caption"
    format: Literal["caption"] = "caption"


class ReasonParams(SampledParams):
    """Formal text and question to rollouts."""

    prompt: str = "reason.plain"
    num_rollouts: int = Field(default=4, ge=1, le=1024)
    """Rollouts per problem, k."""
    temperature: float = Field(default=0.6, ge=0, le=2)
    top_p: float = Field(default=0.95, gt=0, le=1)
    max_tokens: int = Field(default=8192, gt=0)


class CurateParams(Params):
    """Which rollout of a problem is kept."""

    select: Literal["shortest", "first"] = "shortest"
    """Among the correct rollouts; ties go to the lowest rollout index."""


class PublishParams(Params):
    """Where the data set goes, and what its card says."""

    target: str | None = None
    """Folder or fsspec URL; default: <workspace>/published."""
    title: str | None = None
    license: str | None = None
    """License of the data set, as a Hub license id."""


class Recipe(Params):
    """A whole recipe, one section a stage."""

    name: str = Field(pattern=NAME_PATTERN)
    """Name of the data set in the workspace."""
    source: tuple[SourceParams, ...] = Field(min_length=1)
    ingest: IngestParams = IngestParams()
    models: ModelsParams
    formalize: FormalizeParams = FormalizeParams()
    reason: ReasonParams = ReasonParams()
    curate: CurateParams = CurateParams()
    publish: PublishParams = PublishParams()

    @field_validator("source", mode="before")
    @classmethod
    def _wrap_single_source(cls, source: Any) -> Any:
        return [source] if isinstance(source, dict) else source
