"""Where the data set goes."""

from schemas.recipe.base import Params


class PublishParams(Params):
    """Where the data set goes, and what its card says."""

    target: str | None = None
    """Folder or fsspec URL; default: <workspace>/published."""
    title: str | None = None
    license: str | None = None
    """License of the data set, as a Hub license id."""
