"""What counts as equal where sources differ: tolerances, units, percentages, order, fuzzy text.

A policy is chosen once a source; its text stands in every verdict that it gave. The defaults are
strict: nothing is rounded and no text is guessed at.
"""

import math
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache


class UnitPolicy(StrEnum):
    """What happens where one side has a unit of measure and the other has none.

    Units that are on both sides must always agree, or convert: `50 mm` is `5 cm`, `5 m` is not.
    """

    LENIENT = "lenient"
    """The unit may be left out on either side: `5`, `5 cm` and gold `5 cm`, gold `5`."""
    STRICT = "strict"
    """Both sides have a unit, or neither has: gold `5 cm` refuses `5`, gold `5` refuses `5 cm`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The choices that make two answers equal or not.

    Neither side is ever rounded: a number is right within
    `max(absolute_tolerance, relative_tolerance * abs(gold))` of the gold number. Of a whole gold
    number the relative tolerance is taken of 1 (1,000,001 is not 1,000,000), unless
    `round_whole_numbers`.

    Raises:
        ValueError: A tolerance is negative or not finite, the relative one is 1 or more, or the
            ratio is not from 1 to 100.
    """

    relative_tolerance: float = 1e-6
    """Of the gold number, 0 or more and under 1 (VLMEvalKit 1e-6, MM-Math 0.01)."""
    absolute_tolerance: float = 0.0
    """In the gold's unit (DynaMath 0.001)."""
    round_whole_numbers: bool = False
    """Whether the relative tolerance is of whole golds, too (ChartQA: 0.05 takes 95 for 100)."""
    units: UnitPolicy = UnitPolicy.LENIENT
    percent_equals_fraction: bool = True
    """Whether 50% and 0.5 are equal; if not, 50% and 50 still are, the sign being left out."""
    ratio_equals_fraction: bool = False
    """Whether 1:2 and 1/2 are equal."""
    ordered_lists: bool = True
    """Whether a list without brackets has an order; braces never have one, brackets always."""
    fuzzy_text_ratio: float | None = None
    """Least similarity of texts, in percent (rapidfuzz's ratio); None: no text is guessed at."""
    description: str = field(init=False, repr=False, compare=False)
    """What applied, for people: `tolerance 0.01 relative; units lenient`."""

    def __post_init__(self) -> None:
        """Check the figures, and write the description once."""
        object.__setattr__(self, "units", UnitPolicy(self.units))
        for name in ("relative_tolerance", "absolute_tolerance"):
            _check_tolerance(name, getattr(self, name))
        if self.relative_tolerance >= 1:
            raise ValueError(
                f"relative_tolerance must be under 1, got {self.relative_tolerance!r}; "
                "write 5 % as 0.05"
            )
        if self.fuzzy_text_ratio is not None and not 1 <= self.fuzzy_text_ratio <= 100:
            raise ValueError(
                f"fuzzy_text_ratio must be from 1 to 100, got {self.fuzzy_text_ratio!r}; "
                "give it in percent, or None for exact text"
            )
        object.__setattr__(self, "description", "; ".join(_describe(self)))


def is_within_tolerance(gold: Fraction, answer: Fraction, policy: Policy) -> bool:
    """Tell whether a value is within the policy's tolerance of the gold value."""
    if gold == answer:
        return True
    is_whole = gold.denominator == 1 and not policy.round_whole_numbers
    relative = _to_fraction(policy.relative_tolerance) * (1 if is_whole else abs(gold))
    return abs(gold - answer) <= max(relative, _to_fraction(policy.absolute_tolerance))


def _check_tolerance(name: str, value: float) -> None:
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} must be a number of 0 or more, got {value!r}")


@lru_cache(maxsize=64)
def _to_fraction(tolerance: float) -> Fraction:
    """Take a tolerance as it is written: 0.1 is 1/10."""
    return Fraction(repr(float(tolerance)))


def _describe(policy: Policy) -> list[str]:
    absolute = f" or {policy.absolute_tolerance:g} absolute" if policy.absolute_tolerance else ""
    told = [f"tolerance {policy.relative_tolerance:g} relative{absolute}", f"units {policy.units}"]
    if policy.round_whole_numbers:
        told.append("whole numbers rounded")
    if not policy.percent_equals_fraction:
        told.append("percent is no fraction")
    if policy.ratio_equals_fraction:
        told.append("ratio is a fraction")
    if not policy.ordered_lists:
        told.append("lists in any order")
    if policy.fuzzy_text_ratio is not None:
        told.append(f"texts {policy.fuzzy_text_ratio:g} % alike")
    return told


DEFAULT_POLICY = Policy()
