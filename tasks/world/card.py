"""The small model's card: what it is, how it was made, what was measured."""

import json
from pathlib import Path
from typing import Any

FIGURES = {
    "formal_exact": "formal text exactly right (greedy)",
    "formal_valid": "formal text syntactically valid (greedy)",
    "reasoning_right": "reasoning from the true formal text right (greedy)",
    "well_formed": "thought and box well-formed (greedy)",
    "rollout_right": "pipeline: rollouts right (sampled)",
    "any_right": "pipeline: problems with at least one right rollout",
    "mixed": "pipeline: problems with right and wrong rollouts",
    "direct_right": "answer directly from the image right (greedy)",
}
CARD = """\
---
license: apache-2.0
library_name: transformers
pipeline_tag: image-text-to-text
tags: [qwen2_5_vl, from-scratch, synthetic]
---

# Sightline's small model

A Qwen2.5-VL of {millions:.1f} million parameters, trained from scratch on a miniature visual world:
scenes of colored shapes, bar charts, tables, and polygons with labelled sides. It is there so that
the whole pipeline can be seen, tested and trained on any machine without a GPU or a download. It
knows nothing else, and is sometimes wrong, as real models are.

It does three tasks, told apart by the prompts in `prompts/`: `formalize.world` (an image to its
formal text), `reason.world` (formal text and question to `<think>...</think>` and a boxed answer),
`answer.world` (an image and a question to a boxed answer at once; weak on purpose, as a base that
training improves).

## Figures

On {num} held-out problems of each kind; rollouts: {rollouts} a problem from the model's own formal
text, at temperature {temperature:g}. Answers are graded by the pipeline's verifier. To repeat:
`python -m tasks.world.evaluation --num {num} --temperature {temperature:g}`

{table}

## How it was made

`python -m tasks.world.trainer`: {steps:,} steps of {batch} examples ({examples:,} in all), in bf16
with Muon on the matrices and AdamW on the rest, a highest learning rate of {rate:g} that falls over
the last {decay:.0%} of the steps; {hours:.1f} hours on {device}. Training, sample and benchmark
come from disjoint ranges of seeds: no image is of two of them, though what a scene of few shapes
holds may recur in another image. The mix of lessons and the number of steps were adapted while
it trained, so the command gives a like model, not the same bytes.

It was trained on images of 112 x 112 and 140 x 112 pixels; others are resized to between 112 x 112
and 168 x 168. There is no video processor: load the tokenizer and the image processor, or serve the
folder with `sightline serve-model` or vLLM.
"""


def render_card(
    folder: Path, scores: dict[str, dict[str, float]], temperature: float, num_rollouts: int
) -> str:
    """Write the card from the measured scores and the training record in the folder."""
    record: dict[str, Any] = json.loads((folder / "training.json").read_text("utf-8"))
    return CARD.format(
        millions=record["num_parameters"] / 1e6,
        num=int(next(iter(scores.values()))["num_problems"]),
        rollouts=num_rollouts,
        temperature=temperature,
        table=render_table(scores),
        steps=record["num_steps_done"],
        batch=record["batch_size"] * record["num_processes"],
        examples=record["num_steps_done"] * record["batch_size"] * record["num_processes"],
        rate=record["learning_rate"],
        decay=record["decay_fraction"],
        hours=record["seconds"] / 3600,
        device=record["device"],
    )


def render_table(scores: dict[str, dict[str, float]]) -> str:
    """Write figures as rows, kinds as columns, their mean last."""
    kinds = list(scores)
    lines = [f"| | {' | '.join(kinds)} | all |", "|---|" + "---:|" * (len(kinds) + 1)]
    for name, meaning in FIGURES.items():
        values = [scores[kind][name] for kind in kinds]
        cells = [f"{value:.1%}" for value in (*values, sum(values) / len(values))]
        lines.append(f"| {meaning} | {' | '.join(cells)} |")
    return "\n".join(lines)
