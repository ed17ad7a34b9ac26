"""Which format the formal text of an image is written in, and why. A kernel.

An image's kind comes from the recipe's map of sources and domains, else from a classifier's
reply; the kind gives the format.
Source: a formal language for each kind of image, R1-Onevision, arXiv 2503.10615. It publishes no
rule of routing; this one is ours.
"""

import re
from dataclasses import dataclass
from typing import get_args

from schemas.recipe import FormalizeParams, FormatName, ImageKind

KINDS: tuple[ImageKind, ...] = get_args(ImageKind)
_KIND_WORD = re.compile(rf"\b(?:{'|'.join(KINDS)})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A format, and what it was chosen by."""

    format: FormatName
    kind: ImageKind | None
    """None: nobody said what the image shows."""
    reason: str
    """`domain`, `source`, `classifier`, `classifier_unclear` or `recipe`."""


def route_by_map(source: str, domain: str | None, params: FormalizeParams) -> Route | None:
    """Route a problem by the recipe's map, its domain before its source; None: not named there."""
    for reason, name in (("domain", domain), ("source", source)):
        kind = params.route.kinds.get(name or "")
        if kind is not None:
            return Route(format=params.route.get_format(kind), kind=kind, reason=reason)
    return None


def route_by_reply(text: str | None, params: FormalizeParams) -> Route:
    """Route a problem by a classifier's reply, which must name exactly one kind."""
    kind = read_kind(text or "")
    if kind is None:
        return Route(format=params.format, kind=None, reason="classifier_unclear")
    return Route(format=params.route.get_format(kind), kind=kind, reason="classifier")


def route_by_default(params: FormalizeParams) -> Route:
    """Route a problem that no rule names."""
    return Route(format=params.format, kind=None, reason="recipe")


def read_kind(text: str) -> ImageKind | None:
    """Read the one kind that a reply names after its thought; None where it names none or several.

    Example:
        `read_kind("**Chart**.")` is `chart`; `read_kind("a table or a chart")` is None.
    """
    named = {word.lower() for word in _KIND_WORD.findall(text.rpartition("</think>")[2][-2000:])}
    return next((kind for kind in KINDS if named == {kind}), None)
