"""From chat messages to what the model reads: token ids, rotary positions and pixels.

Wraps a checkpoint's tokenizer and chat template; needs transformers for the tokenizer only (its
processor for Qwen2.5-VL wants torchvision). Safe to use from several threads at once.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import jinja2
import numpy as np
from numpy.typing import NDArray
from transformers import AutoTokenizer

from tasks.embedded.images import ImageSettings, read_data_url, resize_image
from tasks.embedded.protocol import ChatRequest, Message, RequestError, TextPart


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One conversation, ready for the model."""

    token_ids: tuple[int, ...]
    positions: NDArray[np.int64]
    """(3, tokens): temporal, vertical and horizontal rotary position; equal for text."""
    images: tuple[NDArray[np.uint8], ...] = ()
    """Resized RGB pixels, in order."""
    digest: bytes
    """The same for equal prompts, so that equal prompts are read once."""
    next_position: int
    """The rotary position of the first generated token."""


class ChatProcessor:
    """The tokenizer, chat template and image settings of one checkpoint folder."""

    def __init__(self, model_dir: Path, *, max_images: int, max_model_len: int) -> None:
        config = json.loads((model_dir / "config.json").read_text(encoding="utf-8"))
        self._tokenizer = cast(Any, AutoTokenizer).from_pretrained(model_dir, local_files_only=True)
        # The wrapper's own call sets truncation on the shared tokenizer and so is not thread-safe.
        self._backend = self._tokenizer.backend_tokenizer
        self._template = self._tokenizer.chat_template or _read_chat_template(model_dir)
        self._settings = ImageSettings.from_folder(model_dir)
        self._image_token_id: int | None = config.get("image_token_id")
        self._max_images = max_images if self._image_token_id is not None else 0
        self._max_model_len = max_model_len
        longest_token = max(map(len, self._backend.get_vocab(with_added_tokens=True)), default=1)
        self._max_chars = max_model_len * longest_token
        self._token_texts: dict[int, str] = {}

    @property
    def settings(self) -> ImageSettings:
        """How images are cut up."""
        return self._settings

    @property
    def eos_token_ids(self) -> frozenset[int]:
        """The tokenizer's end token, if it names one."""
        eos_token_id = self._tokenizer.eos_token_id
        return frozenset() if eos_token_id is None else frozenset([eos_token_id])

    def prepare(self, request: ChatRequest) -> Prompt:
        """Turn a request's messages into a prompt.

        Raises:
            RequestError: The text cannot fit, an image is missing, broken or one too many, or the
                template refuses.
        """
        urls = request.image_urls
        if len(urls) > self._max_images:
            raise RequestError(
                f"{len(urls)} images in one prompt; this model takes at most {self._max_images}",
                param="messages",
            )
        text = self._render(request.messages)
        self._check_length(text)
        images = tuple(resize_image(read_data_url(url), self._settings) for url in urls)
        encoding = self._backend.encode(text, add_special_tokens=False)
        return self._build_prompt(encoding.ids, images)

    def decode(self, token_ids: Sequence[int]) -> str:
        """The text of tokens, special ones left out."""
        return self._backend.decode(token_ids, skip_special_tokens=True)

    def token_text(self, token_id: int) -> str:
        """The text of one token as log probabilities show it, special ones included."""
        text = self._token_texts.get(token_id)
        if text is None:
            text = self._backend.decode([token_id], skip_special_tokens=False)
            self._token_texts[token_id] = text
        return text

    def _render(self, messages: list[Message]) -> str:
        turns = [{"role": m.role, "content": self._content(m)} for m in messages]
        try:
            return self._tokenizer.apply_chat_template(
                turns,
                chat_template=self._template,
                tokenize=False,
                add_generation_prompt=True,
            )
        except jinja2.TemplateError as error:
            raise RequestError(f"the model's chat template refuses these messages: {error}") from (
                error
            )

    def _check_length(self, text: str) -> None:
        # Cutting up a text takes a hundred times its size in memory, so one that is too long in
        # whatever tokens is not cut up.
        if len(text) > self._max_chars:
            raise RequestError(
                f"the prompt has {len(text)} characters; together with the reply at most "
                f"{self._max_model_len} tokens fit, which are at most {self._max_chars} characters",
                param="messages",
            )

    def _content(self, message: Message) -> str | list[dict[str, str]]:
        if isinstance(message.content, str):
            return message.content
        if self._image_token_id is None:  # templates of text models add content to a string
            return "\n".join(part.text for part in message.content if isinstance(part, TextPart))
        return [
            {"type": "text", "text": part.text} if isinstance(part, TextPart) else {"type": "image"}
            for part in message.content
        ]

    def _build_prompt(self, ids: list[int], images: tuple[NDArray[np.uint8], ...]) -> Prompt:
        if not ids:
            raise RequestError("the prompt is empty", param="messages")
        num_slots = ids.count(self._image_token_id) if self._image_token_id is not None else 0
        if num_slots != len(images):
            raise RequestError(
                f"the prompt has {len(images)} images and {num_slots} places for one; "
                "the text may not hold the image token itself",
                param="messages",
            )
        factor = self._settings.factor
        grids = [(image.shape[0] // factor, image.shape[1] // factor) for image in images]
        token_ids, positions = expand_images(ids, grids, self._image_token_id)
        digest = hashlib.blake2b(np.array(token_ids, np.int64).tobytes(), digest_size=16)
        for image in images:  # a wide and a high one can be of the same bytes
            digest.update(repr(image.shape).encode())
            digest.update(image.tobytes())
        return Prompt(
            token_ids=token_ids,
            positions=positions,
            images=images,
            digest=digest.digest(),
            next_position=int(positions.max()) + 1,
        )


def expand_images(
    ids: list[int], grids: Sequence[tuple[int, int]], image_token_id: int | None
) -> tuple[tuple[int, ...], NDArray[np.int64]]:
    """Give every image its tokens, and every token its rotary position.

    Args:
        ids: Token ids with one image token per image.
        grids: (rows, columns) of image tokens of each image.
        image_token_id: The token that stands for a piece of an image.

    Returns:
        The ids with each image token repeated rows x columns times, and (3, tokens) positions. An
        image's tokens share one temporal position; text goes on after its longer side.
    """
    expanded: list[int] = []
    positions: list[NDArray[np.int64]] = []
    begin, start = 0, 0
    places = [index for index, token_id in enumerate(ids) if token_id == image_token_id]
    for place, (rows, columns) in zip(places, grids, strict=True):
        expanded += ids[begin:place] + [ids[place]] * (rows * columns)
        positions.append(_text_positions(start, place - begin))
        start += place - begin
        positions.append(np.indices((1, rows, columns)).reshape(3, -1) + start)
        start += max(rows, columns)
        begin = place + 1
    expanded += ids[begin:]
    positions.append(_text_positions(start, len(ids) - begin))
    return tuple(expanded), np.concatenate(positions, axis=1).astype(np.int64)


def _text_positions(start: int, num_tokens: int) -> NDArray[np.int64]:
    return np.broadcast_to(np.arange(start, start + num_tokens), (3, num_tokens))


def _read_chat_template(model_dir: Path) -> str:
    path = model_dir / "chat_template.json"
    if not path.is_file():
        raise ValueError(f"{model_dir.name!r} has no chat template; add chat_template.jinja to it")
    return json.loads(path.read_text(encoding="utf-8"))["chat_template"]
