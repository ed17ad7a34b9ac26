"""Fixtures that several tests share: small sources of problems, written as a user would."""

import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from PIL import Image, ImageDraw

SHARED = Path(__file__).parents[2] / "shared"
MakeSource = Callable[..., Path]

# How long an example takes says more of the machine than of the law. A change is judged by the same
# examples everywhere; `--hypothesis-profile=search` looks for new ones.
PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("repeatable", derandomize=True, **PATIENT)
settings.register_profile("search", **PATIENT)
settings.load_profile("repeatable")


def draw_image(number: int, size: tuple[int, int] = (64, 48), format: str = "PNG") -> bytes:
    """Draw an image that differs from every other `number`, also to a perceptual hash."""
    image = Image.new("RGB", size, (number * 37 % 256, number * 91 % 256, number * 17 % 256))
    draw, rng = ImageDraw.Draw(image), random.Random(number)
    for _ in range(8):
        left, top = rng.randrange(size[0]), rng.randrange(size[1])
        right, bottom = left + rng.randrange(1, 24), top + rng.randrange(1, 18)
        draw.rectangle((left, top, right, bottom), fill=tuple(rng.choices((0, 128, 255), k=3)))
    draw.text((4, 4), str(number), fill="white")
    buffer = io.BytesIO()
    image.save(buffer, format)
    return buffer.getvalue()


def make_row(number: int) -> dict[str, Any]:
    """Make the metadata of problem `number`: a sum that the scripted server can work out."""
    return {
        "file_name": f"images/{number}.png",
        "id": f"id-{number}",
        "question": f"Compute {number} + {number + 1}",
        "answer": str(2 * number + 1),
    }


@pytest.fixture
def make_source(tmp_path: Path) -> MakeSource:
    """Return a function that writes an ImageFolder of `count` problems, with changes by row."""

    def make(count: int, *, changes: dict[int, dict[str, Any]] | None = None) -> Path:
        folder = tmp_path / "source"
        (folder / "images").mkdir(parents=True, exist_ok=True)
        rows = [make_row(i) | (changes or {}).get(i, {}) for i in range(count)]
        for i in range(count):
            (folder / f"images/{i}.png").write_bytes(draw_image(i))
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "metadata.jsonl").write_text(lines)
        return folder

    return make


@pytest.fixture
def shared() -> Path:
    """Return the folder of recorded data and servers, or skip."""
    if not SHARED.is_dir():
        pytest.skip("the recorded data of ../shared is not here")
    return SHARED
