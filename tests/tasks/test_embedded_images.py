"""Images as Qwen2.5-VL reads them: the same as transformers' own processor makes of them."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks.embedded.images import ImageSettings, fit_size, patchify, read_data_url, resize_image
from tasks.embedded.protocol import RequestError

SIZES = [(112, 112), (56, 28), (20, 20), (300, 200), (640, 31), (29, 97)]


def make_settings(folder: Path, **fields: object) -> ImageSettings:
    (folder / "preprocessor_config.json").write_text(json.dumps(fields), encoding="utf-8")
    return ImageSettings.from_folder(folder)


def to_data_url(image: Image.Image, format: str = "PNG", **options: object) -> str:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return f"data:image/{format.lower()};base64," + base64.b64encode(buffer.getvalue()).decode()


@pytest.mark.parametrize("size", SIZES)
def test_patches_are_those_of_transformers(tmp_path: Path, size: tuple[int, int]):
    pytest.importorskip("transformers", reason="the extra 'embedded' is not installed")
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import (
        Qwen2VLImageProcessorPil,
    )

    area = {"shortest_edge": 28 * 28 * 4, "longest_edge": 28 * 28 * 40}
    settings = make_settings(tmp_path, size=area)
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    theirs = Qwen2VLImageProcessorPil(size=area)([image], return_tensors="np")
    ours = resize_image(image, settings)
    grid = [1, ours.shape[0] // 14, ours.shape[1] // 14]
    assert theirs["image_grid_thw"].tolist() == [grid]
    np.testing.assert_allclose(patchify(ours, settings), theirs["pixel_values"], atol=2e-6)


def test_settings_are_read_under_their_old_and_new_names(tmp_path: Path):
    old = make_settings(tmp_path, min_pixels=3136, max_pixels=12544, size={"shortest_edge": 1})
    new = make_settings(tmp_path, size={"shortest_edge": 3136, "longest_edge": 12544})
    assert old == new
    assert make_settings(tmp_path).max_pixels == 28 * 28 * 1280


def test_a_fixed_area_in_the_settings_fixes_the_size(tmp_path: Path):
    settings = make_settings(tmp_path, size={"shortest_edge": 12544, "longest_edge": 12544})
    assert fit_size(400, 400, settings) == (112, 112)
    assert fit_size(112, 112, settings) == (112, 112)


def test_transparent_images_stand_on_white():
    image = read_data_url(to_data_url(Image.new("RGBA", (30, 30), (255, 0, 0, 0))))
    assert (image.mode, image.getpixel((3, 3))) == ("RGB", (255, 255, 255))
    palette = Image.new("P", (30, 30), 0)
    image = read_data_url(to_data_url(palette, "GIF", transparency=0))
    assert image.getpixel((3, 3)) == (255, 255, 255)


def test_photos_are_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    image = read_data_url(to_data_url(Image.new("RGB", (40, 30)), "JPEG", exif=exif))
    assert image.size == (30, 40)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "RGB"])
def test_every_mode_becomes_rgb(mode: str):
    format = "JPEG" if mode == "CMYK" else "PNG"
    assert read_data_url(to_data_url(Image.new(mode, (30, 30)), format)).mode == "RGB"


@pytest.mark.parametrize(
    ("size", "message"), [((9000, 9000), "more than"), ((1, 300), "times longer")]
)
def test_absurd_sizes_are_refused_before_they_are_decoded(size: tuple[int, int], message: str):
    with pytest.raises(RequestError, match=message):
        read_data_url(to_data_url(Image.new("1", size)))


def test_16_bits_of_gray_become_8():
    levels = np.linspace(0, 65535, 900).reshape(30, 30).astype(np.uint16)
    image = read_data_url(to_data_url(Image.fromarray(levels)))
    assert image.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(image)[..., 0], levels >> 8)


def test_a_data_url_is_read_in_whatever_case_its_scheme_is():
    url = to_data_url(Image.new("RGB", (30, 30), "red"))
    head, _, payload = url.partition(",")
    assert read_data_url(f"{head.upper()},{payload}").getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_a_transparent_image_is_put_on_white_alike_in_all_its_strips(mode: str):
    pixels = np.random.default_rng(0).integers(0, 256, (600, 40, 4), dtype=np.uint8)
    options = {"transparency": 100} if mode == "P" else {}
    url = to_data_url(
        Image.fromarray(pixels[..., :3] if options else pixels).convert(mode), **options
    )
    source = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
    assert source.mode == mode
    layers = source.convert("RGBA")
    assert np.asarray(layers)[300:, :, 3].min() < 255
    whole = Image.alpha_composite(Image.new("RGBA", layers.size, "white"), layers).convert("RGB")
    np.testing.assert_array_equal(np.asarray(read_data_url(url)), np.asarray(whole))
