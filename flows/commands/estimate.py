"""`sightline estimate`: tokens, hours, money and yield, before they are spent."""

import argparse
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.commands.arguments import (
    add_extent,
    add_recipe,
    add_reporting,
    parse_count,
    read_recipe,
)
from flows.commands.running import DONE, run_watched
from flows.logs import quiet_prefect

if TYPE_CHECKING:
    from flows.estimating import Estimate, ModelEstimate
    from tasks.estimation import Interval


def add_estimate(commands: Any) -> None:
    """Describe the command."""
    estimate = commands.add_parser(
        "estimate",
        help="tokens, hours, money and yield of a build, from a small measured sample",
        description="Run a few rows of every source through the stages, publish nothing, and say"
        " what the whole takes and gives, with 90 %% intervals. The replies are kept: the build"
        " does not pay for them again, and the same estimate again costs nothing. Where the build"
        " is done already, it is measured instead. Exit code 0.",
        epilog="example: sightline estimate openvlthinker --source my-images --workspace runs"
        " --vlm my-vlm@http://127.0.0.1:8000/v1 --llm my-llm@http://127.0.0.1:8001/v1"
        " --set models.llm.price_in=0.5 --set models.llm.price_out=2",
    )
    estimate.set_defaults(run=run_estimate)
    add_recipe(estimate)
    add_extent(estimate)
    estimate.add_argument(
        "--sample",
        type=parse_count,
        default=24,
        metavar="N",
        help="source rows to measure (%(default)s)",
    )
    add_reporting(estimate)


def run_estimate(options: argparse.Namespace, console: Console) -> int:
    """Measure a sample, and show what follows from it."""
    quiet_prefect()
    recipe = read_recipe(options)
    with console.status("reading the source"):
        from flows.estimating import estimate
        from flows.plan import SAMPLE_PARTITION, plan_build

        where = (options.workspace, options.partition, options.limit)
        folder = plan_build(recipe, *where, None).dataset.join(SAMPLE_PARTITION)
    ended = run_watched(
        folder,
        lambda: estimate(recipe, *where, sample=options.sample),
        console,
        is_verbose=options.verbose,
    )
    if (found := ended.result) is None:
        return ended.code
    if options.json:
        print(found.model_dump_json())  # noqa: T201
    else:
        show_estimate(console, found)
    return DONE


def show_estimate(console: Console, found: "Estimate") -> None:
    """Show the table, and what is measured and what is not."""
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    table.add_column("")
    for name in ("expected", "from", "to"):
        table.add_column(name, justify="right")
    for model in found.models:
        for place, (name, interval) in enumerate(list_lines(model)):
            table.add_row("" if place else model.role, name, *write_interval(name, interval))
    for name, interval in (("USD", found.usd), ("time", found.hours)):
        if interval is not None:
            table.add_row("all", name, *write_interval(name, interval), style="bold")
    for name, interval in found.rows.items():
        table.add_row("rows", name, *write_interval("rows", interval))
    console.print()
    console.print(table)
    console.print()
    for line in describe_basis(found):
        console.print(Text(line), soft_wrap=True)


def list_lines(model: "ModelEstimate") -> list[tuple[str, "Interval | None"]]:
    """List the figures of one model."""
    return [
        ("requests", model.requests),
        ("tokens in", model.prompt_tokens),
        ("tokens out", model.completion_tokens),
        ("USD", model.usd),
        ("time", model.hours),
    ]


def write_interval(name: str, interval: "Interval | None") -> tuple[str, str, str]:
    """Write what is expected, and the two ends."""
    if interval is None:
        return "no price" if name == "USD" else "not known", "", ""
    expected, low, high = interval.expected, interval.low, interval.high
    written = [write_number(name, number) for number in (low, high)]
    return "" if expected is None else write_number(name, expected), written[0], written[1]


def write_number(name: str, number: float) -> str:
    """Write a number as far as it can be meant."""
    if name == "USD":
        return f"{number:,.{2 if number >= 0.1 or not number else 4}f}"
    if name == "time":
        return write_time(number)
    return f"{number:,.0f}"


def write_time(hours: float) -> str:
    """Write how long something takes."""
    for size, unit in ((1.0, "h"), (60.0, "min")):
        if hours * size >= 1:
            return f"{hours * size:,.1f} {unit}"
    return f"{hours * 3_600:.0f} s"


def describe_basis(found: "Estimate") -> list[str]:
    """Say what is measured, what is extrapolated, and what that cannot see."""
    paid = f"{found.num_paid_requests:,} requests, {found.num_paid_tokens:,} tokens"
    if found.is_built:
        return [
            f"measured: all {found.num_measured:,} source rows; the build is done ({paid}), and the"
            " same command again costs nothing"
        ]
    rest = found.num_rows - found.num_measured
    lines = [
        f"measured: {found.num_measured:,} of {found.num_rows:,} source rows ({paid}, kept for the"
        f" build; {found.num_requests:,} requests were sent now)",
        f"extrapolated: the other {rest:,} rows, with 90 % intervals; requests that servers fail"
        " and that are sent again are not counted",
    ]
    free = [model.role for model in found.models if model.usd is None]
    if free:
        lines.append(f"no price in the recipe: set models.{free[0]}.price_in and .price_out")
    lines += [f"time of {model.role}: {model.note}" for model in found.models if model.note]
    return [*lines, *(f"note: {note}" for note in found.notes)]
