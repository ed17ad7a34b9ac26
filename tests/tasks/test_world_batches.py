"""Training examples: the pipeline's own prompts, whole sequences, the positions of the model."""

import random

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import numpy as np

from prompts import render_options
from tasks.world import KINDS, make_figure
from tasks.world.batches import Example, collate, make_exchange
from tasks.world.figures import Question


class Asked:
    """A figure with one known question."""

    formal_text = "label,value\nK,4"

    def ask(self, rng: random.Random) -> Question:
        return Question(
            name="look-up",
            text="What is the value of K?",
            answer="B",
            steps="K=4. 4 is B.",
            difficulty=1,
            options=("3", "4"),
        )


@pytest.mark.parametrize(
    ("task", "prompt", "target"),
    [
        ("formalize", "Formalize the image.", "label,value\nK,4"),
        (
            "reason",
            "Facts:\nlabel,value\nK,4\nQuestion: What is the value of K?\n(A) 3\n(B) 4",
            "<think>K=4. 4 is B.</think>\n\\boxed{B}",
        ),
        ("answer", "What is the value of K?\n(A) 3\n(B) 4", "\\boxed{B}"),
    ],
)
def test_prompts_and_targets_are_these(task: str, prompt: str, target: str):
    assert make_exchange(task, Asked(), random.Random(0)) == (prompt, target)


@pytest.mark.parametrize("kind", KINDS)
def test_a_question_without_options_ends_its_prompt(kind: str):
    for seed in range(20):
        figure, rng = make_figure(kind, seed)
        state = rng.getstate()
        question = figure.ask(rng)
        rng.setstate(state)
        prompt, _ = make_exchange("reason", figure, rng)
        assert prompt.endswith(render_options(question.options) or question.text)


def test_a_batch_learns_each_target_token_from_the_one_before_it():
    examples = [
        Example([7, 8], [9, 10, 2], None, (0, 0), None),
        Example([7], [11, 2], None, (0, 0), None),
    ]
    batch = collate(examples, image_offset=1)
    assert batch.tokens.shape == (2, 8)
    assert batch.tokens.flatten()[batch.sources + 1].tolist() == batch.targets.tolist()
    assert batch.targets.tolist() == [9, 10, 2, 11, 2]
    assert batch.owners.tolist() == [0, 0, 0, 1, 1]


def test_image_positions_are_rows_and_columns_and_text_goes_on_after_them():
    patches = np.zeros((24, 588), np.uint8)
    lessons = np.zeros((6, 3), np.int64)
    example = Example([1, *[5] * 6, 3], [4], patches, (2, 3), lessons)
    batch = collate([example], image_offset=1)
    time, row, column = batch.positions[:, 0, :9].tolist()
    assert time == [0, 1, 1, 1, 1, 1, 1, 4, 5]
    assert row == [0, 1, 1, 1, 2, 2, 2, 4, 5]
    assert column == [0, 1, 2, 3, 1, 2, 3, 4, 5]
    assert batch.images[0].places.tolist() == [1, 2, 3, 4, 5, 6]
