"""Batched completions of a Qwen2.5-VL folder through transformers, for measuring it.

The stock way, slow and plain, so that what it measures does not rest on code of ours: the
tokenizer's chat template, the image processor for Pillow, `generate`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers import AutoTokenizer, Qwen2_5_VLForConditionalGeneration
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

IMAGE_TOKEN = "<|image_pad|>"


@dataclass(frozen=True, slots=True)
class Ask:
    """One user message."""

    text: str
    image: Image.Image | None = None


class Completer:
    """Completes user messages with one model, many at a time."""

    def __init__(self, folder: Path) -> None:
        """Load model, tokenizer and image processor from a model folder."""
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self._processor: Any = Qwen2VLImageProcessorPil.from_pretrained(folder)
        self._model: Any = Qwen2_5_VLForConditionalGeneration.from_pretrained(
            folder, dtype=torch.float32
        )
        self._model.to(device).eval()
        self._image_token = self._tokenizer.convert_tokens_to_ids(IMAGE_TOKEN)

    def complete(
        self,
        asks: list[Ask],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        batch_size: int = 64,
    ) -> list[str]:
        """Complete every message; greedily at temperature 0, else sampled with the seed.

        Messages of a batch all have images or all have none, as they come in one list.
        """
        torch.manual_seed(seed)
        sampling: dict[str, Any] = {"do_sample": False}
        if temperature > 0:
            sampling = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
        # Neighbours in length pad little; the texts come back in the order of the messages.
        order = sorted(range(len(asks)), key=lambda index: len(asks[index].text))
        texts = [""] * len(asks)
        for start in range(0, len(asks), batch_size):
            chosen = order[start : start + batch_size]
            batch = self._prepare([asks[index] for index in chosen])
            with torch.no_grad():
                tokens = self._model.generate(**batch, max_new_tokens=max_tokens, **sampling)
            new = tokens[:, batch["input_ids"].shape[1] :]
            decoded = self._tokenizer.batch_decode(new, skip_special_tokens=True)
            for index, text in zip(chosen, decoded, strict=True):
                texts[index] = text
        return texts

    def _prepare(self, asks: list[Ask]) -> dict[str, Any]:
        images = [ask.image for ask in asks if ask.image is not None]
        seen: dict[str, Any] = {}
        counts: list[int] = []
        if images:
            seen = dict(self._processor(images=images, return_tensors="pt"))
            counts = (seen["image_grid_thw"].prod(-1) // 4).tolist()
        prompts = [self._render(ask) for ask in asks]
        if images:
            pairs = zip(prompts, counts, strict=True)
            prompts = [text.replace(IMAGE_TOKEN, IMAGE_TOKEN * count) for text, count in pairs]
        batch = dict(self._tokenizer(prompts, padding=True, return_tensors="pt"))
        if images:
            batch["mm_token_type_ids"] = (batch["input_ids"] == self._image_token).long()
        return {name: value.to(self._model.device) for name, value in {**batch, **seen}.items()}

    def _render(self, ask: Ask) -> str:
        parts: list[dict[str, str]] = [{"type": "text", "text": ask.text}]
        if ask.image is not None:
            parts.insert(0, {"type": "image"})
        return self._tokenizer.apply_chat_template(
            [{"role": "user", "content": parts}], add_generation_prompt=True, tokenize=False
        )
