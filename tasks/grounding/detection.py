"""Find objects by name with Grounding DINO, through transformers: the one door to it.

Source: Grounding DINO, arXiv 2303.05499. Labels go in as one text, `cup. black cat.`; a query's
score for a label is its best score among the label's tokens, and its label the one that scores
best. The model is loaded when the first image comes, onto the GPU where there is one.
"""

import importlib.util
import io
import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from schemas.errors import RecipeError
from schemas.recipe import DetectorParams
from tasks.grounding.batching import Batcher
from tasks.grounding.evidence import Finding, scale_box
from tasks.grounding.overlaps import drop_overlaps

MAX_BATCH = 8
"""Images of one pass; those of one size alone go together, so none is padded."""
MAX_TEXT_TOKENS = 250
"""Of the labels of one pass: the model reads 256; more labels take more passes."""
PACKAGES = ("torch", "transformers")
MISSING = 'formalize.detector needs the package {}; pip install "sightline[detection]"'


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelText:
    """Labels as one text for the model."""

    text: str
    labels: tuple[str, ...]
    token_spans: tuple[tuple[int, int], ...]
    """Of each label: its first token, and the one after its last."""


class ObjectFinder:
    """Finds the labels of a recipe in images."""

    def __init__(self, params: DetectorParams) -> None:
        """Make sure that the packages are there.

        Raises:
            RecipeError: One of them is not installed.
        """
        for package in PACKAGES:
            if importlib.util.find_spec(package) is None:
                raise RecipeError(MISSING.format(package))
        self._params = params
        self._detector: Detector | None = None
        self._fault: RecipeError | None = None
        self._batcher = Batcher(self._find_all, max_items=MAX_BATCH, name="detector")

    async def find(self, image: bytes) -> list[Finding]:
        """Find objects in one encoded image, which has been normalized: the best first.

        Raises:
            RecipeError: The model cannot be loaded or does not fit into memory.
        """
        return await self._batcher.call(image)

    def _find_all(self, images: Sequence[bytes]) -> list[list[Finding]]:
        if self._fault is not None:
            raise self._fault
        if self._detector is None:
            try:
                self._detector = Detector(self._params)
            except RecipeError as fault:
                self._fault = fault
                raise
        return self._detector.find_all(images)


class Detector:
    """A loaded model."""

    def __init__(self, params: DetectorParams) -> None:
        """Load the model.

        Raises:
            RecipeError: There is no such model, or it is no Grounding DINO.
        """
        import torch
        from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor
        from transformers.utils.logging import disable_progress_bar

        logging.getLogger("transformers").setLevel(logging.ERROR)
        disable_progress_bar()  # The run has its own display.
        self._torch, self._params = torch, params
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        where = {"revision": params.revision} if params.revision else {}
        try:
            processor: Any = AutoProcessor.from_pretrained(params.model, **where)
            model: Any = AutoModelForZeroShotObjectDetection.from_pretrained(params.model, **where)
        except (OSError, ValueError, KeyError) as fault:
            reason = str(fault).split("\n", 1)[0][:300]
            raise RecipeError(
                f"formalize.detector.model {params.model!r} cannot be loaded: {reason}"
            ) from fault
        if model.config.model_type not in ("grounding-dino", "mm-grounding-dino"):
            raise RecipeError(
                f"formalize.detector.model {params.model!r} is of the type"
                f" {model.config.model_type!r}; give a Grounding DINO checkpoint"
            )
        self._model, self._processor = model.to(self._device).eval(), processor
        self._texts = list_texts(params.labels, processor.tokenizer)

    def find_all(self, images: Sequence[bytes]) -> list[list[Finding]]:
        """Find objects in encoded images; results come in their order."""
        opened = [_open_image(image) for image in images]
        found: list[list[Finding]] = [[] for _ in opened]
        order = sorted(range(len(opened)), key=lambda index: opened[index].size)
        for _, group in itertools.groupby(order, key=lambda index: opened[index].size):
            places = list(group)
            for text in self._texts:
                each = self._find(text, [opened[index] for index in places])
                for index, findings in zip(places, each, strict=True):
                    found[index].extend(findings)
        return [drop_overlaps(findings) for findings in found]

    def _find(self, text: LabelText, images: Sequence[Image.Image]) -> list[list[Finding]]:
        """Find the labels of one text in images of one size; halves them where memory is short."""
        try:
            logits, boxes = self._predict(text, images)
        except self._torch.OutOfMemoryError:
            if len(images) == 1:
                raise RecipeError(
                    f"formalize.detector.model {self._params.model!r} does not fit into the GPU's"
                    " memory; free some, or give a smaller model"
                ) from None
            half = len(images) // 2
            return [*self._find(text, images[:half]), *self._find(text, images[half:])]
        return [
            self._read(text, image.size, scores, places)
            for image, scores, places in zip(images, logits, boxes, strict=True)
        ]

    def _predict(self, text: LabelText, images: Sequence[Image.Image]) -> tuple[Any, Any]:
        """Return scores (images x queries x tokens, 0..1) and boxes (images x queries x 4)."""
        inputs = self._processor(
            images=list(images), text=[text.text] * len(images), return_tensors="pt"
        ).to(self._device)
        with self._torch.inference_mode():
            outputs = self._model(**inputs)
        return outputs.logits.sigmoid().float().cpu(), outputs.pred_boxes.float().cpu()

    def _read(
        self, text: LabelText, size: tuple[int, int], scores: Any, boxes: Any
    ) -> list[Finding]:
        """Read the findings of one image from the model's scores and boxes."""
        by_label = self._torch.stack(
            [scores[:, start:end].amax(dim=1) for start, end in text.token_spans], dim=1
        )
        best, labels = by_label.max(dim=1)
        found: list[Finding] = []
        for query in (best >= self._params.min_score).nonzero().flatten().tolist():
            box = place_box(boxes[query].tolist(), size)
            if box is not None:
                label = text.labels[int(labels[query])]
                score = round(float(best[query]), 4)
                found.append(Finding(label=label, box=scale_box(box, size), score=score))
        return found


def list_texts(labels: Sequence[str], tokenizer: Any) -> list[LabelText]:
    """Write labels as texts that the model can read whole, as few as possible.

    Args:
        labels: plain words; dots part labels in the text, so they become blanks.
        tokenizer: the model's, with offsets.

    Raises:
        RecipeError: A label is empty, or too long for the model.
    """
    texts: list[LabelText] = []
    waiting: list[str] = []
    for label in labels:
        if not _clean(label):
            raise RecipeError(f"formalize.detector.labels holds {label!r}; name an object in words")
        if waiting and _count_tokens([*waiting, label], tokenizer) > MAX_TEXT_TOKENS:
            texts.append(_make_text(waiting, tokenizer))
            waiting = []
        waiting.append(label)
        if _count_tokens([label], tokenizer) > MAX_TEXT_TOKENS:
            raise RecipeError(f"formalize.detector.labels holds {label[:40]!r}, which is too long")
    return [*texts, _make_text(waiting, tokenizer)]


def _clean(label: str) -> str:
    return " ".join(label.replace(".", " ").lower().split())


def _count_tokens(labels: Sequence[str], tokenizer: Any) -> int:
    return len(tokenizer("".join(f"{_clean(label)}. " for label in labels).strip()).input_ids)


def _make_text(labels: Sequence[str], tokenizer: Any) -> LabelText:
    """Join labels and find their tokens."""
    parts = [f"{_clean(label)}." for label in labels]
    text = " ".join(parts)
    offsets = tokenizer(text, return_offsets_mapping=True).offset_mapping
    spans: list[tuple[int, int]] = []
    start = 0
    for part in parts:
        end = start + len(part) - 1  # Without the dot.
        held = [i for i, (a, b) in enumerate(offsets) if a < b and a >= start and b <= end]
        if not held:
            raise RecipeError(f"formalize.detector.labels holds {part!r}, which is no word")
        spans.append((held[0], held[-1] + 1))
        start += len(part) + 1
    return LabelText(text=text, labels=tuple(labels), token_spans=tuple(spans))


def place_box(box: Sequence[float], size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Turn a box (center and size, 0..1) into pixels inside of an image; None where none is left.

    Example:
        `place_box([0.5, 0.5, 0.5, 1.0], (100, 40))` is `(25, 0, 75, 40)`.
    """
    x, y, width, height = (min(2.0, max(-1.0, number)) for number in box)
    columns, rows = size
    left, right = round((x - width / 2) * columns), round((x + width / 2) * columns)
    top, bottom = round((y - height / 2) * rows), round((y + height / 2) * rows)
    inside = max(0, left), max(0, top), min(columns, right), min(rows, bottom)
    return inside if inside[0] < inside[2] and inside[1] < inside[3] else None


def _open_image(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB")
