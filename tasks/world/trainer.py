"""Train the small model of the miniature world from scratch, and write its folder.

    python -m tasks.world.trainer [--steps N] [--output data/model] [--run data/runs/world_trainer]

Run it again and it goes on from its last checkpoint. The optimizer is Muon on the matrices and
AdamW on the rest; the learning rate warms up, stays, and falls at the end, which matters much: the
formal text gets exact in that last part. All settings are in `settings`.
"""

import argparse
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoTokenizer, Qwen2_5_VLForConditionalGeneration

from tasks.world.batches import ExampleMaker
from tasks.world.forward import Batch, TrainingForward
from tasks.world.marks import NUM_PIECES, PIECES
from tasks.world.model import HIDDEN_SIZE, make_model, save_model_folder
from tasks.world.processes import Watch, average_parameters, run_processes
from tasks.world.settings import READING_SHARES, Settings, list_shares, scale_rate
from tasks.world.tokenizer import train_tokenizer

LOG = logging.getLogger(__name__)


def split_parameters(
    model: Qwen2_5_VLForConditionalGeneration,
) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Part the hidden matrices, which Muon trains, from everything else."""
    matrices: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        is_hidden = parameter.ndim == 2 and "embed_tokens" not in name and "lm_head" not in name
        (matrices if is_hidden else others).append(parameter)
    return matrices, others


class Trainer:
    """One process's part of the training."""

    def __init__(self, settings: Settings, run: Path, output: Path, rank: int) -> None:
        """Make or load the model, its tokenizer and its optimizers."""
        self.settings, self.run, self.output, self.rank = settings, run, output, rank
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.tokenizer = AutoTokenizer.from_pretrained(run / "tokenizer")
        self.model = make_model(self.tokenizer, settings.seed)
        nn.Module.to(self.model, device)  # The model's own `to` is wrapped and loses its types.
        self.reader = nn.Linear(HIDDEN_SIZE, NUM_PIECES * len(PIECES)).to(device)
        matrices, others = split_parameters(self.model)
        others += self.reader.parameters()
        self.optimizers: list[torch.optim.Optimizer] = [
            torch.optim.Muon(
                matrices,
                lr=settings.learning_rate,
                weight_decay=0.0,
                momentum=0.95,
                ns_steps=4,
                adjust_lr_fn="match_rms_adamw",
            ),
            torch.optim.AdamW(
                others, lr=settings.learning_rate, betas=(0.9, 0.98), weight_decay=0.0
            ),
        ]
        self.forward = TrainingForward(self.model, torch.bfloat16)
        self.maker = ExampleMaker(self.tokenizer)
        self.step = 0
        self.seconds = 0.0
        self._load_checkpoint()

    def train(self) -> None:
        """Run all steps that are left, then write the model folder."""
        is_first = self.rank == 0
        held_out = self.maker.make_held_out(self.settings.num_held_out) if is_first else {}
        watch = Watch()
        for batch in self._stream():
            loss = self._train_step(batch)
            if not is_first:
                continue
            self.seconds += watch.note(self.step, loss)
            if watch.is_due("checkpoint", self.settings.checkpoint_every_seconds):
                self._save_checkpoint()
            is_reading = self.step < self.settings.reading_steps
            if not is_reading and watch.is_due("report", self.settings.evaluate_every_seconds):
                self._report(held_out)
        if is_first:
            self._save_checkpoint()
            self._report(held_out)

    def _stream(self) -> Iterator[Batch]:
        """Yield the batches of the steps that are left, changing the mix on the way."""
        settings = self.settings
        for end in (settings.reading_steps, settings.num_early_steps, settings.num_steps):
            if self.step >= end:
                continue
            is_reading = self.step < settings.reading_steps
            batches = self.maker.stream(
                READING_SHARES if is_reading else list_shares(self.step, settings),
                settings.reading_batch_size if is_reading else settings.batch_size,
                seed=self.settings.seed,
                rank=self.rank,
                first=self.step,
            )
            while self.step < end:
                yield next(batches)

    def _train_step(self, batch: Batch) -> float:
        rate = self.settings.learning_rate * scale_rate(self.step, self.settings)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        loss = self._compute_loss(batch)
        loss.backward()
        parameters = [*self.model.parameters(), *self.reader.parameters()]
        nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1
        if self.step % self.settings.average_every_steps == 0:
            average_parameters(parameters)
        return loss.item()

    def _compute_loss(self, batch: Batch) -> Tensor:
        """Compute the loss that this part of the training goes by."""
        if self.step < self.settings.reading_steps:
            return self.forward.compute_lesson_loss(batch, self.reader)
        return self.forward.compute_loss(batch, self.reader, self.settings.lesson_weight)

    def _report(self, held_out: dict[str, list[Batch]]) -> None:
        """Log how many held-out completions are exact, and write the model folder."""
        exact = {name: self._measure_exact(batches) for name, batches in held_out.items()}
        figures = " ".join(f"{name}={value:.2f}" for name, value in exact.items())
        LOG.info("step %d exact %s", self.step, figures)
        save_model_folder(self.output, self.model, self.tokenizer)
        self._write_record()

    def _write_record(self) -> None:
        """Write how the model was trained so far, for its card."""
        parameters = sum(parameter.numel() for parameter in self.model.parameters())
        device = self.model.device.type
        record = {
            **asdict(self.settings),
            "num_steps_done": self.step,
            "num_parameters": parameters,
            "seconds": round(self.seconds),
            "device": f"{os.cpu_count()} CPU cores" if device == "cpu" else "one GPU",
        }
        (self.output / "training.json").write_text(json.dumps(record, indent=2) + "\n", "utf-8")

    @torch.no_grad()
    def _measure_exact(self, batches: list[Batch]) -> float:
        """Measure the share of completions whose every token is the likeliest."""
        num_exact = num = 0
        for batch in batches:
            hits = self.forward.compute_logits(batch).argmax(-1).cpu() == batch.targets
            misses = (~hits).float()
            num_missed = torch.zeros(len(batch.tokens)).index_add(0, batch.owners, misses)
            num_exact += int((num_missed == 0).sum())
            num += len(num_missed)
        return num_exact / num

    def _save_checkpoint(self) -> None:
        state = {
            "model": self.model.state_dict(),
            "reader": self.reader.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "seconds": self.seconds,
        }
        torch.save(state, self.run / "checkpoint.new")
        (self.run / "checkpoint.new").replace(self.run / "checkpoint.pt")

    def _load_checkpoint(self) -> None:
        path = self.run / "checkpoint.pt"
        if not path.is_file():
            return
        state: dict[str, Any] = torch.load(path, map_location=self.model.device)
        self.model.load_state_dict(state["model"])
        self.reader.load_state_dict(state["reader"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step, self.seconds = state["step"], state["seconds"]


def train_process(rank: int, settings: Settings, run: Path, output: Path) -> None:
    """Run one process of the training."""
    Trainer(settings, run, output, rank).train()


def train(settings: Settings, run: Path, output: Path) -> None:
    """Train in as many processes as the settings say, resuming what `run` holds."""
    run.mkdir(parents=True, exist_ok=True)
    if not (run / "tokenizer").is_dir():
        train_tokenizer().save_pretrained(run / "tokenizer")
    run_processes(train_process, settings.num_processes, settings, run, output)


def main() -> None:
    """Train the shipped model."""
    parser = argparse.ArgumentParser(description="Train the small model of the miniature world.")
    parser.add_argument("--steps", type=int, default=Settings().num_steps)
    parser.add_argument("--run", type=Path, default=Path("data/runs/world_trainer"))
    parser.add_argument("--output", type=Path, default=Path("data/model"))
    args = parser.parse_args()
    settings = Settings(num_steps=args.steps)
    if torch.cuda.is_available():
        size = settings.batch_size * settings.num_processes
        settings = Settings(num_steps=args.steps, batch_size=size, num_processes=1)
    train(settings, args.run, args.output)


if __name__ == "__main__":
    main()
