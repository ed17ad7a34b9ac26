"""Measuring the small model: what counts as right, and the card that tells it."""

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra 'embedded' is not installed")

from tasks.world import KINDS, WorldProblem, list_problems
from tasks.world.card import FIGURES, render_card
from tasks.world.evaluation import NUM_ROLLOUTS, WELL_FORMED, evaluate_kind, is_right


class Oracle:
    """Completes as a perfect model would, but for every second rollout."""

    def __init__(self, problems: list[WorldProblem]) -> None:
        self._problems = problems

    def complete(self, asks, *, max_tokens: int, temperature: float = 0.0) -> list[str]:
        per_problem = len(asks) // len(self._problems)
        texts = []
        for index, ask in enumerate(asks):
            problem = self._problems[index // per_problem]
            if ask.text == "Formalize the image.":
                texts.append(problem.formal_text)
            elif per_problem > 1 and index % 2:
                texts.append("<think>no idea</think>\n\\boxed{?}")
            else:
                texts.append(problem.question.reasoning)
        return texts


@pytest.mark.parametrize("kind", KINDS)
def test_a_perfect_model_scores_one_and_a_half_wrong_one_is_mixed(kind: str):
    problems = list_problems(6, "benchmark", (kind,))
    scores = evaluate_kind(Oracle(problems), kind, 6, temperature=1.0)
    assert (scores.formal_exact, scores.formal_valid) == (1.0, 1.0)
    assert (scores.reasoning_right, scores.well_formed, scores.direct_right) == (1.0, 1.0, 1.0)
    assert (scores.rollout_right, scores.any_right, scores.mixed) == (0.5, 1.0, 1.0)


def test_an_answer_inside_the_thought_alone_is_not_right():
    problem = list_problems(1, "benchmark")[0]
    assert not is_right(problem, f"<think>\\boxed{{{problem.question.answer}}}")


@pytest.mark.parametrize("text", ["\\boxed{3}", "<think>a</think>", "<think>a</think>\n\\boxed{}"])
def test_a_missing_thought_or_box_is_not_well_formed(text: str):
    assert not WELL_FORMED.fullmatch(text)


def test_the_card_tells_every_figure(tmp_path: Path):
    record = {
        **{"num_parameters": 2_000_000, "num_steps_done": 10, "batch_size": 4},
        **{"num_processes": 2, "learning_rate": 0.01, "decay_fraction": 0.35},
        **{"seconds": 3600, "device": "2 CPU cores"},
    }
    (tmp_path / "training.json").write_text(json.dumps(record))
    scores = {kind: {"num_problems": 8.0, **dict.fromkeys(FIGURES, 0.5)} for kind in KINDS}
    card = render_card(tmp_path, scores, 1.0, NUM_ROLLOUTS)
    assert all(meaning in card for meaning in FIGURES.values())
    assert "10 steps of 8 examples (80 in all)" in card
