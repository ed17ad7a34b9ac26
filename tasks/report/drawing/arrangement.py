"""Where the points of a figure lie, as far as they are placed."""

from collections.abc import Iterable
from dataclasses import dataclass, field

Point = complex
"""Screen coordinates: y grows downwards."""


@dataclass(slots=True)
class Arrangement:
    """Places of points, radii of circles, and how true they are."""

    points: dict[str, Point] = field(default_factory=dict[str, Point])
    radii: dict[str, float] = field(default_factory=dict[str, float])
    """Center to radius."""
    told: str = ""

    def has(self, names: Iterable[str]) -> bool:
        """Say whether all of some points have a place."""
        return all(name in self.points for name in names)
