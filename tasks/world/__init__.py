"""The miniature visual world, and the small model that is trained on it.

The world, kernels that need no torch: `problems` makes images with questions by kind and seed, of
`scenes`, `bars`, `tables` and `geometry`, which draw on `canvas` and ask by `figures`; `source`
writes them as a source folder. The model: `model`, `tokenizer`, what it is taught (`batches`,
`marks`, `settings`), how (`forward`, `processes`, `trainer`), and what it can do (`completion`,
`evaluation`, `card`).

    python -m tasks.world FOLDER
    python -m tasks.world.trainer
    python -m tasks.world.evaluation
"""

from tasks.world.problems import (
    KINDS,
    SEEDS,
    WorldProblem,
    list_problems,
    make_figure,
    make_problem,
)
from tasks.world.source import write_source

__all__ = [
    "KINDS",
    "SEEDS",
    "WorldProblem",
    "list_problems",
    "make_figure",
    "make_problem",
    "write_source",
]
