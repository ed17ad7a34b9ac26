"""The training forward pass computes what the stock model computes."""

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from tasks.world import KINDS, make_figure
from tasks.world.batches import ExampleMaker, collate
from tasks.world.forward import TrainingForward
from tasks.world.model import describe_preprocessing, make_model
from tasks.world.tokenizer import train_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer()


@pytest.fixture(scope="module")
def model(tokenizer):
    return make_model(tokenizer, seed=0).eval()


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("task", ["formalize", "reason"])
def test_logits_equal_those_of_the_stock_forward(tokenizer, model, task, kind):
    maker = ExampleMaker(tokenizer)
    example, other = (maker.make_example(task, kind, seed) for seed in (5, 6))
    batch = collate([example, other], maker.image_offset)
    logits = TrainingForward(model, torch.float32).compute_logits(batch)[: len(example.target)]
    tokens = torch.tensor([example.prompt + example.target])
    inputs = {"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}
    if task == "formalize":
        figure, rng = make_figure(kind, 5)
        settings = describe_preprocessing()
        settings.pop("image_processor_type")
        processor = Qwen2VLImageProcessorPil(**settings)
        inputs |= dict(processor(images=[figure.draw(rng).image], return_tensors="pt"))
        inputs["mm_token_type_ids"] = (tokens == model.config.image_token_id).long()
    stock = model(**inputs).logits[0, len(example.prompt) - 1 : -1]
    assert torch.allclose(logits, stock, atol=1e-5)


def test_digits_and_capitals_are_always_tokens_of_their_own(tokenizer):
    pieces = [tokenizer.decode([token]) for token in tokenizer.encode("K,12\nWhat of KL is 347?")]
    assert {"K", "L", "1", "2", "3", "4", "7"} <= set(pieces)
    assert not any(len(piece) > 1 and any(c.isdigit() for c in piece) for piece in pieces)


def test_any_text_survives_the_tokenizer(tokenizer):
    for text in ["<think>a, b: c.</think>\n\\boxed{7}", "Größe  \n\t漢字 {x}", '{"id":1,"is":"x"}']:
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_the_chat_template_puts_the_image_before_the_text(tokenizer):
    content = [{"type": "image"}, {"type": "text", "text": "Hi"}]
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
    )
    assert text == (
        "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>Hi<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
