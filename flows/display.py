"""What a person sees while a run goes on and when it ends. Reads the meter, changes nothing."""

import contextlib
import threading
from collections.abc import Generator, Mapping
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from flows.figures import describe_cost, describe_model, describe_retries, shorten
from tasks.contrast import Contrast
from tasks.meter import Meter, StageMeter

PLAIN_SECONDS = 5.0
"""Between progress lines where the output is not a terminal."""


class StageLines:
    """One line a stage: done of total, rate, tokens, time left; below it what its model does."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._waiting = Spinner("dots", text="starting Prefect")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the stages that have begun."""
        begun = [(n, s) for n, s in self._meter.stages.items() if s.started is not None]
        if not begun:
            yield self._waiting
            return
        grid = Table.grid(padding=(0, 2))
        for name, stage in begun:
            bar = ProgressBar(total=max(stage.total or 0, 1), completed=_drawn(stage), width=16)
            grid.add_row(f"{name:<9}", bar, *describe_stage(stage))
        yield grid
        for line in describe_running(self._meter, options.max_width):
            yield Text(line, style="dim", overflow="ellipsis", no_wrap=True)
        if self._meter.note:
            yield Text(make_printable(self._meter.note), style="dim", overflow="ellipsis")


def describe_running(meter: Meter, width: int | None = None) -> list[str]:
    """Describe the models that are being asked now, a line each."""
    lines: list[str] = []
    for model in list(meter.models.values()):
        stage = meter.stages.get(model.stage)
        if stage is None or stage.started is None or stage.ended is not None:
            continue
        head = f"{model.role}: "
        if words := describe_model(model, None if width is None else width - len(head)):
            lines.append(head + words)
    return lines


def _drawn(stage: StageMeter) -> int:
    return max(stage.total or 0, 1) if stage.ended else stage.done


def describe_stage(stage: StageMeter) -> list[str]:
    """Return count, rate, tokens and time of a stage, each for a column."""
    fresh = stage.done - stage.reused
    rate = fresh / stage.seconds if stage.seconds > 0 and fresh else 0.0
    tokens = f"{shorten(stage.completion_tokens)} tok" if stage.completion_tokens else ""
    if stage.ended:
        state = "found" if stage.reused and not fresh else f"{_clock(stage.seconds)}"
    elif rate and stage.total:
        state = f"{_clock(max(stage.total - stage.done, 0) / rate)} left"
    else:
        state = ""
    total = f"/{stage.total:,}" if stage.total is not None else ""
    return [f"{stage.done:,}{total}", f"{rate:,.0f}/s" if rate else "", tokens, state]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


@contextlib.contextmanager
def show_progress(console: Console, meter: Meter) -> Generator[None]:
    """Show the meter while the block runs: live on a terminal, else as lines."""
    if console.is_terminal:
        with Live(StageLines(meter), console=console, refresh_per_second=5, transient=False):
            yield
        return
    stopped = threading.Event()
    thread = threading.Thread(target=_print_lines, args=(console, meter, stopped), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _print_lines(console: Console, meter: Meter, stopped: threading.Event) -> None:
    console.print("starting Prefect", highlight=False)
    finished: set[str] = set()
    is_over = False
    while not is_over:
        is_over = stopped.wait(PLAIN_SECONDS)
        for name, stage in list(meter.stages.items()):
            if stage.started is None or name in finished:
                continue
            if stage.ended:
                finished.add(name)
            words = " ".join(word for word in describe_stage(stage) if word)
            console.print(f"{name}: {words}", highlight=False, soft_wrap=True)
        for line in describe_running(meter):
            console.print(Text(line), soft_wrap=True)
        if meter.note:
            console.print(Text(make_printable(meter.note)), soft_wrap=True)


def show_report(console: Console, report: dict[str, Any], log: str) -> None:
    """Show the funnel and where everything is."""
    table = Table(title="funnel", title_justify="left", box=None, pad_edge=False)
    table.add_column("step")
    table.add_column("in", justify="right")
    table.add_column("out", justify="right")
    table.add_column("the rest", overflow="fold")
    for step in report["funnel"]:
        rest = ", ".join(f"{name} {count:,}" for name, count in step["reasons"].items())
        table.add_row(step["label"], f"{step['num_in']:,}", f"{step['num_out']:,}", escape(rest))
    rows = ", ".join(f"{name} {count:,}" for name, count in report["rows"].items())
    console.print()
    console.print(table)
    console.print()
    state = "published" if report["is_changed"] else "unchanged"
    lines = {
        state: f"{rows}",
        "data set": report["target"],
        "card": f"{report['target']}/README.md",
        "report": report["report"],
        "log": log,
        "requests": f"{report['num_requests']:,} sent in this run",
    }
    for model in report["models"]:
        if model["num_replies"]:
            lines[model["role"]] = describe_spending(model)
    if report["saved_tokens"]:
        lines["saved"] = f"about {report['saved_tokens']:,} tokens, by stopping what was outrun"
    for name, value in lines.items():
        console.print(Text(f"{name:<10} {value}"), soft_wrap=True)


def describe_spending(model: Mapping[str, Any]) -> str:
    """Say in a line what a model of the run was asked, and what that came to."""
    parts = [
        f"{model['num_replies']:,} replies, {shorten(model['prompt_tokens'])} tokens in,"
        f" {shorten(model['completion_tokens'])} out"
    ]
    if model["retries"]:
        parts.append(f"retried {describe_retries(model['retries'])}")
    if model["cost_usd"] is not None:
        parts.append(describe_cost(model["cost_usd"]))
    return ", ".join(parts)


def show_contrast(console: Console, contrast: Contrast) -> None:
    """Show a right and a wrong rollout of one problem side by side."""
    console.print()
    asked = f"{contrast.question}  (gold answer: {contrast.gold_answer})"
    console.print(Text(make_printable(asked), style="bold"))
    console.print(Text(make_printable(contrast.formal_text), style="dim"))
    table = Table(expand=True, show_lines=False)
    table.add_column("right", style="green", ratio=1, overflow="fold")
    table.add_column("wrong", style="red", ratio=1, overflow="fold")
    table.add_row(*(Text(make_printable(t)) for t in (contrast.right, contrast.wrong)))
    console.print(table)


def make_printable(text: str) -> str:
    """Replace control characters: what models write must not move a person's cursor."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def show_fault(console: Console, sentence: str, log: str | None) -> None:
    """Show why the command failed, in one sentence."""
    console.print(Text.assemble(("error: ", "bold red"), make_printable(sentence)), soft_wrap=True)
    if log:
        console.print(Text(f"log: {log}"), soft_wrap=True)
