"""What a source row must be to become a problem; each fault has a reason that the funnel counts.

Marks of images (`<image>`) are taken out of question, options and answer: the text-only reasoner
never sees them, and they are no part of a problem's id. See `remove_image_marks`.
"""

import hashlib
import math
import posixpath
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from schemas.recipe import IngestParams
from tasks.answers import Gold, check_answer, type_gold
from tasks.curation.conversations import remove_image_marks
from tasks.curation.image_hashes import hash_normalized
from tasks.images import ImageError, NormalizedImage, normalize_image
from tasks.sources import PlannedSource, SourceRow
from tasks.storage import Folder

MAX_IMAGE_BYTES = 64 * 1024 * 1024
MAX_TEXT_CHARS = 100_000


class RejectedRowError(ValueError):
    """A source row that is no problem; `reason` is the word that the funnel counts."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def parse_row(planned: PlannedSource, row: SourceRow, params: IngestParams) -> dict[str, Any]:
    """Turn a source row into a row of `problems`.

    Raises:
        RejectedRowError: the row is no problem; the error says why.
    """
    if row.fault:
        raise RejectedRowError("unreadable_row", row.fault)
    values, names = row.values, planned.params
    question = _read_question(values.get(names.question))
    options = _read_options(values.get(names.choices))
    unit = _read_word(values.get(names.unit))
    gold = _read_gold(values.get(names.answer), options, unit)
    images = read_images(values.get(planned.image), planned.source.root, params)
    return {
        "problem_id": make_problem_id(images, question),
        "source": planned.name,
        "source_id": _read_word(values.get(names.id)),
        "source_row": row.row,
        "question": question,
        "options": options,
        "gold_answer": gold.answer,
        "answer_type": gold.answer_type.value,
        "unit": unit,
        "domain": _read_word(values.get(names.domain)),
        "license": names.license,
        "images": [{"bytes": image.data, "path": image.file_name} for image in images],
        "image_sha256": [image.sha256 for image in images],
        "original_sha256": [image.original_sha256 for image in images],
        "image_size": [[image.width, image.height] for image in images],
        "image_hashes": [hash_normalized(image.data) for image in images],
    }


def make_problem_id(images: Iterable[NormalizedImage], question: str) -> str:
    """Hash the normalized image bytes and the question; Unicode twins are the same question."""
    digest = hashlib.sha256()
    for image in images:
        digest.update(bytes.fromhex(image.sha256))
    digest.update(unicodedata.normalize("NFC", question).encode())
    return digest.hexdigest()[:32]


def _read_question(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise RejectedRowError("empty_question", f"expected a text, got {_shorten(value)}")
    if len(value) > MAX_TEXT_CHARS:
        raise RejectedRowError("question_too_long", f"{len(value)} characters")
    question = remove_image_marks(value)
    if not question:
        raise RejectedRowError("empty_question", f"only image marks, got {_shorten(value)}")
    return question


def _read_options(value: Any) -> list[str] | None:
    if value is None or value == []:
        return None
    if not isinstance(value, list) or not all(isinstance(v, str | int | float) for v in value):
        raise RejectedRowError("bad_options", f"expected a list of texts, got {_shorten(value)}")
    options = [remove_image_marks(str(option)) for option in value]
    if any(str(given).strip() and not left for given, left in zip(value, options, strict=True)):
        detail = f"an option is an image mark without text, got {_shorten(value)}"
        raise RejectedRowError("bad_options", detail)
    return options


def _read_gold(value: Any, options: list[str] | None, unit: str | None) -> Gold:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        raise RejectedRowError("no_gold_answer", "the gold answer is null")
    if not isinstance(value, str | int | float):
        raise RejectedRowError("bad_gold_answer", f"expected one answer, got {_shorten(value)}")
    answer = remove_image_marks(str(value))
    if not answer:
        raise RejectedRowError("no_gold_answer", "the gold answer is empty")
    if len(answer) > MAX_TEXT_CHARS:
        raise RejectedRowError("bad_gold_answer", f"{len(answer)} characters")
    try:
        gold = type_gold(answer, options, unit)
    except ValueError as error:
        raise RejectedRowError("bad_gold_answer", str(error)) from error
    if check_answer(gold, answer).is_correct is not True:
        detail = f"the verifier does not accept the gold answer {answer[:100]!r} as its own answer"
        raise RejectedRowError("bad_gold_answer", detail)
    return gold


def _read_word(value: Any) -> str | None:
    if value is None or isinstance(value, dict | list | bytes):
        return None
    return str(value)[:1024] or None


def read_images(value: Any, root: Folder, params: IngestParams) -> list[NormalizedImage]:
    """Read the images of a source row, and normalize them.

    Raises:
        RejectedRowError: they are no images, too many, or not there.
    """
    found: list[Any] = value if isinstance(value, list) else [value]
    if len(found) > params.max_images:
        detail = f"{len(found)} images, at most {params.max_images} (ingest.max_images)"
        raise RejectedRowError("too_many_images", detail)
    if not found or any(image is None for image in found):
        raise RejectedRowError("no_image", "the row has no image")
    try:
        return [
            normalize_image(
                _image_bytes(image, root), max_pixels=params.max_pixels, max_side=params.max_side
            )
            for image in found
        ]
    except ImageError as error:
        raise RejectedRowError(error.reason, str(error)) from error


def _image_bytes(value: Any, root: Folder) -> bytes:
    if isinstance(value, Mapping):
        data = value.get("bytes")
        return data if isinstance(data, bytes) else _image_file(value.get("path"), root)
    return value if isinstance(value, bytes) else _image_file(value, root)


def _image_file(name: Any, root: Folder) -> bytes:
    """Read an image file that a row names; only files inside the source's folder are read."""
    if not isinstance(name, str) or not name or "\0" in name or "://" in name:
        detail = f"expected a path inside the source, got {_shorten(name)}"
        raise RejectedRowError("bad_image_path", detail)
    base = root.path()
    path = posixpath.normpath(posixpath.join(base, name))
    if root.is_local:
        base, path = str(Path(base).resolve()), str(Path(path).resolve())
    if not path.startswith(base.rstrip("/") + "/"):
        raise RejectedRowError("bad_image_path", f"{_shorten(name)} is outside the source")
    try:
        with root.fs.open(path, "rb") as stream:
            return stream.read(MAX_IMAGE_BYTES + 1)  # type: ignore[no-any-return]
    except FileNotFoundError:
        raise RejectedRowError("missing_image", f"there is no file {_shorten(name)}") from None
    except OSError as error:
        detail = f"{_shorten(name)}: {error.strerror or type(error).__name__}"
        raise RejectedRowError("missing_image", detail) from None


def _shorten(value: Any) -> str:
    return repr(value)[:120]


def make_reject(planned: PlannedSource, row: SourceRow, error: RejectedRowError) -> dict[str, Any]:
    """Make a row of `rejects` from a source row and its fault."""
    return {
        "stage": "ingest",
        "problem_id": None,
        "rollout_index": None,
        "source": planned.name,
        "source_id": _read_word(row.values.get(planned.params.id)),
        "source_row": row.row,
        "drop_reason": error.reason,
        "detail": str(error).encode("utf-8", "replace").decode()[:500],
    }
