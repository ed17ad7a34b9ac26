import random
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from tasks.images import PIXEL_CEILING, ImageError, NormalizedImage, normalize_image

LIMITS = {"max_pixels": 1_000_000, "max_side": 512}


def photo(width=64, height=48, mode="RGB"):
    rows, columns = np.mgrid[0:height, 0:width]
    levels = np.stack([columns * 255 // width, rows * 255 // height, (rows + columns) % 256], -1)
    return Image.fromarray(levels.astype(np.uint8)).convert(mode)


def encoded(image, image_format="PNG", **options):
    file = BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def normalized(data, **limits) -> NormalizedImage:
    return normalize_image(data, **(LIMITS | limits))


def opened(result):
    image = Image.open(BytesIO(result.data))
    image.load()
    return image


def pixels(data_or_image):
    image = data_or_image
    if isinstance(image, bytes):
        image = Image.open(BytesIO(image))
    return np.asarray(image.convert("RGBA")).astype(int)


def reason_of(data, **limits):
    with pytest.raises(ImageError) as caught:
        normalized(data, **limits)
    return caught.value.reason


def png_chunk(kind, payload):
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(
        ">I", zlib.crc32(kind + payload)
    )  # fmt: skip


def after_header(png, chunk):
    return png[:33] + chunk + png[33:]


def webp_with(data, *chunks):
    """Make the extended form of a simple WEBP, with chunks behind the image."""
    width, height = Image.open(BytesIO(data)).size
    canvas = b"\x2c\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + canvas + data[12:]
    for kind, payload in chunks:
        body += kind + struct.pack("<I", len(payload)) + payload + b"\0" * (len(payload) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def exif_of(orientation=1):
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "secret camera"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    return exif


def bgr_profile():
    """A profile whose red is sRGB's blue: its effect cannot be missed."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {
        bytes(profile[start : start + 4]): start
        for start in range(132, 132 + 12 * struct.unpack_from(">I", profile, 128)[0], 12)
    }
    red, blue = tags[b"rXYZ"] + 4, tags[b"bXYZ"] + 4
    red_place, blue_place = profile[red : red + 8], profile[blue : blue + 8]
    profile[red : red + 8], profile[blue : blue + 8] = blue_place, red_place
    return bytes(profile)


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
PNG = encoded(photo())
JPEG = encoded(photo(), "JPEG")
PROGRESSIVE = encoded(photo(), "JPEG", progressive=True, subsampling=0)
WEBP = encoded(photo(), "WEBP")
LOSSLESS_WEBP = encoded(photo(), "WEBP", lossless=True)
TRANSPARENT_WEBP = encoded(photo(mode="RGBA").rotate(30), "WEBP")
FRAMES = [photo(), photo().rotate(90)]


@pytest.mark.parametrize("data", [PNG, JPEG, PROGRESSIVE, WEBP, LOSSLESS_WEBP, TRANSPARENT_WEBP])
def test_bytes_that_need_no_change_are_the_same_object(data):
    result = normalized(data)
    assert result.data is data
    assert (result.width, result.height) == (64, 48)
    assert result.sha256 == result.original_sha256 == sha256(data).hexdigest()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_png_of_every_8_bit_mode_keeps_its_bytes(mode):
    data = encoded(photo(mode=mode))
    assert normalized(data).data is data


def test_palette_with_transparency_keeps_its_bytes_until_it_is_scaled():
    palette = photo(mode="P")
    data = encoded(palette, transparency=palette.getpixel((0, 0)))
    assert normalized(data).data is data
    smaller = opened(normalized(data, max_side=32))
    assert (smaller.mode, smaller.size) == ("RGBA", (32, 24))
    assert smaller.getpixel((0, 0))[3] < 255


@pytest.mark.parametrize(
    ("data", "media_type", "extension"),
    [(PNG, "image/png", "png"), (JPEG, "image/jpeg", "jpg"), (WEBP, "image/webp", "webp")],
)
def test_file_name_is_by_content_and_format(data, media_type, extension):
    result = normalized(data)
    assert result.media_type == media_type
    assert result.file_name == f"{sha256(data).hexdigest()}.{extension}"


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"<!doctype html><title>404</title>",
        encoded(FRAMES[0], "GIF", save_all=True, append_images=FRAMES[1:]),
        encoded(photo(), "BMP"),
        encoded(photo(), "TIFF"),
        b"RIFF\4\0\0\0WAVE",
        b"\x89",
    ],
)
def test_other_formats_are_refused_before_pillow_sees_them(data):
    assert reason_of(data) == "image_format"


def test_messages_name_the_value_and_what_is_expected():
    with pytest.raises(ImageError, match=r"b'<svg/>', expected a PNG, JPEG or WEBP image"):
        normalized(b"<svg/>")
    with pytest.raises(ImageError, match=r"64 x 48 pixels, expected at most 3071 in all"):
        normalized(PNG, max_pixels=64 * 48 - 1)


def test_empty_and_oversized_files_are_refused():
    assert reason_of(b"") == "image_empty"
    assert reason_of(PNG, max_file_bytes=len(PNG) - 1) == "image_too_big_file"
    assert normalized(PNG, max_file_bytes=len(PNG)).data is PNG


@pytest.mark.parametrize("data", [PNG, JPEG, PROGRESSIVE, WEBP, LOSSLESS_WEBP, TRANSPARENT_WEBP])
def test_a_file_cut_anywhere_is_refused(data):
    for num_bytes in range(16, len(data) - 1, 3):
        assert reason_of(data[:num_bytes]) == "image_truncated"


def test_a_png_whose_pixel_data_is_cut_between_whole_chunks_is_refused():
    start = PNG.index(b"IDAT") - 4
    half = png_chunk(b"IDAT", PNG[start + 8 : start + 68])
    assert reason_of(PNG[:start] + half + png_chunk(b"IEND", b"")) == "image_corrupt"


def test_one_flipped_bit_in_png_pixels_is_found():
    damaged = bytearray(PNG)
    damaged[PNG.index(b"IDAT") + 60] ^= 1
    assert reason_of(bytes(damaged)) == "image_corrupt"


def test_a_bomb_is_refused_by_its_header_without_decoding(monkeypatch):
    rows = zlib.compressobj(9)
    idat = b"".join(rows.compress(bytes(1501)) for _ in range(12_000)) + rows.flush()
    header = struct.pack(">IIBBBBB", 12_000, 12_000, 1, 0, 0, 0, 0)
    bomb = PNG[:8] + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", idat) + png_chunk(b"IEND", b"")
    assert len(bomb) < 20_000
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("was opened"))
    assert reason_of(bomb, max_pixels=PIXEL_CEILING) == "image_too_large"


@pytest.mark.parametrize("data", [JPEG, WEBP, LOSSLESS_WEBP, TRANSPARENT_WEBP])
def test_every_format_is_measured_before_it_is_opened(data, monkeypatch):
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("was opened"))
    assert reason_of(data, max_pixels=64 * 48 - 1) == "image_too_large"


def test_a_second_header_cannot_contradict_the_first():
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 9000, 9000, 8, 2, 0, 0, 0))
    assert reason_of(after_header(PNG, header)) == "image_corrupt"
    frame = JPEG.index(b"\xff\xc0")
    assert reason_of(JPEG[:frame] + JPEG[frame : frame + 19] + JPEG[frame:]) == "image_corrupt"
    canvas = bytearray(webp_with(WEBP))
    canvas[24] = 200
    assert reason_of(bytes(canvas)) == "image_corrupt"


@pytest.mark.parametrize("size", [(0, 48), (64, 0)])
def test_an_image_without_pixels_is_refused(size):
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0))
    assert reason_of(PNG[:8] + header + PNG[33:]) == "image_corrupt"


def test_limits_out_of_range_are_the_callers_fault():
    with pytest.raises(ValueError, match="max_side must be positive, got 0"):
        normalized(PNG, max_side=0)
    with pytest.raises(ValueError, match=f"max_pixels must be 1 to {PIXEL_CEILING}, got 0"):
        normalized(PNG, max_pixels=0)


@pytest.mark.parametrize("image_format", ["PNG", "WEBP"])
def test_animations_are_refused(image_format):
    data = encoded(FRAMES[0], image_format, save_all=True, append_images=FRAMES[1:])
    assert reason_of(data) == "image_animated"


def test_a_jpeg_with_endless_scans_is_refused():
    scan = PROGRESSIVE.index(b"\xff\xda")
    next_segment = PROGRESSIVE.index(b"\xff\xc4", scan)
    data = PROGRESSIVE[:scan] + PROGRESSIVE[scan:next_segment] * 101 + PROGRESSIVE[next_segment:]
    assert reason_of(data) == "image_corrupt"


def test_a_jpeg_segment_shorter_than_its_own_length_is_refused():
    assert reason_of(JPEG[:4] + b"\0\0" + JPEG[6:]) == "image_corrupt"


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_to_the_pixels(image_format, orientation):
    options = {"lossless": True} if image_format == "WEBP" else {}
    plain = encoded(photo(), image_format, **options)
    upright = Image.open(BytesIO(plain))
    upright.getexif()[0x0112] = orientation
    result = normalized(encoded(photo(), image_format, exif=exif_of(orientation), **options))
    expected = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}.get(orientation)
    if expected is not None:
        upright = upright.transpose(Image.Transpose(expected))
    assert (result.width, result.height) == upright.size == opened(result).size
    assert np.abs(pixels(result.data) - pixels(upright)).max() <= (
        24 if image_format == "JPEG" and orientation > 1 else 0
    )
    assert b"secret camera" not in result.data


def test_a_damaged_orientation_counts_as_upright():
    exif = exif_of(6).tobytes().removeprefix(b"Exif\0\0")
    for num_bytes in (0, 5, 8, 9, 14, 20):
        assert normalized(after_header(PNG, png_chunk(b"eXIf", exif[:num_bytes]))).data == PNG
    assert normalized(after_header(PNG, png_chunk(b"eXIf", exif))).width == 48


@pytest.mark.parametrize(
    ("with_metadata", "bare"),
    [
        (encoded(photo(), "JPEG", exif=exif_of(), comment=b"secret", icc_profile=SRGB), JPEG),
        (encoded(photo(), "PNG", exif=exif_of(), icc_profile=SRGB), PNG),
        (webp_with(WEBP, (b"EXIF", b"secret"), (b"XMP ", b"secre"), (b"ICCP", SRGB)), None),
        (webp_with(LOSSLESS_WEBP, (b"odd ", b"123")), None),
    ],
)
def test_metadata_is_cut_out_without_touching_the_pixels(with_metadata, bare):
    result = normalized(with_metadata)
    assert b"secret" not in result.data
    assert bare is None or result.data == bare
    assert (pixels(result.data) == pixels(with_metadata)).all()
    assert result.sha256 == sha256(result.data).hexdigest()
    assert result.original_sha256 == sha256(with_metadata).hexdigest()
    assert not {"exif", "xmp", "icc_profile", "comment"} & opened(result).info.keys()
    assert normalized(result.data).data is result.data


def test_png_text_is_removed_however_large_it_unpacks():
    text = PngImagePlugin.PngInfo()
    text.add_text("prompt", "secret")
    text.add_itxt("XML:com.adobe.xmp", "secret")
    assert normalized(encoded(photo(), pnginfo=text)).data == PNG
    bomb = zlib.compress(bytes(100_000_000), 9)
    assert normalized(after_header(PNG, png_chunk(b"zTXt", b"k\0\0" + bomb))).data == PNG
    assert normalized(after_header(PNG, png_chunk(b"iCCP", b"k\0\0" + bomb))).data == PNG


def test_harmless_png_chunks_stay_unless_they_are_too_large_to_be_harmless():
    data = encoded(photo(), dpi=(72, 72))
    assert b"pHYs" in data
    assert normalized(data).data is data
    assert normalized(after_header(PNG, png_chunk(b"tIME", bytes(10_000)))).data == PNG


@pytest.mark.parametrize("data", [PNG, JPEG, PROGRESSIVE, WEBP, LOSSLESS_WEBP, TRANSPARENT_WEBP])
@pytest.mark.parametrize("tail", [b"\0", b"PK\3\4 an archive", JPEG])
def test_what_follows_the_image_is_removed(data, tail):
    assert normalized(data + tail).data == data


def test_jpeg_thumbnails_go_with_their_header():
    thumbnail = b"\xff\xe0\x00\x13JFXX\0\x13\1\1secret...."
    assert normalized(JPEG[:20] + thumbnail + JPEG[20:]).data == JPEG


@pytest.mark.parametrize(
    ("image_format", "mode"),
    [("PNG", "RGB"), ("PNG", "RGBA"), ("JPEG", "RGB"), ("WEBP", "RGB"), ("WEBP", "RGBA")],
)
def test_other_colour_profiles_are_converted_to_srgb(image_format, mode):
    red = Image.new(mode, (16, 16), (255, 0, 0, 128)[: len(mode)])
    result = normalized(encoded(red, image_format, icc_profile=bgr_profile()))
    red_level, _, blue_level, alpha = pixels(result.data)[8, 8]
    assert blue_level > 240
    assert red_level < 15
    assert alpha == (128 if mode == "RGBA" else 255)


def test_a_damaged_colour_profile_is_dropped():
    assert normalized(encoded(photo(), "JPEG", icc_profile=b"no profile" * 20)).data == JPEG


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (encoded(photo(400, 200)), (100, 50)),
        (encoded(photo(200, 400), "JPEG"), (50, 100)),
        (encoded(photo(1000, 3)), (100, 1)),
        (encoded(photo(999, 333), "WEBP"), (100, 33)),
        (encoded(photo(1600, 1000, "L"), "JPEG"), (100, 62)),
    ],
)
def test_scaling_down_keeps_the_aspect_and_the_format(data, size):
    result = normalized(data, max_side=100, max_pixels=2_000_000)
    image = opened(result)
    assert (result.width, result.height) == image.size == size
    assert image.format == Image.open(BytesIO(data)).format
    expected = Image.open(BytesIO(data)).convert("RGB").resize(size, Image.Resampling.LANCZOS)
    assert np.abs(pixels(result.data) - pixels(expected)).mean() < 6


def test_cmyk_jpeg_becomes_rgb():
    result = normalized(encoded(photo(mode="CMYK"), "JPEG"))
    assert opened(result).mode == "RGB"
    assert np.abs(pixels(result.data) - pixels(photo())).mean() < 4


def test_16_bit_png_becomes_8_bit():
    levels = (np.arange(64 * 48, dtype=np.uint16) * 21).reshape(48, 64)
    result = normalized(encoded(Image.fromarray(levels)))
    assert opened(result).mode == "L"
    assert (np.asarray(opened(result)) == levels >> 8).all()


@pytest.mark.parametrize(("colour_type", "channels", "mode"), [(2, 3, "RGB"), (6, 4, "RGBA")])
def test_16_bit_colour_png_becomes_8_bit(colour_type, channels, mode):
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 2, 16, colour_type, 0, 0, 0))
    colour_key = png_chunk(b"tRNS", b"\x80\0" * 3) if channels == 3 else b""
    rows = zlib.compress((b"\0" + b"\x80\0" * 4 * channels) * 2)
    body = header + colour_key + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")
    result = normalized(PNG[:8] + body)
    assert opened(result).mode == mode
    assert result.data[24] == 8
    assert opened(result).getpixel((0, 0)) == (128,) * channels


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP"])
def test_the_same_bytes_give_the_same_bytes_and_those_stay(image_format):
    data = encoded(photo(300, 200), image_format, exif=exif_of(5))
    first, second = (normalized(data, max_side=90) for _ in range(2))
    assert first == second
    assert normalized(first.data, max_side=90).data is first.data


SEEDS = [
    PNG, JPEG, PROGRESSIVE, WEBP, LOSSLESS_WEBP, TRANSPARENT_WEBP,
    encoded(photo(mode="P"), exif=exif_of(6), icc_profile=bgr_profile(), transparency=3),
    encoded(photo(), "JPEG", exif=exif_of(8), icc_profile=bgr_profile()),
    encoded(photo(mode="CMYK"), "JPEG"),
    encoded(photo(), "WEBP", exif=exif_of(3), icc_profile=bgr_profile()),
    encoded(Image.fromarray(np.arange(600, dtype=np.uint16).reshape(20, 30) * 100)),
]  # fmt: skip


def mend_png_checksums(data):
    out, start = bytearray(data[:8]), 8
    while start + 12 <= len(data):
        end = start + 8 + int.from_bytes(data[start : start + 4], "big")
        out += data[start:end] + struct.pack(">I", zlib.crc32(data[start + 4 : end]))
        start = end + 4
    return bytes(out)


@settings(max_examples=400)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4), st.integers(0, 4)), max_size=6),
    st.booleans(),
    st.sampled_from([16, 512]),
)
def test_damage_raises_image_error_or_gives_an_image_that_opens(seed, edits, mend, max_side):
    data = seed
    for place, written, num_erased in edits:
        at = int(place * place * len(data))  # the headers are at the front
        data = data[:at] + written + data[at + num_erased :]
    if mend and data.startswith(PNG[:8]):
        data = mend_png_checksums(data)
    try:
        result = normalized(data, max_side=max_side)
    except ImageError as error:
        assert error.reason.startswith("image_")
        return
    assert opened(result).size == (result.width, result.height)
    assert max(result.width, result.height) <= max_side
    assert normalized(result.data, max_side=max_side).data is result.data


def test_threads_share_nothing():
    jobs = SEEDS * 20 + [b"", JPEG[:300], PNG + b"tail"] * 20
    random.Random(0).shuffle(jobs)

    def outcome(data):
        try:
            return normalized(data, max_side=40)
        except ImageError as error:
            return error.reason

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expected = [outcome(data) for data in jobs]
    ceiling, filters = Image.MAX_IMAGE_PIXELS, list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(outcome, jobs)) == expected
    assert (ceiling, filters) == (Image.MAX_IMAGE_PIXELS, list(warnings.filters))
