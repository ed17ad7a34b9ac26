"""Grounding: numbers and labels of a thought that nothing gave it and that it did not compute.

A reasoner that reads instead of sees invents what the formal text left out: 16 to 26 % of its
chains are right on geometry and figures (OpenVLThinker, arXiv 2503.17352, Figure 11). A number is
grounded if it stands in the formal text or the question (rounded or as percent, too), is a small
count or a common constant, or is what arithmetic in the thought comes to. A label is grounded if
it, or each of its letters, stands there, or the thought introduces it. Linear in the texts.
"""

from dataclasses import dataclass

from tasks.curation.labels import find_capitals, find_introduced, find_labels, is_spelled
from tasks.curation.numerals import count_decimals, find_numbers, find_results, read_values

MAX_COUNT = 10
"""Largest whole number that counts things, steps or options and needs no source."""
COMMON_NUMBERS = frozenset(
    {12.0, 24.0, 30.0, 45.0, 60.0, 90.0, 100.0, 180.0, 270.0, 360.0, 365.0, 1000.0, 3.14, 3.1416}
)
"""Angles, percent, clock and calendar, pi: known without an image."""
MAX_UNGROUNDED_FRACTION = 0.2
MAX_DECIMALS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounding:
    """What of a thought has no ground."""

    numbers: tuple[str, ...]
    """Distinct ungrounded numbers as written, in order."""
    labels: tuple[str, ...]
    """Distinct ungrounded labels."""
    num_checked: int
    """Distinct numbers and labels of the thought that needed a ground."""

    @property
    def ungrounded_fraction(self) -> float:
        """Ungrounded numbers and labels / those checked; 0 where there were none."""
        return (len(self.numbers) + len(self.labels)) / max(1, self.num_checked)


def check_grounding(
    thought: str,
    formal_text: str,
    question: str,
    *,
    max_count: int = MAX_COUNT,
    common: frozenset[float] = COMMON_NUMBERS,
) -> Grounding:
    """List the numbers and labels of a thought that nothing grounds.

    Args:
        thought: The reasoning.
        formal_text: What the reasoner was given in place of the image.
        question: The question with its options.
        max_count: Whole numbers up to it need no ground.
        common: Numbers that everybody knows.
    """
    given = f"{formal_text}\n{question}"
    numbers = {
        text: value
        for text, value in find_numbers(thought).items()
        if value not in common and not (value <= max_count and value.is_integer())
    }
    labels = find_labels(thought)
    return Grounding(
        numbers=_find_ungrounded(numbers, read_values(given) | find_results(thought)),
        labels=_find_unknown(labels, find_capitals(given) | find_introduced(thought)),
        num_checked=len(numbers) + len(labels),
    )


def is_ungrounded(
    grounding: Grounding, max_fraction: float = MAX_UNGROUNDED_FRACTION, *, min_checked: int = 5
) -> bool:
    """Tell whether too much has no ground (drop_reason `ungrounded`).

    Below `min_checked` numbers and labels a fraction says little: none may be ungrounded then
    beyond the fraction of `min_checked`.
    """
    num_ungrounded = len(grounding.numbers) + len(grounding.labels)
    return num_ungrounded > max_fraction * max(grounding.num_checked, min_checked)


def _find_ungrounded(numbers: dict[str, float], grounds: set[float]) -> tuple[str, ...]:
    """Return the numbers that no ground rounds to, as it is, per cent or as a fraction of 1."""
    decimals = {text: min(count_decimals(text), MAX_DECIMALS) for text in numbers}
    rounded = {
        places: {round(ground * scale, places) for ground in grounds for scale in (1, 100, 0.01)}
        for places in set(decimals.values())
    }
    return tuple(
        text
        for text, value in numbers.items()
        if round(value, decimals[text]) not in rounded[decimals[text]]
    )


def _find_unknown(labels: list[str], known: set[str]) -> tuple[str, ...]:
    letters = {letter for label in known if label.isalpha() for letter in label}
    return tuple(label for label in labels if label not in known and not is_spelled(label, letters))
