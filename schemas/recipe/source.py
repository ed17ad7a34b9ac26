"""Where problems come from, and how they are taken in."""

from pydantic import Field

from schemas.recipe.base import NAME_PATTERN, Params


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
