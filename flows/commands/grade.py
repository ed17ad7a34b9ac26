"""`sightline grade`: gold answers and predictions in, the same lines with their verdicts out."""

import argparse
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.table import Table

from flows.commands.arguments import parse_count
from flows.commands.running import DONE, FAILED, drop_output
from flows.display import show_fault
from flows.recipe_files import load_policy
from schemas.errors import AccessError, SourceError, WorkerError

VERDICTS = ("correct", "incorrect", "cannot_tell")


def add_grade(commands: Any) -> None:
    """Describe the command."""
    grade = commands.add_parser(
        "grade",
        help="check predictions against gold answers",
        description='Read lines such as {"gold": "1/2", "prediction": "So it is 0.5."}, perhaps'
        ' with "options" (texts of the choices), "unit" and "type" of the gold answer, and write'
        ' them with "verdict" (correct, incorrect, cannot_tell), "rule", "answer" and "policy". A'
        " line that cannot be read is a cannot_tell whose rule says why. A summary goes to stderr.",
        epilog="example: sightline grade predictions.jsonl --tolerance 0.01 > graded.jsonl",
    )
    grade.set_defaults(run=run_grade)
    grade.add_argument("file", metavar="FILE.jsonl", help="lines of JSON; - for stdin")
    grade.add_argument(
        "--tolerance",
        metavar="T",
        help="relative tolerance, of golds that are no whole numbers (0.000001)",
    )
    grade.add_argument(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="KEY=VALUE",
        help="another key of the policy, such as units=strict or round_whole_numbers=true",
    )
    grade.add_argument(
        "--workers",
        type=parse_count,
        default=len(os.sched_getaffinity(0)),
        metavar="N",
        help="processes (%(default)s)",
    )
    grade.add_argument("--json", action="store_true", help="write the summary as JSON")


def run_grade(options: argparse.Namespace, console: Console) -> int:
    """Grade, and say how many lines of each verdict there were."""
    from tasks.answers import Policy

    tolerance = [f"relative_tolerance={options.tolerance}"] if options.tolerance else []
    policy = Policy(**load_policy([*tolerance, *options.settings]).model_dump())
    started = time.monotonic()
    try:
        counts, num_faulty = _grade(options.file, policy, options.workers)
    except BrokenPipeError:
        drop_output()  # Nobody reads on.
        return FAILED
    except OSError as error:
        drop_output()
        reason = error.strerror or error
        show_fault(console, f"cannot grade {options.file!r} to its end: {reason}", None)
        return FAILED
    except (AccessError, WorkerError) as error:
        show_fault(console, str(error), None)
        return FAILED
    except KeyboardInterrupt:
        show_fault(console, "stopped", None)
        return FAILED
    summary = summarize(counts, num_faulty, time.monotonic() - started, policy.description)
    if options.json:
        print(json.dumps(summary), file=sys.stderr)  # noqa: T201
    else:
        show_summary(console, summary)
    return DONE


def _grade(file: str, policy: Any, num_workers: int) -> tuple[Counter[tuple[str, str]], int]:
    """Grade a file to stdout; return the lines of each (verdict, rule), and the faulty ones."""
    from tasks.graded_lines import grade_batches, read_batches

    counts: Counter[tuple[str, str]] = Counter()
    num_faulty = 0
    with _open(file) as stream:
        sink = _find_output()
        for graded in grade_batches(read_batches(stream), policy, num_workers=num_workers):
            sink.write(graded.data)
            counts.update(graded.counts)
            num_faulty += graded.num_faulty
        sink.flush()
    return counts, num_faulty


def _open(file: str) -> IO[bytes]:
    if file == "-" and sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison]
        raise SourceError("cannot read '-': standard input is closed")
    try:
        return sys.stdin.buffer if file == "-" else Path(file).open("rb")
    except OSError as error:
        raise SourceError(f"cannot read {file!r}: {error.strerror}") from None


def _find_output() -> IO[bytes]:
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]
        raise SourceError("cannot write the graded lines: standard output is closed")
    return sys.stdout.buffer


def summarize(
    counts: Counter[tuple[str, str]], num_faulty: int, seconds: float, policy: str
) -> dict[str, Any]:
    """Sum up the lines by verdict, and by the rule that decided."""
    rules: dict[str, dict[str, int]] = {}
    for (verdict, rule), count in counts.items():
        rules.setdefault(rule, dict.fromkeys(VERDICTS, 0))[verdict] += count
    totals = {name: sum(own[name] for own in rules.values()) for name in VERDICTS}
    ordered = sorted(rules, key=lambda rule: (-sum(rules[rule].values()), rule))
    return {
        "lines": counts.total(),
        **totals,
        "faulty": num_faulty,
        "rules": {rule: rules[rule] for rule in ordered},
        "policy": policy,
        "seconds": round(seconds, 3),
    }


def show_summary(console: Console, summary: dict[str, Any]) -> None:
    """Show the table of rules and verdicts."""
    table = Table(box=None, pad_edge=False)
    table.add_column("rule")
    for name in VERDICTS:
        table.add_column(name.replace("_", " "), justify="right")
    for rule, own in summary["rules"].items():
        table.add_row(rule, *(f"{own[name]:,}" for name in VERDICTS))
    lines = max(summary["lines"], 1)
    table.add_row("all", *(f"{summary[name]:,}" for name in VERDICTS), style="bold")
    table.add_row("", *(f"{100 * summary[name] / lines:.1f}%" for name in VERDICTS), style="dim")
    console.print(table)
    console.print(f"{summary['policy']}; {summary['seconds']:.1f} s", highlight=False)
    if summary["faulty"]:
        console.print(f"{summary['faulty']:,} lines could not be read; their rule says why")
