"""The trainer: repeatable, resumable, and its folder loads as any model folder."""

import dataclasses
import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from transformers import AutoTokenizer, Qwen2_5_VLForConditionalGeneration

from tasks.world.batches import ExampleMaker
from tasks.world.model import save_model_folder
from tasks.world.settings import Settings, list_shares, scale_rate
from tasks.world.tokenizer import train_tokenizer
from tasks.world.trainer import Trainer

SHORT = Settings(
    num_steps=4,
    reading_steps=1,
    batch_size=2,
    reading_batch_size=2,
    num_processes=1,
    num_held_out=1,
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    train_tokenizer().save_pretrained(folder / "tokenizer")
    return folder


def _train(run: Path, settings: Settings) -> Trainer:
    trainer = Trainer(settings, run, run / "model", rank=0)
    trainer.train()
    return trainer


def test_a_resumed_run_ends_where_an_undisturbed_one_does(run: Path):
    whole = _train(run, SHORT)
    (run / "checkpoint.pt").unlink()
    first = Trainer(SHORT, run, run / "model", rank=0)
    batches = first._stream()
    for _ in range(2):
        first._train_step(next(batches))
    first._save_checkpoint()
    resumed = _train(run, SHORT)
    for (name, left), right in zip(
        whole.model.named_parameters(), resumed.model.parameters(), strict=True
    ):
        assert torch.equal(left, right), name


def test_the_folder_loads_and_is_small(run: Path):
    _train(run, SHORT)
    folder = run / "model"
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder)
    assert sum(p.numel() for p in model.parameters()) <= 8_000_000
    assert (folder / "model.safetensors").stat().st_size <= 16_000_000
    assert model.dtype == torch.bfloat16
    assert json.loads((folder / "generation_config.json").read_text())["do_sample"] is True
    assert AutoTokenizer.from_pretrained(folder).chat_template


def test_writing_a_folder_keeps_its_card(run: Path, tmp_path: Path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "README.md").write_text("card")
    trainer = Trainer(SHORT, run, tmp_path, rank=0)
    save_model_folder(tmp_path / "model", trainer.model, trainer.tokenizer)
    assert (tmp_path / "model" / "README.md").read_text() == "card"


def test_batches_follow_from_seed_rank_and_number(run: Path):
    maker = ExampleMaker(AutoTokenizer.from_pretrained(run / "tokenizer"))
    shares = list_shares(0, SHORT)

    def take(rank: int, first: int) -> torch.Tensor:
        return next(maker.stream(shares, 4, seed=3, rank=rank, first=first)).tokens

    whole = maker.stream(shares, 4, seed=3, rank=0, first=0)
    tenth = [next(whole) for _ in range(11)][10].tokens
    assert torch.equal(take(0, 10), tenth)
    assert take(1, 10).shape != tenth.shape or not torch.equal(take(1, 10), tenth)


def test_the_rate_rises_stays_and_falls():
    settings = dataclasses.replace(SHORT, num_steps=100, warmup_steps=10, decay_fraction=0.5)
    rates = [scale_rate(step, settings) for step in (0, 9, 50, 75, 99)]
    assert rates == pytest.approx([0.1, 1.0, 1.0, 0.5, 0.02])
