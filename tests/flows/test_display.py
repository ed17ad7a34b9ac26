import io

from rich.console import Console

from flows.display import StageLines, describe_stage, show_contrast, show_fault, show_report
from tasks.contrast import Contrast
from tasks.meter import Meter, StageMeter

REPORT = {
    "dataset": "toy",
    "partition": "all",
    "target": "out",
    "report": "out/report.html",
    "rows": {"sft": 2, "grpo": 1, "rejects": 3},
    "funnel": [
        {"label": "source rows to problems", "num_in": 4, "num_out": 3, "reasons": {"[bold]x": 1}}
    ],
    "num_requests": 12,
    "saved_tokens": 0,
    "models": [],
    "is_changed": True,
}


def make_console(width: int = 80) -> tuple[Console, io.StringIO]:
    screen = io.StringIO()
    return Console(file=screen, width=width, force_terminal=False), screen


def test_a_running_stage_tells_rate_and_time_left():
    meter = Meter()
    stage = meter.begin("reason", 100)
    stage.started -= 10
    meter.advance("reason", 40)
    meter.advance("reason", 20, reused=True)
    done, rate, tokens, left = describe_stage(stage)
    assert (done, rate, tokens, left) == ("60/100", "4/s", "", "0:10 left")


def test_a_found_stage_says_so():
    meter = Meter()
    stage = meter.begin("verify", 5)
    meter.advance("verify", 5, reused=True)
    meter.end("verify")
    assert describe_stage(stage) == ["5/5", "", "", "found"]


def test_tokens_are_shortened():
    assert describe_stage(StageMeter(completion_tokens=13_800))[2] == "13.8k tok"


def test_every_begun_stage_has_a_line():
    meter = Meter()
    for stage in ("ingest", "formalize"):
        meter.begin(stage, 10)
    console, screen = make_console()
    console.print(StageLines(meter))
    assert len(screen.getvalue().strip().splitlines()) == 2


def test_the_closing_table_says_where_everything_is():
    console, screen = make_console()
    show_report(console, REPORT, "the.log")
    text = screen.getvalue()
    for part in ("source rows to problems", "[bold]x 1", "out/README.md", "the.log", "12 sent"):
        assert part in text
    assert max(map(len, text.splitlines())) <= 80


def test_model_texts_cannot_move_the_cursor():
    console, screen = make_console()
    hostile = "x\x1b[2J\x07[red]y"
    texts = dict.fromkeys(["question", "gold_answer", "formal_text", "right", "wrong"], hostile)
    show_contrast(console, Contrast(**texts))
    show_fault(console, hostile, None)
    assert "\x1b" not in screen.getvalue()
    assert "\x07" not in screen.getvalue()
    assert "[red]y" in screen.getvalue()
