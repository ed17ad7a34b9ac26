"""A formal text as a picture, and the bounds that all pictures keep."""

from dataclasses import dataclass

from markupsafe import Markup

MAX_BYTES = 48_000
"""Of the markup of one picture; what is larger is not drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A formal text as a picture that a page can hold."""

    markup: Markup
    """No script, no style of its own, nothing that loads."""
    caption: str
    """What a reader must know of the picture."""
    is_overlay: bool = False
    """To be laid over the image, which it fits exactly."""
