"""What tools find in an image: text with places, the table that it makes, and coverage."""

import io

import pytest
from PIL import Image, ImageDraw, ImageFont

from tasks.grounding import Finding, describe_findings, measure_coverage
from tasks.grounding.evidence import scale_box
from tasks.grounding.grid import arrange_cells, write_csv


def line(text: str, left: int, top: int, right: int, bottom: int) -> Finding:
    return Finding(label=text, box=(left, top, right, bottom), score=1.0)


def test_findings_are_one_line_each_whatever_they_hold():
    told = describe_findings([line("two\nlines  here", 1, 2, 3, 4), line("B", 5, 6, 7, 8)])
    assert told == "1 2 3 4 two lines here\n5 6 7 8 B"


def test_pixels_become_thousandths_of_the_image():
    assert scale_box((320, 240, 400, 300), (640, 480)) == (500, 500, 625, 625)
    assert scale_box((0, 0, 7, 7), (7, 7)) == (0, 0, 1000, 1000)


def test_told_places_are_in_the_image_and_no_box_becomes_a_line():
    told = describe_findings([line("a", -3, 499.9, 0.2, 1200), line("b", 7, 10.5, 7.1, 11)])
    assert told == "0 499 1 1000 a\n7 10 8 11 b"


def test_coverage_counts_each_word_as_often_as_it_was_read():
    read = [line("Cup 12", 0, 0, 9, 9), line("cup", 0, 20, 9, 29)]
    assert measure_coverage(read, "cup,12") == pytest.approx(2 / 3)
    assert measure_coverage(read, "CUP 12, cup.") == 1.0
    assert measure_coverage([], "anything") is None
    assert measure_coverage([line("--", 0, 0, 9, 9)], "") is None


@pytest.mark.parametrize(
    ("read", "formal_text", "coverage"),
    [
        (
            "\u82f9\u679c\u5355\u4ef712\u5143",
            "\u5546\u54c1,\u5355\u4ef7\n\u82f9\u679c,12\u5143",
            1.0,
        ),
        ("\u4eca\u5929\u597d", "\u56fe\u4e2d\u5199\u7740\u4eca\u5929\u597d\u7684\u5b57\u6837", 1.0),
        ("\u82f9\u679c 12", "\u9999\u8549,12", 1 / 3),
        ("\uff21\uff22 \uff11\uff12", "AB,12", 1.0),
        ("1,000", '{"price": 1000}', 1.0),
        ("1,234,567.5", "1234567.5", 1.0),
        ("1000", '"1,000"', 1.0),
        ("12 345", "a,12,345", 1.0),
        ("1,000", '{"price": 100}', 0.0),
        ("1,00", "100", 0.0),
        ("Total", "total", 1.0),
        ("Total", "subtotal", 0.0),
    ],
)
def test_coverage_counts_han_characters_one_by_one_and_digit_groups_as_one(
    read, formal_text, coverage
):
    found = [line(read, 0, 0, 9, 9)]
    assert measure_coverage(found, formal_text) == pytest.approx(coverage)


def test_lines_become_cells_by_their_places_and_a_title_is_no_row():
    lines = [
        line("Games won by a team", 0, 0, 90, 9),
        line("won", 60, 20, 85, 29),
        line("Year", 2, 21, 30, 30),
        line("2010", 0, 40, 25, 49),
        line("2011", 0, 60, 25, 69),
        line("30", 62, 60, 75, 69),
    ]
    cells = arrange_cells(lines)
    assert cells == [["Year", "won"], ["2010", ""], ["2011", "30"]]
    assert write_csv(cells) == "Year,won\n2010,\n2011,30"


def test_words_of_one_cell_are_joined_and_odd_input_makes_a_table_all_the_same():
    lines = [line("red", 0, 0, 10, 9), line("cup", 9, 1, 30, 9), line("5", 50, 0, 55, 9)]
    assert arrange_cells(lines) == [["red cup", "5"]]
    assert arrange_cells([]) == []
    assert arrange_cells([line("alone", 0, 0, 9, 9)]) == [["alone"]]


async def test_the_reader_reads_words_where_they_stand():
    pytest.importorskip("rapidocr", reason="needs the extra ocr")
    from tasks.grounding.ocr import OcrReader

    image = Image.new("RGB", (320, 120), "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=28)
    draw.text((20, 10), "Total 4821", fill="black", font=font)
    draw.text((20, 70), "Apples", fill="black", font=font)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    first, second = await OcrReader(num_threads=1).read(stream.getvalue())
    assert (first.label, second.label) == ("Total 4821", "Apples")
    left, top, right, bottom = first.box
    assert left >= 10 * 1000 / 320 and right < 220 * 1000 / 320
    assert top < 30 * 1000 / 120 and 30 < bottom * 120 / 1000 < 60
    assert second.box[1] > bottom


async def test_an_image_without_text_has_none():
    pytest.importorskip("rapidocr", reason="needs the extra ocr")
    from tasks.grounding.ocr import OcrReader

    stream = io.BytesIO()
    Image.new("RGB", (64, 64), "white").save(stream, "PNG")
    assert await OcrReader(num_threads=1).read(stream.getvalue()) == []


def test_cells_that_stand_apart_under_one_header_are_one_column():
    lines = [
        line("Passengers", 0, 0, 60, 9),
        line("per train", 55, 0, 110, 9),
        line("Stem", 0, 20, 30, 29),
        line("Leaf", 50, 20, 80, 29),
        line("1", 0, 40, 8, 49),
        line("4", 50, 40, 58, 49),
        line("7", 70, 40, 78, 49),
        line("2", 0, 60, 8, 69),
        line("3", 0, 80, 8, 89),
        line("5", 50, 80, 58, 89),
    ]
    assert arrange_cells(lines) == [["Stem", "Leaf"], ["1", "4 7"], ["2", ""], ["3", "5"]]


def test_the_lines_of_one_cell_are_one_row():
    lines = [line("Number of", 0, 0, 60, 9), line("Price", 90, 0, 120, 9)]
    lines += [line("towns", 0, 11, 40, 20), line("each", 90, 11, 110, 20)]
    for index in range(4):
        top = 40 + 30 * index
        lines += [line(str(index), 0, top, 9, top + 9), line("5", 90, top, 99, top + 9)]
    assert arrange_cells(lines)[:2] == [["Number of towns", "Price each"], ["0", "5"]]
