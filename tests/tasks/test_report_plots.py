from xml.etree import ElementTree

from tasks.funnel import FunnelStep
from tasks.report.plots import (
    draw_funnel_bar,
    draw_lengths,
    draw_pass_rates,
    draw_verdict_bar,
    group_verdicts,
)

HOSTILE = '"><script>alert(1)</script>\x1b'


def read_widths(svg):
    return [
        float(rect.get("width").rstrip("%")) for rect in ElementTree.fromstring(svg).iter("rect")
    ]


def test_the_funnel_bar_is_full_and_parted_by_reason():
    step = FunnelStep(label="rows", num_in=8, num_out=4, reasons={"a": 1, "b": 3})
    assert read_widths(draw_funnel_bar(step)) == [50.0, 37.5, 12.5]


def test_a_step_without_rows_is_an_empty_bar():
    step = FunnelStep(label="rows", num_in=0, num_out=0, reasons={})
    assert read_widths(draw_funnel_bar(step)) == []


def test_names_from_data_cannot_break_out_of_a_picture():
    step = FunnelStep(label=HOSTILE, num_in=2, num_out=1, reasons={HOSTILE: 1})
    bar = draw_verdict_bar(HOSTILE, {"correct": 1, "incorrect": 0, "undecided": 0}, 1)
    for svg in (draw_funnel_bar(step), bar):
        assert {node.tag for node in ElementTree.fromstring(svg).iter()} == {"svg", "rect", "title"}


def test_rare_names_share_one_line():
    counts = {(f"rule {n:02d}", "correct"): 20 - n for n in range(14)}
    lines = group_verdicts(counts)
    assert [name for name, _ in lines][-2:] == ["rule 09", "4 others"]
    assert sum(found["correct"] for _, found in lines) == sum(counts.values())


def test_every_problem_with_a_verdict_stands_in_a_column():
    svg = draw_pass_rates({(0, 4): 3, (4, 4): 5, (1, 3): 2, (0, 0): 9})
    values = [t.text for t in ElementTree.fromstring(svg).iter("text") if t.get("class") == "value"]
    assert values == ["3", "2", "0", "0", "5"]


def test_a_solved_problem_of_many_rollouts_keeps_to_ten_columns():
    svg = draw_pass_rates({(1, 64): 1, (64, 64): 1})
    values = [t.text for t in ElementTree.fromstring(svg).iter("text") if t.get("class") == "value"]
    assert len(values) == 11


def test_correct_lengths_go_up_and_incorrect_ones_down():
    svg = draw_lengths({("correct", 5): 3, ("incorrect", 5): 1, ("undecided", 5): 7})
    up, down = ElementTree.fromstring(svg).iter("rect")
    middle = float(next(ElementTree.fromstring(svg).iter("line")).get("y1"))
    assert float(up.get("y")) + float(up.get("height")) == middle
    assert float(down.get("y")) == middle


def test_nothing_is_said_and_not_drawn():
    assert "<svg" not in draw_lengths({}) + draw_pass_rates({(0, 0): 4})
