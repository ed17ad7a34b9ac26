"""What one model of a run does over time. A kernel: it is shown its figures again and again."""

from collections import deque
from dataclasses import asdict, dataclass, field

from schemas.figures import Figures, ModelFigures

RATE_SECONDS = 30.0
"""Tokens per second are of the last so many seconds."""
FULL_SHARE = 0.9
"""Of the slots in use, from which a server counts as full."""


@dataclass(slots=True)
class ModelMeter:
    """The figures of one model, and their sums over time."""

    role: str
    model: str
    stage: str
    """Stage that asks it."""
    fingerprint: str
    """Of the table that the stage makes."""
    figures: Figures | None = None
    """The latest."""
    busy_seconds: float = 0.0
    slot_seconds: float = 0.0
    full_seconds: float = 0.0
    max_limit: int = 0
    """As in `ModelFigures`."""
    _moments: deque[tuple[float, int, int]] = field(default_factory=deque[tuple[float, int, int]])
    """(seconds, prompt tokens, completion tokens) of late, the earliest first."""

    def observe(self, now: float, figures: Figures) -> None:
        """Take in the figures of a moment; what was so until then is what was seen before."""
        before = self.figures
        if before is None or not is_busy(before, figures):
            self._moments.clear()
        else:
            seconds = now - self._moments[-1][0]
            # Between two looks the mean of both is as good a guess as there is.
            slots = max((before.in_flight + figures.in_flight) / 2, 1.0)
            self.busy_seconds += seconds
            self.slot_seconds += slots * seconds
            self.max_limit = max(self.max_limit, figures.limit)
            self.full_seconds += seconds if slots >= FULL_SHARE * figures.limit else 0.0
        self.figures = figures
        self._moments.append((now, figures.prompt_tokens, figures.completion_tokens))
        while now - self._moments[0][0] > RATE_SECONDS:
            self._moments.popleft()

    @property
    def tokens_per_second(self) -> tuple[float, float]:
        """Tokens of prompts and of completions, of the replies that came of late."""
        if len(self._moments) < 2:
            return 0.0, 0.0
        first, last = self._moments[0], self._moments[-1]
        seconds = max(last[0] - first[0], 1e-3)
        return (last[1] - first[1]) / seconds, (last[2] - first[2]) / seconds

    def sum_up(self) -> ModelFigures | None:
        """Return what the model did; None: nothing was seen of it."""
        if self.figures is None:
            return None
        counts = {
            name: value
            for name, value in asdict(self.figures).items()
            if name in ModelFigures.model_fields
        }
        return ModelFigures(
            role=self.role,
            model=self.model,
            stage=self.stage,
            fingerprint=self.fingerprint,
            busy_seconds=round(self.busy_seconds, 3),
            slot_seconds=round(self.slot_seconds, 3),
            full_seconds=round(self.full_seconds, 3),
            max_limit=self.max_limit,
            **counts,
        )


def is_busy(before: Figures, figures: Figures) -> bool:
    """Whether requests were at the servers between two looks."""
    has_answered = figures.num_replies > before.num_replies
    return bool(before.in_flight or figures.in_flight) or has_answered
