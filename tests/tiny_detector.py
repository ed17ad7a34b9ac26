"""A random checkpoint of the genuine Grounding DINO, small enough to make in a test.

It finds nothing sensible, but the same thing every time.
"""

from pathlib import Path
from typing import Any

WORDS = ["a", "b", "c", "cup", "cat", "dog", "red", "black", "table", "the", "of", "person", "on"]
SIDE = 96
"""Pixels of the shorter side of what the model sees."""


def write_detector(folder: Path) -> Path:
    """Write a Grounding DINO with a Swin of one stage, a BERT of one layer and 12 queries."""
    import torch
    from transformers import (
        BertConfig,
        GroundingDinoConfig,
        GroundingDinoForObjectDetection,
        GroundingDinoProcessor,
        SwinConfig,
    )

    torch.manual_seed(7)
    tokenizer = make_tokenizer(folder)
    small: dict[str, Any] = {
        "d_model": 32,
        "encoder_layers": 1,
        "decoder_layers": 2,
        "encoder_ffn_dim": 32,
        "decoder_ffn_dim": 32,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "num_queries": 12,
        "num_feature_levels": 3,
        "fusion_droppath": 0.0,
    }
    backbone = SwinConfig(
        image_size=SIDE, embed_dim=16, depths=[1, 1], num_heads=[1, 2], window_size=4,
        out_features=["stage1", "stage2"],
    )  # fmt: skip
    text = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=256,
    )  # fmt: skip
    config = GroundingDinoConfig(backbone_config=backbone, text_config=text, **small)
    model = GroundingDinoForObjectDetection(config)
    with torch.no_grad():  # Draw weights wide, so that scores and boxes differ.
        for parameter in model.parameters():
            parameter.normal_(0.0, 0.15)
    model.save_pretrained(folder)
    processor = GroundingDinoProcessor(make_image_processor(), tokenizer)
    processor.save_pretrained(folder)
    return folder


def make_tokenizer(folder: Path) -> Any:
    """Make BERT's tokenizer over few words and all letters."""
    from transformers import BertTokenizerFast

    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789"]
    pieces = [f"##{letter}" for letter in letters]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", ","]
    vocabulary = dict.fromkeys([*special, *WORDS, *letters, *pieces])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    return BertTokenizerFast.from_pretrained(folder)


def make_image_processor() -> Any:
    """Make the image processor that needs no torchvision."""
    from transformers import GroundingDinoImageProcessorPil

    return GroundingDinoImageProcessorPil(size={"shortest_edge": SIDE, "longest_edge": 2 * SIDE})
