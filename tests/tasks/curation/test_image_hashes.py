import io
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from tasks.curation.image_hashes import hash_normalized, pair_images, read_bits
from tasks.images import ImageError, normalize_image


def hash_image(data: bytes) -> str | None:
    return hash_normalized(normalize_image(data, max_pixels=10**7, max_side=512).data)


def draw_figure(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A figure of lines, boxes and text."""
    rng = random.Random(seed)
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for _ in range(8):
        box = (
            sorted(rng.randrange(size[0]) for _ in range(2)),
            sorted(rng.randrange(size[1]) for _ in range(2)),
        )
        color = tuple(rng.randrange(200) for _ in range(3))
        draw.rectangle((box[0][0], box[1][0], box[0][1], box[1][1]), outline=color, width=4)
        draw.text((rng.randrange(size[0]), rng.randrange(size[1])), str(rng.random()), color)
    return image


def encode(image: Image.Image, image_format: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def distance(first: str, second: str) -> int:
    return int((read_bits([first]) != read_bits([second])).sum())


@pytest.mark.parametrize("seed", range(6))
def test_an_image_encoded_anew_keeps_its_hash_but_for_a_few_bits(seed):
    image = draw_figure(seed)
    original = hash_image(encode(image))
    assert len(original) == 64
    for copy in (
        encode(image, "JPEG", quality=60),
        encode(image, "WEBP", quality=60),
        encode(image.convert("L")),
        encode(image.convert("P")),
    ):
        assert distance(hash_image(copy), original) <= 12
    assert distance(hash_image(encode(image.resize((640, 480)))), original) <= 24


def test_other_images_are_far():
    hashes = [hash_image(encode(draw_figure(seed))) for seed in range(30)]
    pairs, _ = pair_images(hashes, max_distance=31)
    assert len(pairs) == 0


def test_transparency_is_white():
    image = draw_figure(3)
    clear = image.convert("RGBA")
    alpha = Image.fromarray((np.asarray(image.convert("L")) < 250).astype(np.uint8) * 255)
    clear.putalpha(alpha)
    assert distance(hash_image(encode(clear)), hash_image(encode(image))) <= 12


@pytest.mark.parametrize("color", ["white", "black", (9, 90, 200)])
def test_an_image_of_one_color_has_no_hash(color):
    assert hash_image(encode(Image.new("RGB", (90, 60), color))) is None


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (3000, 2)])
def test_tiny_and_thin_images_do_no_harm(size):
    noise = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    assert len(hash_image(encode(Image.fromarray(noise))) or "") in (0, 64)


def test_a_damaged_image_is_refused_with_its_reason():
    with pytest.raises(ImageError) as error:
        hash_image(encode(draw_figure(0))[:-40])
    assert error.value.reason == "image_truncated"


BITS = st.lists(st.lists(st.integers(0, 255), min_size=32, max_size=32), min_size=1, max_size=5)


@given(BITS, st.integers(0, 31), st.randoms(use_true_random=False))
def test_no_near_pair_is_missed(originals, max_distance, rng):
    hashes = {bytes(original).hex() for original in originals}
    for digits in list(hashes):
        bits = read_bits([digits])[0].copy()
        bits[rng.sample(range(256), rng.randint(0, 40))] ^= 1
        hashes.add(np.packbits(bits).tobytes().hex())
    ordered = sorted(hashes)
    expected = {
        (i, j): distance(a, b)
        for i, a in enumerate(ordered)
        for j, b in enumerate(ordered)
        if i < j and distance(a, b) <= max_distance
    }
    pairs, distances = pair_images(ordered, max_distance=max_distance)
    found = zip(map(tuple, pairs.tolist()), distances.tolist(), strict=True)
    assert dict(found) == expected
    across, _ = pair_images(ordered, ordered, max_distance)
    assert {tuple(pair) for pair in across.tolist() if pair[0] < pair[1]} == expected.keys()


def test_no_hashes_have_no_pairs():
    assert pair_images([])[0].shape == (0, 2)
    assert pair_images([], ["00" * 32])[0].shape == (0, 2)


def test_wrong_hashes_and_distances_are_refused():
    with pytest.raises(ValueError, match="expected an image hash of 64 digits, got 'abc'"):
        pair_images(["abc"])
    with pytest.raises(ValueError, match="max_distance must be 0 to 31 bits, got 32"):
        pair_images([], max_distance=32)
