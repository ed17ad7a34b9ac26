"""What the model of the race benchmark says: lengths and correctness, and what they must cost."""

import math
import random
from dataclasses import dataclass
from statistics import NormalDist

from tests.benchmarks.race_share import expect_share

MEAN_TOKENS = 200


@dataclass(frozen=True)
class World:
    """What the model says: lengths and correctness follow from the problem and the index."""

    sigma: float
    rate: float

    def draw(self, problem: int, index: int) -> tuple[int, bool]:
        """Return the tokens of a rollout, and whether it is correct."""
        dice = random.Random(f"{problem} {index}")
        z, u = dice.gauss(), dice.random()
        return max(1, round(self._median * math.exp(self.sigma * z))), u < self.rate

    @property
    def _median(self) -> float:
        return MEAN_TOKENS / math.exp(self.sigma**2 / 2)

    def expect_share(self, k: int) -> float:
        """Return the exact expectation, by the quantiles of the distribution."""
        normal, steps = NormalDist(), 20_000
        zs = [normal.inv_cdf((step + 0.5) / steps) for step in range(steps)]
        lengths = [max(1, round(self._median * math.exp(self.sigma * z))) for z in zs]
        return expect_share(lengths, self.rate, k)

    def select(self, problem: int, k: int) -> int | None:
        """Return the index that full sampling selects."""
        drawn = [(*self.draw(problem, index), index) for index in range(k)]
        right = [(tokens, index) for tokens, is_correct, index in drawn if is_correct]
        return min(right)[1] if right else None

    def count_tokens(self, num_problems: int, k: int) -> int:
        """Return the tokens of full sampling."""
        return sum(self.draw(p, index)[0] for p in range(num_problems) for index in range(k))
