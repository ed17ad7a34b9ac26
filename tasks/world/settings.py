"""How the small model was trained: every setting, and the mix of its lessons."""

from dataclasses import dataclass

from tasks.world.batches import Share
from tasks.world.problems import KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the shipped model was trained."""

    seed: int = 1
    num_steps: int = 14_000
    batch_size: int = 24
    """Examples of each process in a step."""
    num_processes: int = 2
    """On a CPU; one is used on a GPU, with their batches together."""
    average_every_steps: int = 8
    """Processes train apart for so many steps, then average their parameters: local SGD."""
    learning_rate: float = 2.5e-3
    warmup_steps: int = 150
    decay_fraction: float = 0.4
    final_rate_fraction: float = 0.02
    reading_steps: int = 640
    """First, the vision tower alone learns to read marks; see `marks`."""
    reading_batch_size: int = 48
    lesson_weight: float = 0.5
    """Of the reading lessons' loss beside that of the texts, afterwards."""
    early_fraction: float = 0.0966
    """The part of the steps in which `EARLY_WEIGHTS` hold; then `LATE_WEIGHTS`."""
    num_held_out: int = 64
    """Examples of each task and kind that a curve is measured on."""
    evaluate_every_seconds: float = 240.0
    checkpoint_every_seconds: float = 120.0

    @property
    def num_early_steps(self) -> int:
        """Steps with the early mix."""
        return int(self.num_steps * self.early_fraction)


EARLY_WEIGHTS = {
    "formalize": {"scene": 11.0, "bars": 11.0, "table": 15.0, "geometry": 17.0},
    "reason": {"scene": 13.0, "bars": 10.0, "table": 10.0, "geometry": 10.0},
    "answer": {"scene": 1.0, "bars": 1.0, "table": 1.0, "geometry": 1.0},
}
LATE_WEIGHTS = {
    "formalize": {"scene": 5.0, "bars": 4.0, "table": 4.0, "geometry": 11.0},
    "reason": {"scene": 8.0, "bars": 20.0, "table": 42.0, "geometry": 13.0},
    "answer": {"scene": 1.0, "bars": 1.0, "table": 1.0, "geometry": 1.0},
}
READING_SHARES = [Share("formalize", kind, 1.0) for kind in KINDS]


def list_shares(step: int, settings: Settings) -> list[Share]:
    """Give the mix of tasks and kinds at a step."""
    weights = EARLY_WEIGHTS if step < settings.num_early_steps else LATE_WEIGHTS
    return [Share(task, kind, weights[task][kind]) for task in weights for kind in KINDS]


def scale_rate(step: int, settings: Settings) -> float:
    """Give the learning rate at a step as a fraction of the highest: warm up, stay, fall."""
    decay_steps = settings.num_steps * settings.decay_fraction
    left = (settings.num_steps - step) / decay_steps
    falling = max(settings.final_rate_fraction, min(1.0, left))
    return min(1.0, (step + 1) / settings.warmup_steps) * falling
