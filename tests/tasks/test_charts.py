"""Charts of strangers: data are drawn, and nothing is computed, made or loaded."""

import json

import pytest

from tasks import charts
from tasks.charts import ChartPainter, is_plain_chart
from tests.tasks.formats.cases import load_cases

CHART = {
    "data": {"values": [{"a": "A<b>", "b": 28}, {"a": "B", "b": 55}]},
    "mark": "bar",
    "encoding": {
        "x": {"field": "a", "type": "nominal"},
        "y": {"field": "b", "type": "quantitative"},
    },
}
PATIENT_SECONDS = 600.0


def write(**changes):
    return json.dumps(CHART | changes)


@pytest.fixture(scope="module")
def painter():
    pytest.importorskip("vl_convert", reason="needs the extra charts")
    with ChartPainter(PATIENT_SECONDS) as painter:
        yield painter


def test_data_become_a_picture(painter):
    svg = painter.draw(write())
    assert svg.startswith("<svg") and svg.count("<path") >= 2
    assert "A&lt;b&gt;" in svg and "<b>" not in svg


def test_most_valid_charts_of_the_cases_are_drawn(painter):
    texts = [case.text for case in load_cases("chart_spec") if case.is_valid]
    drawn = [text for text in texts if painter.draw(text)]
    assert len(drawn) >= 0.9 * len(texts)


@pytest.mark.parametrize(
    "changes",
    [
        {"transform": [{"calculate": "datum.b * 2", "as": "c"}]},
        {"transform": [{"filter": "datum.b > 1"}]},
        {"params": [{"name": "p", "value": 1}]},
        {"width": {"expr": "1e9"}},
        {"width": 1e9},
        {"data": {"sequence": {"start": 0, "stop": 1e12}}},
        {"data": {"url": "file:///etc/passwd"}},
        {"data": {"url": "https://example.com/x.csv"}},
        {"mark": {"type": "bar", "href": "https://example.com"}},
        {"mark": "image"},
        {"data": {"values": [{"a": "x", "b": 1}] * 5_000}},
    ],
)
def test_a_chart_that_computes_loads_or_grows_is_not_drawn(changes):
    assert is_plain_chart(write())
    assert not is_plain_chart(write(**changes))


def test_what_is_no_chart_is_not_drawn():
    for case in load_cases("chart_spec"):
        assert case.is_valid or not is_plain_chart(case.text)


def test_a_chart_that_takes_too_long_ends_its_child_and_the_next_is_drawn(monkeypatch):
    pytest.importorskip("vl_convert", reason="needs the extra charts")
    endless = write(data={"sequence": {"start": 0, "stop": 1e9, "as": "b"}})
    monkeypatch.setattr(charts, "is_plain_chart", lambda text: True)
    with ChartPainter(chart_seconds=4.0) as painter:
        assert painter.draw(endless) is None
        monkeypatch.setattr(painter, "_seconds", PATIENT_SECONDS)  # For the child that replaces it.
        assert painter.draw(write())


def test_without_vl_convert_nothing_is_drawn(monkeypatch):
    monkeypatch.setattr(charts.importlib.util, "find_spec", lambda name: None)
    with ChartPainter() as painter:
        assert painter.draw(write()) is None
