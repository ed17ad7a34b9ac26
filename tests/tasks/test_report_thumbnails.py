import base64
from io import BytesIO

import numpy as np
from PIL import Image

from tasks.report.thumbnails import make_thumbnail
from tests.conftest import draw_image


def make_noise(side: int) -> bytes:
    pixels = np.random.default_rng(1).integers(0, 256, (side, side, 4), np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def read_url(url: str) -> bytes:
    return base64.b64decode(url.split(",")[1])


def test_a_small_image_stays_as_it_is():
    image = make_thumbnail(draw_image(1), 10_000)
    assert image and read_url(image.url) == draw_image(1)
    assert (image.width, image.height) == (64, 48)


def test_a_large_image_is_brought_to_its_bytes():
    image = make_thumbnail(make_noise(1200), 60_000)
    assert image and image.url.startswith("data:image/webp;base64,")
    assert len(read_url(image.url)) <= 60_000
    with Image.open(BytesIO(read_url(image.url))) as decoded:
        assert decoded.size == (image.width, image.height)


def test_what_is_no_image_has_no_thumbnail():
    assert make_thumbnail(b"<svg onload=alert(1)>", 10_000) is None
    assert make_thumbnail(b"", 10_000) is None


def test_an_image_that_cannot_be_small_enough_is_left_out():
    assert make_thumbnail(make_noise(700), 100) is None
