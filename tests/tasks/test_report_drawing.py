"""Formal texts drawn: what they say is there, and nothing of theirs can act."""

import json
import re
import time
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.charts import ChartPainter
from tasks.formats import FORMATS, validate
from tasks.report.drawing import draw_formal_text
from tasks.report.drawing.drawing import MAX_BYTES
from tasks.report.drawing.geometry import draw_geometry
from tasks.report.drawing.placing import place_on_circle
from tests.report_pages import Page
from tests.tasks.formats.cases import load_cases

HOSTILE = "</td></svg></iframe><script>alert(1)</script><img src=x onerror=alert(1)>\"'&lt;"
CAPTION = "=== caption ===\nA red cup stands on a brown table."
DRAWN = ("csv", "json", "geometry", "boxes", "ocr", "html", "mixed")
SEEN = {
    *("table", "thead", "tbody", "tr", "th", "td", "svg", "rect", "title", "text", "line"),
    *("circle", "polyline", "iframe"),
}


class NoPainter(ChartPainter):
    """Draws no chart: charts have tests of their own."""

    def draw(self, text):
        return None


def draw(format, text, image=(640, 480)):
    return draw_formal_text(format, text, image, NoPainter())


def read(format, text, **options):
    (drawing,) = draw(format, text, **options)
    return drawing, Page(str(drawing.markup))


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_every_case_is_drawn_or_left_out_without_harm(format):
    for case in load_cases(format):
        for image in (None, (640, 480)):
            drawings = draw(format, case.text, image)
            assert case.is_valid or not drawings
            for drawing in drawings:
                page = Page(str(drawing.markup))
                assert {tag for tag, _ in page.elements} <= SEEN
                assert len(drawing.markup.encode()) <= MAX_BYTES


@pytest.mark.parametrize("format", DRAWN)
def test_most_valid_cases_have_a_drawing(format):
    valid = [case.text for case in load_cases(format) if case.is_valid]
    assert sum(bool(draw(format, text)) for text in valid) >= 0.8 * len(valid)


def test_an_unknown_format_and_an_invalid_text_have_none():
    assert draw("dance", "one, two") == ()
    assert draw("csv", "a,b\n1") == ()


def test_a_csv_table_has_its_head_cells_and_numbers():
    _, page = read("csv", 'item,cost\n"cup, red",12\n"two\nlines","1,200"')
    assert [a.get("scope") for a in page.find("th")] == ["col", "col"]
    assert [a.get("class") for a in page.find("td")] == [None, "number"] * 2
    assert page.texts == ["item", "cost", "cup, red", "12", "two\nlines", "1,200"]


def test_a_long_table_says_what_it_leaves_out():
    text = "\n".join([",".join("abcdefghijklmnop"), *([",".join("1234567890123456")] * 90)])
    drawing, page = read("csv", text)
    assert drawing.caption == "50 more rows and 4 more columns not shown."
    assert len(page.find("tr")) == 41


def test_json_rows_objects_and_columns_are_tables():
    _, rows = read("json", '[{"a": 1, "b": null}, {"a": [2, 3], "b": "x"}]')
    assert rows.texts == ["a", "b", "1", "2, 3", "x"]
    _, pairs = read("json", '{"title": "Sales", "data": [{"x": 1}, {"x": 2}]}')
    assert pairs.texts == ["title", "Sales", "data", "x", "1", "2"]
    assert len(pairs.find("table")) == 2
    _, apart = read("json", '{"columns": ["a", "b"], "rows": [[1, 2], [3, 4]]}')
    assert apart.texts == ["a", "b", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    "value",
    [
        [[[[[[1]]]]]],
        [{"k": [{"k": [{"k": [{"k": [1] * 20}] * 6}] * 6}] * 6}] * 6,
        {"a": {str(n): {str(m): m for m in range(30)} for n in range(30)}},
        [{str(n): 1 for n in range(9_000)}],
        {"a": "x" * 100_000},
        [list(range(400))] * 40,
    ],
)
def test_json_of_any_shape_stays_small(value):
    text = json.dumps(value)
    assert not validate("json", text)
    for drawing in draw("json", text):
        assert len(drawing.markup) <= MAX_BYTES
        Page(str(drawing.markup))


def test_boxes_lie_over_the_image_where_they_say():
    text = '[{"label": "cup", "box": [100, 250, 500, 750]}]'
    drawing, page = read("boxes", text, image=(640, 480))
    assert drawing.is_overlay
    assert page.find("svg")[0]["viewbox"] == "0 0 640 480"
    (rect,) = page.find("rect")
    assert [rect[key] for key in ("x", "y", "width", "height")] == [
        "64.0",
        "120.0",
        "256.0",
        "240.0",
    ]
    pixels = '{"size": [64, 48], "boxes": [{"label": "cup", "box": [6.4, 12, 32, 36]}]}'
    assert read("boxes", pixels, image=(640, 480))[1].find("rect") == [rect]
    assert not draw("boxes", text, image=None)[0].is_overlay


def test_lines_of_text_stand_at_their_places():
    drawing, page = read("ocr", "size: 320 240\n[32, 24, 160, 48] Total 12", image=(640, 480))
    (line,) = page.find("text")
    assert (line["x"], line["textlength"]) == ("64.0", "256.0")
    assert page.texts == ["Total 12"] and not drawing.is_overlay


def test_a_page_is_in_a_frame_that_can_do_nothing():
    text = (
        "<html><head><title>t</title></head><body><h1 class=big>Shop</h1>"
        "<p style='color:red'>A <a href='https://example.com'>link</a> <svg><text>s</text></svg>"
        "<table><tr><td colspan=2>cell</td></tr></table><input type=text value='v'>"
        "<img alt='a cup'></body></html>"
    )
    _, page = read("html", text)
    (frame,) = page.find("iframe")
    assert frame["sandbox"] == "" and "src" not in frame
    inner = frame["srcdoc"]
    assert "default-src 'none'" in inner
    assert "<h1>Shop</h1>" in inner and '<td colspan="2">cell</td>' in inner
    assert "link" in inner and "[a cup]" in inner and 'value="v"' in inner
    assert not re.search(r"style|class|href|example|<svg|<a\b", inner)


def test_a_huge_page_is_cut_and_closed():
    text = "<html><body>" + "<div><p>word &lt;b&gt; word</p></div>" * 5_000 + "</body></html>"
    drawing, page = read("html", text)
    assert "left out" in drawing.caption
    Page(page.find("iframe")[0]["srcdoc"].split(">", 3)[3])


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("csv", 'a,b\n"{}",1'.format(HOSTILE.replace('"', '""'))),
        ("json", json.dumps([{"a": HOSTILE, HOSTILE: 1}])),
        ("boxes", json.dumps([{"label": HOSTILE, "box": [1, 2, 3, 4]}])),
        ("ocr", f"[1, 2, 300, 40] {HOSTILE}"),
        ("mixed", f"{CAPTION}\n=== ocr ===\n[1, 2, 300, 40] {HOSTILE}"),
    ],
)
def test_hostile_values_are_text(format, text):
    assert not validate(format, text)
    _, page = read(format, text)
    assert {tag for tag, _ in page.elements} <= SEEN
    assert "<script>alert(1)" in page.text


def test_mixed_texts_have_a_drawing_for_each_section():
    text = f'=== csv ===\na,b\n1,2\n{CAPTION}\n=== json ===\n{{"a": 1}}'
    assert len(draw("mixed", text)) == 2


def measure(text):
    """Return the lengths of the drawn lines, by their order, the first being 1."""
    page = Page(str(draw_geometry(text).markup))
    lines = [
        {key: float(line[key]) for key in ("x1", "x2", "y1", "y2")} for line in page.find("line")
    ]
    lengths = [((a["x1"] - a["x2"]) ** 2 + (a["y1"] - a["y2"]) ** 2) ** 0.5 for a in lines]
    return [length / lengths[0] for length in lengths]


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("Triangle(A,B,C)\nLength(AB)=3\nLength(BC)=4\nLength(CA)=5", [3, 4, 5]),
        ("Triangle(A,B,C)\nLength(AB)=2\nLength(BC)=2\nLength(CA)=3.9", [2, 2, 3.9]),
        ("Triangle(A,B,C)\nLength(AB)=3\nLength(BC)=4\nAngle(ABC)=90", [3, 4, 5]),
        ("Triangle(A,B,C)\nLength(AB)=3\nLength(CA)=5\nRightAngle(ABC)", [3, 4, 5]),
        ("Triangle(A,B,C)\nLength(AB)=3\nPerpendicular(AB,BC)\nLength(BC)=4", [3, 4, 5]),
        ("Triangle(A,B,C)\nAngle(ABC)=60\nAngle(BCA)=60\nLength(AB)=3", [1, 1, 1]),
        ("EquilateralTriangle(A,B,C)\nLength(CA)=7", [1, 1, 1]),
        ("Quadrilateral(A,B,C,D)\nLength(AB)=3\nLength(BC)=4\nLength(CD)=5\nLength(DA)=6",
         [3, 4, 5, 6]),
        ("Rectangle(A,B,C,D)\nLength(AB)=8\nLength(DA)=2\nSegment(AC)", [8, 2, 8, 2, 68**0.5]),
        ("Parallelogram(A,B,C,D)\nLength(AB)=8\nLength(BC)=5", [8, 5, 8, 5]),
        ("Triangle(A,B,C)\nLength(AB)=3\nLength(BC)=4\nLength(CA)=5\nMidpoint(M,CA)\nSegment(BM)",
         [3, 4, 5, 2.5]),
        ("Triangle(A,B,C)\nLength(AB)=5\nLength(BC)=6\nLength(CA)=5\nOn(D,BC)\nPerpendicular(AD,BC)",
         [5, 6, 5, 4]),
    ],
)  # fmt: skip
def test_figures_whose_sizes_are_known_are_to_scale(text, sides):
    assert measure(text) == pytest.approx([side / sides[0] for side in sides], abs=0.02)


def test_figures_that_are_not_to_scale_say_so():
    assert "Not to scale" in draw_geometry("Triangle(A,B,C)\nLength(AB)=2x").caption
    sides = "Triangle(A,B,C)\nLength(AB)=1\nLength(BC)=2\nLength(CA)=9"
    assert draw_geometry(sides).caption == "Not to scale: no shape has these sides."
    loose = draw_geometry("Collinear(A,B,C)").caption
    assert loose == "Not to scale: the points stand on a circle."


def test_labels_and_right_angles_are_drawn():
    drawing = draw_geometry("Triangle(A,B,C)\nRightAngle(ABC)\nLength(AB)=2x+3\nAngle(BCA)=40")
    page = Page(str(drawing.markup))
    assert set(page.texts) == {"A", "B", "C", "2x+3", "40\u00b0"}
    assert len(page.find("polyline")) == 1


@given(st.lists(st.floats(1e-3, 1e3), min_size=3, max_size=8))
def test_a_shape_has_the_sides_that_it_was_given(sides):
    placed = place_on_circle(sides)
    if max(sides) >= 0.99 * (sum(sides) - max(sides)):
        return
    assert placed
    ends = [*placed[1:], placed[0]]
    drawn = [abs(b - a) for a, b in zip(placed, ends, strict=True)]
    assert [side / drawn[0] for side in drawn] == pytest.approx(
        [side / sides[0] for side in sides], rel=1e-3, abs=1e-6
    )


POINTS = st.sampled_from("ABCDEO")
SEGMENTS = st.permutations("ABCDO").map(lambda names: "".join(names[:2]))
CORNERS = st.permutations("ABCDO").map(lambda names: ",".join(names[:3]))
NUMBERS = st.sampled_from(["1", "3", "5", "90", "180", "0.001", "9" * 40, "2x", "?", "0"])
STATEMENTS = st.one_of(
    st.builds("Triangle({})".format, CORNERS),
    st.builds("Length({})={}".format, SEGMENTS, NUMBERS),
    st.builds("On({},{})".format, POINTS, SEGMENTS),
    st.builds("Midpoint({},{})".format, POINTS, SEGMENTS),
    st.builds(
        "{}({},{})".format, st.sampled_from(["Chord", "Tangent", "Diameter"]), SEGMENTS, POINTS
    ),
    st.builds(
        "{}({},{})".format, st.sampled_from(["Parallel", "Perpendicular"]), SEGMENTS, SEGMENTS
    ),
    st.builds("Intersection({},{},{})".format, POINTS, SEGMENTS, SEGMENTS),
    st.builds("Coordinates({})=({},{})".format, POINTS, NUMBERS, NUMBERS),
    st.builds("Altitude({},ABC)".format, SEGMENTS),
    st.builds("TangentCircles({},{})".format, POINTS, POINTS),
    st.builds("Angle(ABC)={}".format, NUMBERS),
    st.builds("Inscribed(ABC,{})".format, POINTS),
    st.builds("Semicircle({},{})".format, POINTS, SEGMENTS),
)


@settings(max_examples=400)
@given(st.lists(STATEMENTS, min_size=1, max_size=12))
def test_no_figure_fails_or_leaves_the_picture(statements):
    text = "\n".join(statements)
    if validate("geometry", text):
        return
    drawing = draw_geometry(text)
    root = ElementTree.fromstring(str(drawing.markup))
    width, height = (float(side) for side in root.attrib["viewBox"].split()[2:])
    for dot in root.iter("circle"):
        assert -1 <= float(dot.attrib["cx"]) <= width + 1
        assert -1 <= float(dot.attrib["cy"]) <= height + 1


def test_drawing_takes_linear_time():
    texts = {
        "csv": "a,b\n" + "x,1\n" * 20_000,
        "json": json.dumps([{f"k{n}": n for n in range(20)}] * 400),
        "geometry": "\n".join(f"Segment(A{n}B{n})" for n in range(900)),
        "ocr": "\n".join(f"[1, 2, 300, {n % 900 + 3}] word {n}" for n in range(4_000)),
        "html": "<html><body>" + "<p>word" * 9_000 + "</body></html>",
    }
    for format, text in texts.items():
        start = time.process_time()
        draw(format, text)
        assert time.process_time() - start < 5, format  # Less than 0.2 s.
