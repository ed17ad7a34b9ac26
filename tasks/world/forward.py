"""A training forward pass over the weights of a Qwen2.5-VL, batched as the stock one is not.

The stock code loops over images; this one runs all images of one size at once, which on a CPU is
what makes training from scratch bearable. It computes the same logits (a test compares them). Only
what training here needs: full attention in the vision tower, right padding, no cache.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from transformers import Qwen2_5_VLForConditionalGeneration

PATCH = 14
IMAGE_MEAN = (0.48145466, 0.4578275, 0.40821073)
IMAGE_STD = (0.26862954, 0.26130258, 0.27577711)
VISION_ROPE_BASE = 10000.0
Weights = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class ImageGroup:
    """The images of a batch that have one size."""

    grid: tuple[int, int]
    """Rows and columns of merged patches."""
    patches: Tensor
    """(images, patches, values), bytes."""
    places: Tensor
    """Flat positions of their tokens in the batch."""
    lessons: Tensor
    """(images, merged patches, pieces): the classes of `marks`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Padded examples."""

    tokens: Tensor
    """(examples, width)"""
    positions: Tensor
    """(3, examples, width): time, row, column"""
    images: list[ImageGroup]
    sources: Tensor
    """Flat positions whose next token is learned."""
    targets: Tensor
    """That next token."""
    owners: Tensor
    """Which example each belongs to."""


def cut_patches(image: Image.Image) -> NDArray[np.uint8]:
    """Cut an image into patches of 14 pixels, in the order in which the model merges them."""
    pixels = np.asarray(image)
    rows, columns = pixels.shape[0] // (2 * PATCH), pixels.shape[1] // (2 * PATCH)
    blocks = pixels.reshape(rows, 2, PATCH, columns, 2, PATCH, 3)
    ordered = blocks.transpose(0, 3, 1, 4, 6, 2, 5)
    return np.ascontiguousarray(ordered.reshape(rows * columns * 4, 3 * PATCH * PATCH))


class TrainingForward:
    """Runs batches through a model's weights."""

    def __init__(self, model: Qwen2_5_VLForConditionalGeneration, dtype: torch.dtype) -> None:
        """Remember shapes and tables; weights are read at each call."""
        self._model = model
        self._dtype = dtype
        self._device = model.device
        config: Any = model.config
        text, vision = config.text_config, config.vision_config
        self._num_heads = text.num_attention_heads
        self._num_kv_heads = text.num_key_value_heads
        self._num_layers = text.num_hidden_layers
        self._sections = text.rope_parameters["mrope_section"]
        head = text.hidden_size // text.num_attention_heads
        self._frequencies = _rope_frequencies(text.rope_parameters["rope_theta"], head)
        self._num_vision_heads = vision.num_heads
        self._vision_depth = vision.depth
        self._vision_head = vision.hidden_size // vision.num_heads
        patch_values = PATCH * PATCH
        self._mean = torch.tensor(IMAGE_MEAN).repeat_interleave(patch_values) * 255
        self._std = torch.tensor(IMAGE_STD).repeat_interleave(patch_values) * 255

    def compute_loss(self, batch: Batch, reader: nn.Linear, lesson_weight: float) -> Tensor:
        """Compute the loss of the texts, plus that of the reading lessons."""
        weights = self._cast_weights()
        seen = [self._look(weights, group) for group in batch.images]
        logits = self._write(weights, batch, seen)
        loss = F.cross_entropy(logits, batch.targets.to(self._device))
        return loss + lesson_weight * self._grade_lessons(batch, seen, reader)

    def compute_lesson_loss(self, batch: Batch, reader: nn.Linear) -> Tensor:
        """Compute the loss of the reading lessons alone; the language model is not run."""
        weights = self._cast_weights()
        seen = [self._look(weights, group) for group in batch.images]
        return self._grade_lessons(batch, seen, reader)

    def compute_logits(self, batch: Batch) -> Tensor:
        """Compute float32 logits at the learned positions."""
        weights = self._cast_weights()
        return self._write(weights, batch, [self._look(weights, group) for group in batch.images])

    def _cast_weights(self) -> Weights:
        return {name: p.to(self._dtype) for name, p in self._model.named_parameters()}

    def _grade_lessons(self, batch: Batch, seen: list[Tensor], reader: nn.Linear) -> Tensor:
        """Compute the mean loss of reading each merged patch; 0 without images."""
        total = torch.zeros((), device=self._device)
        for group, patches in zip(batch.images, seen, strict=True):
            lessons = group.lessons.to(self._device)
            logits = reader(patches.float()).view(*lessons.shape, -1)
            total = total + F.cross_entropy(logits.flatten(0, 2), lessons.flatten())
        return total / max(1, len(seen))

    def _write(self, weights: Weights, batch: Batch, seen: list[Tensor]) -> Tensor:
        table = weights["model.language_model.embed_tokens.weight"]
        hidden = F.embedding(batch.tokens.to(self._device), table)
        flat = hidden.reshape(-1, hidden.shape[-1])
        for group, patches in zip(batch.images, seen, strict=True):
            rows = patches.reshape(-1, flat.shape[-1])
            flat = flat.index_copy(0, group.places.to(self._device), rows)
        hidden = self._read(weights, flat.view_as(hidden), batch.positions)
        chosen = hidden.reshape(-1, hidden.shape[-1])[batch.sources.to(self._device)]
        return F.linear(chosen, weights["lm_head.weight"]).float()

    def _look(self, weights: Weights, group: ImageGroup) -> Tensor:
        """Run the vision tower: (images, merged patches, hidden)."""
        patches = (group.patches.float() - self._mean) / self._std
        kernel = weights["model.visual.patch_embed.proj.weight"].sum(2)
        patches = patches.to(self._device, self._dtype)
        x = F.linear(patches, kernel.reshape(kernel.shape[0], -1))
        cos, sin = (t.to(x) for t in _vision_rope(group.grid, self._vision_head))
        images, num, width = x.shape
        for layer in range(self._vision_depth):
            part = f"model.visual.blocks.{layer}."
            normed = _normalize(x, weights[part + "norm1.weight"])
            qkv = _project(weights, part + "attn.qkv", normed)
            qkv = qkv.view(images, num, 3, self._num_vision_heads, self._vision_head)
            q, k, v = qkv.permute(2, 0, 3, 1, 4)
            mixed = _mix(_rotate(q, cos, sin), _rotate(k, cos, sin), v)
            mixed = mixed.transpose(1, 2).reshape(images, num, width)
            x = x + _project(weights, part + "attn.proj", mixed)
            x = x + _feed_forward(weights, part, _normalize(x, weights[part + "norm2.weight"]))
        merged = _normalize(x, weights["model.visual.merger.ln_q.weight"])
        merged = merged.reshape(images, num // 4, width * 4)
        inner = F.gelu(_project(weights, "model.visual.merger.mlp.0", merged))
        return _project(weights, "model.visual.merger.mlp.2", inner)

    def _read(self, weights: Weights, x: Tensor, positions: Tensor) -> Tensor:
        """Run the language model: (examples, width, hidden)."""
        cos, sin = (t.to(x) for t in self._text_rope(positions))
        for layer in range(self._num_layers):
            part = f"model.language_model.layers.{layer}."
            normed = _normalize(x, weights[part + "input_layernorm.weight"])
            x = x + self._attend(weights, part + "self_attn.", normed, cos, sin)
            normed = _normalize(x, weights[part + "post_attention_layernorm.weight"])
            x = x + _feed_forward(weights, part, normed)
        return _normalize(x, weights["model.language_model.norm.weight"])

    def _attend(self, weights: Weights, part: str, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        names = [f"{part}{letter}_proj" for letter in "qkv"]
        kernel = torch.cat([weights[f"{name}.weight"] for name in names])
        bias = torch.cat([weights[f"{name}.bias"] for name in names])
        heads, shared = self._num_heads, self._num_kv_heads
        qkv = F.linear(x, kernel, bias).view(*x.shape[:2], heads + 2 * shared, -1).transpose(1, 2)
        turned = _rotate(qkv[:, : heads + shared], cos, sin)
        k, v = turned[:, heads:], qkv[:, heads + shared :]
        k, v = (t.repeat_interleave(heads // shared, 1) for t in (k, v))
        mixed = _mix(turned[:, :heads], k, v, _causal_mask(x))
        return F.linear(mixed.transpose(1, 2).reshape(x.shape), weights[f"{part}o_proj.weight"])

    def _text_rope(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        angles = positions[..., None].float() * self._frequencies
        parts = torch.split(angles, self._sections, -1)
        mixed = torch.cat([part[axis] for axis, part in enumerate(parts)], -1)
        angles = torch.cat([mixed, mixed], -1)[:, None].to(self._device)
        return angles.cos(), angles.sin()


def _rope_frequencies(base: float, size: int) -> Tensor:
    return 1.0 / base ** (torch.arange(0, size, 2).float() / size)


def _vision_rope(grid: tuple[int, int], head: int) -> tuple[Tensor, Tensor]:
    """Rotary tables of patch rows and columns, in merge order."""
    rows, columns = torch.meshgrid(
        torch.arange(grid[0] * 2), torch.arange(grid[1] * 2), indexing="ij"
    )
    places = torch.stack([rows, columns], -1).view(grid[0], 2, grid[1], 2, 2)
    places = places.permute(0, 2, 1, 3, 4).reshape(-1, 2)
    angles = (places[..., None] * _rope_frequencies(VISION_ROPE_BASE, head // 2)).flatten(1)
    angles = torch.cat([angles, angles], -1)
    return angles.cos(), angles.sin()


def _normalize(x: Tensor, weight: Tensor) -> Tensor:
    return F.rms_norm(x, (x.shape[-1],), weight, 1e-6)


def _causal_mask(x: Tensor) -> Tensor:
    width = x.shape[1]
    return torch.full((width, width), float("-inf"), dtype=x.dtype, device=x.device).triu(1)


def _mix(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """Attend. Written out: on a CPU, torch's fused kernel is six times slower backwards."""
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    return (scores if mask is None else scores + mask).softmax(-1) @ v


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    low, high = x.chunk(2, -1)
    return x * cos + torch.cat((-high, low), -1) * sin


def _project(weights: Weights, name: str, x: Tensor) -> Tensor:
    return F.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])


def _feed_forward(weights: Weights, part: str, x: Tensor) -> Tensor:
    """Run the gated feed-forward of either tower; only the vision tower's has biases."""
    gate, up, down = (
        (weights[f"{part}mlp.{name}_proj.weight"], weights.get(f"{part}mlp.{name}_proj.bias"))
        for name in ("gate", "up", "down")
    )
    return F.linear(F.silu(F.linear(x, *gate)) * F.linear(x, *up), *down)
