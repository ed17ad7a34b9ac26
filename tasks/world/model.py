"""The small model: its shape, and its folder as Qwen2.5-VL models are published."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
)

from tasks.world.forward import IMAGE_MEAN, IMAGE_STD, PATCH

HEAD_SIZE = 32
HIDDEN_SIZE, NUM_LAYERS, FEED_FORWARD_SIZE, NUM_KV_HEADS = 128, 4, 384, 2
VISION_SIZE, VISION_DEPTH, VISION_FEED_FORWARD_SIZE = 128, 3, 320
MROPE_SECTION = [4, 6, 6]
"""Sums to half of the head size."""
SMALLEST_PIXELS, LARGEST_PIXELS = 112 * 112, 168 * 168
"""Images outside these areas are resized before the model sees them."""


def make_model(tokenizer: PreTrainedTokenizerFast, seed: int) -> Qwen2_5_VLForConditionalGeneration:
    """Make a model with random weights. The head is untied: tied, it confuses labels."""
    torch.manual_seed(seed)
    find: Any = tokenizer.convert_tokens_to_ids
    marks: dict[str, Any] = {
        "bos_token_id": find("<|endoftext|>"),
        "eos_token_id": find("<|im_end|>"),
        "pad_token_id": find("<|endoftext|>"),
    }
    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": -(-len(tokenizer) // 64) * 64,
            "hidden_size": HIDDEN_SIZE,
            "intermediate_size": FEED_FORWARD_SIZE,
            "num_hidden_layers": NUM_LAYERS,
            "num_attention_heads": HIDDEN_SIZE // HEAD_SIZE,
            "num_key_value_heads": NUM_KV_HEADS,
            "max_position_embeddings": 4096,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_section": MROPE_SECTION,
            },
            "initializer_range": 0.03,
            "rms_norm_eps": 1e-6,
            "tie_word_embeddings": False,
            **marks,
        },
        vision_config={
            "depth": VISION_DEPTH,
            "hidden_size": VISION_SIZE,
            "intermediate_size": VISION_FEED_FORWARD_SIZE,
            "num_heads": VISION_SIZE // HEAD_SIZE,
            "patch_size": PATCH,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "window_size": 112,
            "out_hidden_size": HIDDEN_SIZE,
            "fullatt_block_indexes": list(range(VISION_DEPTH)),
            "initializer_range": 0.03,
        },
        image_token_id=find("<|image_pad|>"),
        video_token_id=find("<|video_pad|>"),
        vision_start_token_id=find("<|vision_start|>"),
        vision_end_token_id=find("<|vision_end|>"),
        tie_word_embeddings=False,
    )
    model = Qwen2_5_VLForConditionalGeneration(config)
    model.generation_config.update(do_sample=True, temperature=1.0, top_p=1.0, top_k=0, **marks)
    return model


def describe_preprocessing() -> dict[str, object]:
    """Give the image processor's configuration."""
    return {
        "image_processor_type": "Qwen2VLImageProcessor",
        "do_convert_rgb": True,
        "do_resize": True,
        "size": {"shortest_edge": SMALLEST_PIXELS, "longest_edge": LARGEST_PIXELS},
        "resample": 3,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(IMAGE_MEAN),
        "image_std": list(IMAGE_STD),
        "patch_size": PATCH,
        "temporal_patch_size": 2,
        "merge_size": 2,
    }


def save_model_folder(
    folder: Path, model: Qwen2_5_VLForConditionalGeneration, tokenizer: PreTrainedTokenizerFast
) -> None:
    """Write a model folder in bf16; each file is replaced whole, others (the card) stay."""
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    half: Any = Qwen2_5_VLForConditionalGeneration(model.config)
    half.to(torch.bfloat16)
    half.load_state_dict(model.state_dict())
    half.generation_config = model.generation_config
    half.save_pretrained(fresh)
    tokenizer.save_pretrained(fresh)
    text = json.dumps(describe_preprocessing(), indent=2) + "\n"
    (fresh / "preprocessor_config.json").write_text(text, encoding="utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    for file in fresh.iterdir():
        file.chmod(0o644)  # Weights come out readable by their owner alone.
        file.replace(folder / file.name)
    fresh.rmdir()
