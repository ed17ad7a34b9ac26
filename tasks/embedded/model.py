"""A Qwen2 or Qwen2.5-VL checkpoint, run for a batch whose rows come and go.

`KeyValueCache` holds one row per running sequence, rows of different lengths side by side;
`ServedModel` reads prompts into new rows and advances all rows by one token. The layers are those
of transformers, unchanged. Not thread-safe: one thread owns both.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from tasks.embedded.images import ImageSettings, patchify
from tasks.embedded.processor import Prompt

_LENGTH_STEP = 256


class KeyValueCache:
    """Keys and values of the running sequences; grows as needed, in rows and in length.

    Stands in for a transformers cache: layers call `update` with what is new and attend to what it
    returns. Whoever calls the model says first, by `plan_prefill` or `plan_step`, where that goes.
    """

    def __init__(self) -> None:
        self._lengths: list[int] = []
        self._layers: list[tuple[Tensor, Tensor]] = []
        self._source: Tensor | None = None
        self._rows = torch.empty(0, dtype=torch.long)
        self._ends = torch.empty(0, dtype=torch.long)
        self._width = 0

    @property
    def lengths(self) -> list[int]:
        """Tokens stored in each row."""
        return self._lengths

    def plan_prefill(self, source: Sequence[int], lengths: Sequence[int]) -> None:
        """New rows come: row i gets the keys of batch row `source[i]`, `lengths[i]` tokens."""
        self._source = torch.tensor(source)
        self._lengths.extend(lengths)

    def plan_step(self) -> Tensor | None:
        """Each row gets one token more; returns the mask of what each row may see."""
        self._source = None
        self._width = max(self._lengths) + 1
        is_even = min(self._lengths) + 1 == self._width
        self._ends = torch.tensor(self._lengths)
        self._rows = torch.arange(len(self._lengths))
        self._lengths[:] = [length + 1 for length in self._lengths]
        if is_even:
            return None
        hidden = torch.arange(self._width) > self._ends[:, None]
        mask = torch.zeros(hidden.shape).masked_fill_(hidden, -torch.inf)
        return mask[:, None, None]

    def update(
        self, keys: Tensor, values: Tensor, layer_index: int, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        """Store a layer's new keys and values; return all that its queries attend to."""
        stored = self._reserve(layer_index, keys, values)
        if self._source is None:
            num_rows = len(self._lengths)
            for store, new in zip(stored, (keys, values), strict=True):
                store[self._rows, :, self._ends] = new[:, :, 0]
            return stored[0][:num_rows, :, : self._width], stored[1][:num_rows, :, : self._width]
        first, width = len(self._lengths) - len(self._source), keys.shape[2]
        for store, new in zip(stored, (keys, values), strict=True):
            store[first : len(self._lengths), :, :width] = new[self._source]
        return keys, values

    @torch.inference_mode()
    def drop_row(self, row: int) -> None:
        """Forget a row; the last one takes its place."""
        last = len(self._lengths) - 1
        length = self._lengths.pop()
        if row == last:
            return
        self._lengths[row] = length
        for store in (tensor for layer in self._layers for tensor in layer):
            store[row, :, :length] = store[last, :, :length]

    def clear(self) -> None:
        """Forget all rows and free their memory."""
        self._lengths.clear()
        self._layers.clear()

    def _reserve(self, layer_index: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        num_rows = len(self._lengths)
        width = keys.shape[2] if self._source is not None else self._width
        if layer_index == len(self._layers):
            empty = keys.new_zeros(0, keys.shape[1], 0, keys.shape[3])
            self._layers.append((empty, values.new_zeros(empty.shape)))
        stored = self._layers[layer_index]
        if stored[0].shape[0] < num_rows or stored[0].shape[2] < width:
            stored = _grow(stored[0], num_rows, width), _grow(stored[1], num_rows, width)
            self._layers[layer_index] = stored
        return stored


def _grow(store: Tensor, num_rows: int, width: int) -> Tensor:
    rows, heads, columns, size = store.shape
    rows_needed = max(num_rows, 2 * rows) if num_rows > rows else rows
    columns_needed = -(-width // _LENGTH_STEP) * _LENGTH_STEP if width > columns else columns
    grown = store.new_zeros(rows_needed, heads, columns_needed, size)
    grown[:rows, :, :columns] = store
    return grown


class ServedModel:
    """The network of one checkpoint folder with the cache of its running sequences."""

    def __init__(self, model_dir: Path, settings: ImageSettings, *, dtype: str) -> None:
        self._settings = settings
        self._network = _load_network(model_dir, getattr(torch, dtype))
        text_config = self._network.config.get_text_config()
        core = self._network.model
        self._decoder: nn.Module = getattr(core, "language_model", core)
        self._layer_types: set[str] = set(getattr(text_config, "layer_types", ["full_attention"]))
        self._image_token_id: int | None = getattr(self._network.config, "image_token_id", None)
        self.cache = KeyValueCache()
        self.num_parameters: int = self._network.num_parameters()
        self.max_positions: int = text_config.max_position_embeddings
        if "sliding_attention" in self._layer_types:  # up to the window both kinds are the same
            self.max_positions = min(self.max_positions, text_config.sliding_window)
        self.eos_token_ids = _as_ids(self._network.generation_config.eos_token_id)

    @torch.inference_mode()
    def read_prompts(self, prompts: Sequence[Prompt], source: Sequence[int]) -> Tensor:
        """Read prompts together and give each new sequence its row in the cache.

        Args:
            prompts: Different prompts; padded to the longest, so of similar length.
            source: For each new sequence the index of its prompt.

        Returns:
            (new sequences, vocabulary) logits of the first generated token.
        """
        lengths = [len(prompt.token_ids) for prompt in prompts]
        ids = torch.zeros(len(prompts), max(lengths), dtype=torch.long)
        positions = torch.zeros(3, *ids.shape, dtype=torch.long)
        for row, prompt in enumerate(prompts):
            ids[row, : lengths[row]] = torch.tensor(prompt.token_ids)
            positions[:, row, : lengths[row]] = torch.as_tensor(prompt.positions)
        self.cache.plan_prefill(source, [lengths[row] for row in source])
        # Padding stands behind the text, where no token looks back from, so no mask is needed.
        hidden = self._run(self._embed(ids, prompts), positions, mask=None)
        ends = hidden[torch.arange(len(prompts)), torch.tensor(lengths) - 1]
        return self._network.lm_head(ends)[torch.tensor(source)].float()

    @torch.inference_mode()
    def step(self, token_ids: Sequence[int], positions: Sequence[int]) -> Tensor:
        """Feed every row its newest token at its rotary position; (rows, vocabulary) logits."""
        mask = self.cache.plan_step()
        embedded = self._network.get_input_embeddings()(torch.tensor(token_ids)[:, None])
        rotary = torch.tensor(positions)[None, :, None].expand(3, -1, -1)
        hidden = self._run(embedded, rotary, mask=None if mask is None else mask.to(embedded.dtype))
        return self._network.lm_head(hidden[:, -1]).float()

    def _run(self, embedded: Tensor, positions: Tensor, *, mask: Tensor | None) -> Tensor:
        is_text = self._image_token_id is None
        output = self._decoder(
            inputs_embeds=embedded,
            position_ids=positions[0] if is_text else positions,
            attention_mask=dict.fromkeys(self._layer_types, mask),
            past_key_values=self.cache,
            use_cache=True,
        )
        return output.last_hidden_state

    def _embed(self, ids: Tensor, prompts: Sequence[Prompt]) -> Tensor:
        embedded = self._network.get_input_embeddings()(ids)
        images = [image for prompt in prompts for image in prompt.images]
        if images:
            embedded[ids == self._image_token_id] = self._see(images).to(embedded.dtype)
        return embedded

    def _see(self, images: list[np.ndarray[Any, np.dtype[np.uint8]]]) -> Tensor:
        patches = np.concatenate([patchify(image, self._settings) for image in images])
        size = self._settings.patch_size
        grids = [[1, image.shape[0] // size, image.shape[1] // size] for image in images]
        features = self._network.model.get_image_features(
            torch.as_tensor(patches), torch.tensor(grids)
        )
        return torch.cat(tuple(getattr(features, "pooler_output", features)))


def _load_network(model_dir: Path, dtype: torch.dtype) -> Any:
    from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2ForCausalLM
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()  # what it has to say of the weights is said here
    config = json.loads((model_dir / "config.json").read_text(encoding="utf-8"))
    kinds = {"qwen2_5_vl": Qwen2_5_VLForConditionalGeneration, "qwen2": Qwen2ForCausalLM}
    network, found = cast(Any, kinds[config["model_type"]]).from_pretrained(
        model_dir,
        dtype=dtype,
        local_files_only=True,
        attn_implementation="sdpa",
        ignore_mismatched_sizes=True,
        output_loading_info=True,
    )
    _check_weights(found)
    return network.eval()


def _check_weights(found: dict[str, Any]) -> None:
    # What does not come from the file would be drawn at random.
    if missing := sorted(found["missing_keys"]):
        raise ValueError(f"{len(missing)} weights are not in its files, such as {missing[0]!r}")
    if wrong := sorted(found["mismatched_keys"]):
        name, stored, configured = wrong[0]
        raise ValueError(
            f"{len(wrong)} weights have other shapes than its config.json says, such as {name!r}: "
            f"{tuple(stored)} instead of {tuple(configured)}"
        )


def _as_ids(value: int | list[int] | None) -> frozenset[int]:
    if value is None:
        return frozenset()
    return frozenset([value] if isinstance(value, int) else value)
