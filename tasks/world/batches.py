"""Training examples of the small model as tensors: what it is asked, what it should say.

Three tasks, told apart by their prompts, which are those of the pipeline: `formalize` (image to
formal text), `reason` (formal text and question to thought and box), `answer` (image and question
to a box at once). A batch follows from seed, process and round alone, so a run can be resumed.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerFast

from prompts import load_prompt, render_options
from tasks.world.figures import Figure
from tasks.world.forward import Batch, ImageGroup, cut_patches
from tasks.world.marks import label_patches, measure_grid
from tasks.world.problems import KINDS, SEEDS, make_figure

TASKS = ("formalize", "reason", "answer")
SORTED_BATCHES = 8
"""Batches drawn together and sorted by length, so that little is padded."""


@dataclass(frozen=True, slots=True)
class Example:
    """One tokenized example."""

    prompt: list[int]
    target: list[int]
    patches: NDArray[np.uint8] | None
    """(patches, values) of the image, in merge order."""
    grid: tuple[int, int]
    """Rows and columns of merged patches; (0, 0) without an image."""
    lessons: NDArray[np.int64] | None
    """(merged patches, pieces): what each merged patch shows, in `marks.PIECES`."""

    @property
    def order(self) -> tuple[tuple[int, int], int]:
        """Sorts examples that batch well beside each other."""
        return self.grid, len(self.prompt) + len(self.target)


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the training a task on a kind gets."""

    task: str
    kind: str
    weight: float


def make_exchange(task: str, figure: Figure, rng: random.Random) -> tuple[str, str]:
    """Make the prompt and the completion of one example."""
    if task == "formalize":
        return load_prompt("formalize.world").render()[0].text, figure.formal_text
    question = figure.ask(rng)
    options = render_options(question.options)
    if task == "reason":
        prompt = load_prompt("reason.world")
        messages = prompt.render(
            formal_text=figure.formal_text, question=question.text, options=options
        )
        return messages[0].text, question.reasoning
    messages = load_prompt("answer.world").render(question=question.text, options=options)
    return messages[0].text, f"\\boxed{{{question.answer}}}"


class ExampleMaker:
    """Makes examples and batches with one tokenizer."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        """Tokenize what all examples share."""
        self._encode = tokenizer.encode
        self._opening = self._encode("<|im_start|>user\n")
        self._vision = self._encode("<|vision_start|><|image_pad|><|vision_end|>")
        self._closing = self._encode("<|im_end|>\n<|im_start|>assistant\n")
        self._end = self._encode("<|im_end|>")

    def make_example(self, task: str, kind: str, seed: int) -> Example:
        """Make the example of one task, kind and seed."""
        figure, rng = make_figure(kind, seed)
        text, target = make_exchange(task, figure, rng)
        drawing = None if task == "reason" else figure.draw(rng)
        grid = (0, 0) if drawing is None else measure_grid(drawing.image)
        start, pad, end = self._vision
        picture = [] if drawing is None else [start, *[pad] * (grid[0] * grid[1]), end]
        prompt = [*self._opening, *picture, *self._encode(text), *self._closing]
        target_tokens = [*self._encode(target), *self._end]
        if drawing is None:
            return Example(prompt, target_tokens, None, grid, None)
        lessons = label_patches(drawing.marks, grid)
        return Example(prompt, target_tokens, cut_patches(drawing.image), grid, lessons)

    def stream(
        self, shares: list[Share], size: int, *, seed: int, rank: int, first: int
    ) -> Iterator[Batch]:
        """Yield batches for ever, beginning with number `first`."""
        number = first - first % SORTED_BATCHES
        while True:
            batches = self._draw_batches(shares, size, f"{seed}/{rank}/{number}")
            # The order is the same in every process, so that they wait little for each other.
            random.Random(f"{seed}/{number}").shuffle(batches)
            for examples in batches:
                if number >= first:
                    yield collate(examples, self.image_offset)
                number += 1

    @property
    def image_offset(self) -> int:
        """Position of the first image token."""
        return len(self._opening) + 1

    def _draw_batches(self, shares: list[Share], size: int, seed: str) -> list[list[Example]]:
        rng = random.Random(seed)
        weights = [share.weight for share in shares]
        picked = rng.choices(shares, weights, k=size * SORTED_BATCHES)
        examples = [
            self.make_example(share.task, share.kind, rng.choice(SEEDS["train"]))
            for share in picked
        ]
        examples.sort(key=lambda example: example.order)
        return [examples[i : i + size] for i in range(0, len(examples), size)]

    def make_held_out(self, num: int) -> dict[str, list[Batch]]:
        """Make `num` benchmark examples of each task and kind, under the name task/kind."""
        batches: dict[str, list[Batch]] = {}
        for task in TASKS:
            for kind in KINDS:
                seeds = SEEDS["benchmark"][-num:]
                examples = [self.make_example(task, kind, seed) for seed in seeds]
                parts = [examples[i : i + 32] for i in range(0, num, 32)]
                batches[f"{task}/{kind}"] = [collate(part, self.image_offset) for part in parts]
        return batches


def collate(examples: list[Example], image_offset: int) -> Batch:
    """Pad examples to one length, place their images, and number their positions."""
    longest = max(len(example.prompt) + len(example.target) for example in examples)
    width = -(-longest // 8) * 8
    tokens = np.zeros((len(examples), width), np.int64)
    positions = np.tile(np.arange(width), (3, len(examples), 1))
    sources: list[int] = []
    targets: list[int] = []
    owners: list[int] = []
    for row, example in enumerate(examples):
        sequence = example.prompt + example.target
        tokens[row, : len(sequence)] = sequence
        if example.patches is not None:
            _number_image(positions[:, row], example.grid, image_offset)
        sources += range(row * width + len(example.prompt) - 1, row * width + len(sequence) - 1)
        targets += example.target
        owners += [row] * len(example.target)
    return Batch(
        tokens=torch.from_numpy(tokens),
        positions=torch.from_numpy(positions),
        images=_group_images(examples, width, image_offset),
        sources=torch.tensor(sources),
        targets=torch.tensor(targets),
        owners=torch.tensor(owners),
    )


def _number_image(positions: NDArray[np.int64], grid: tuple[int, int], offset: int) -> None:
    """Give image tokens their (time, row, column) positions, and go on after the longest side."""
    num = grid[0] * grid[1]
    positions[0, offset : offset + num] = offset
    positions[1, offset : offset + num] = offset + np.arange(num) // grid[1]
    positions[2, offset : offset + num] = offset + np.arange(num) % grid[1]
    rest = positions.shape[1] - offset - num
    positions[:, offset + num :] = offset + max(grid) + np.arange(rest)


def _group_images(examples: list[Example], width: int, offset: int) -> list[ImageGroup]:
    groups: dict[tuple[int, int], list[int]] = {}
    for row, example in enumerate(examples):
        if example.patches is not None:
            groups.setdefault(example.grid, []).append(row)
    made: list[ImageGroup] = []
    for grid, rows in groups.items():
        patches = np.stack([_present(examples[row].patches) for row in rows])
        lessons = np.stack([_present(examples[row].lessons) for row in rows])
        span = np.arange(grid[0] * grid[1]) + offset
        places = (np.array(rows)[:, None] * width + span).reshape(-1)
        arrays = (torch.from_numpy(array) for array in (patches, places, lessons))
        made.append(ImageGroup(grid, *arrays))
    return made


def _present(array: NDArray[Any] | None) -> NDArray[Any]:
    assert array is not None
    return array
