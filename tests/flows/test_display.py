import io

from rich.console import Console

from flows.display import (
    StageLines,
    describe_running,
    describe_stage,
    show_contrast,
    show_fault,
    show_report,
)
from flows.figures import describe_cost, describe_retries, describe_stopped
from tasks.contrast import Contrast
from tasks.meter import Meter, StageMeter
from tasks.model_meter import ModelMeter
from tests.tasks.test_model_meter import make_figures
from tests.tasks.test_run_figures import make_model

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
    "models": [
        {
            "role": "llm",
            "num_replies": 12,
            "prompt_tokens": 3_400,
            "completion_tokens": 13_800,
            "retries": {"503": 2},
            "cost_usd": 0.5,
        }
    ],
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


def make_asking_meter() -> Meter:
    """Make the meter of a run in which every figure is large."""
    meter = Meter()
    stage = meter.begin("reason", 100_000)
    stage.started = (stage.started or 0) - 10_000
    stage.done, stage.completion_tokens = 40_000, 123_456_789
    model = meter.models["llm"] = ModelMeter("llm", "toy", "reason", "f")
    counts = {"num_requests": 412_345, "in_flight": 1_024, "limit": 1_024, "waiting": 2_048}
    model.observe(0.0, make_figures(**counts))
    figures = make_figures(
        **counts | {"server_waiting": 77, "cost_usd": 1_234.5, "saved_tokens": 9_000_000},
        prompt_tokens=100_000,
        completion_tokens=50_000,
        retries={"503": 12, "reset": 3, "timeout": 1, "429": 40},
    )
    model.observe(10.0, figures)
    return meter


def test_a_running_model_has_one_line_that_fits_80_columns():
    console, screen = make_console()
    console.print(StageLines(make_asking_meter()))
    lines = screen.getvalue().rstrip().splitlines()
    assert len(lines) == 2
    assert max(map(len, lines)) <= 80
    for part in ("llm: 412.3k req", "10.0k in 5.0k out", "1024/1024 slots", "2048+77 waiting"):
        assert part in lines[1]


def test_a_wide_line_tells_retries_cost_and_savings():
    (line,) = describe_running(make_asking_meter())
    for part in ("retried 429 x40, 503 x12, reset x3, ...", "$1,234.50", "saved 9.0M"):
        assert part in line


def test_a_model_whose_stage_has_ended_has_no_line():
    meter = make_asking_meter()
    meter.end("reason")
    assert describe_running(meter) == []


def test_small_amounts_of_money_are_not_zero():
    assert [describe_cost(usd) for usd in (0.0, 0.0012, 3)] == ["$0.00", "$0.0012", "$3.00"]
    assert describe_retries({}) == ""


def test_the_closing_table_says_where_everything_is():
    console, screen = make_console()
    show_report(console, REPORT, "the.log")
    text = screen.getvalue()
    for part in (
        "source rows to problems",
        "[bold]x 1",
        "out/README.md",
        "the.log",
        "12 sent",
        "13.8k out, retried 503 x2, $0.50",
    ):
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


def test_a_stage_that_stopped_nothing_says_none():
    assert describe_stopped(make_model(num_outrun=0, outrun_tokens=0)) == "none"
    one = make_model(num_outrun=1, outrun_tokens=40)
    assert describe_stopped(one) == "1 rollout, at 40 tokens"
    many = make_model(num_outrun=1_200, outrun_tokens=98_765)
    assert describe_stopped(many) == "1,200 rollouts, at 98,765 tokens"
