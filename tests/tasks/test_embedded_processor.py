"""From messages to prompts: what is told apart, and what is refused before it costs anything."""

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("torch", reason="the extra 'embedded' is not installed")
pytest.importorskip("transformers", reason="the extra 'embedded' is not installed")

from tasks.embedded.processor import ChatProcessor
from tasks.embedded.protocol import ChatRequest, RequestError
from tests.tiny_checkpoint import write_vision_checkpoint

LONGEST_TOKEN = len("<|vision_start|>")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_vision_checkpoint(tmp_path_factory.mktemp("vision") / "tiny-vl")


def make_request(text: str, image: Image.Image | None = None) -> ChatRequest:
    content: list[dict[str, object]] = [{"type": "text", "text": text}]
    if image is not None:
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        url = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
        content.insert(0, {"type": "image_url", "image_url": {"url": url}})
    return ChatRequest.model_validate({"messages": [{"role": "user", "content": content}]})


def test_images_of_the_same_bytes_and_another_shape_are_other_prompts(folder: Path):
    processor = ChatProcessor(folder, max_images=1, max_model_len=512)
    high, wide = (
        processor.prepare(make_request("go", Image.new("RGB", size, (200, 30, 30))))
        for size in ((112, 168), (168, 112))
    )
    assert high.images[0].tobytes() == wide.images[0].tobytes()
    assert high.token_ids == wide.token_ids
    assert high.digest != wide.digest
    again = processor.prepare(make_request("go", Image.new("RGB", (112, 168), (200, 30, 30))))
    assert again.digest == high.digest


def test_a_text_that_cannot_fit_is_refused_by_its_characters(folder: Path):
    processor = ChatProcessor(folder, max_images=1, max_model_len=20)
    most = 20 * LONGEST_TOKEN
    with pytest.raises(RequestError, match=f"has .* characters; .* at most {most} characters"):
        processor.prepare(make_request("x" * most))


def test_a_text_of_the_longest_tokens_is_never_refused_by_its_characters(folder: Path):
    processor = ChatProcessor(folder, max_images=1, max_model_len=20)
    overhead = len(processor.prepare(make_request("")).token_ids)
    assert overhead > 0
    prompt = ChatProcessor(folder, max_images=1, max_model_len=20 + overhead).prepare(
        make_request("<|vision_start|>" * 20)
    )
    assert len(prompt.token_ids) == 20 + overhead
