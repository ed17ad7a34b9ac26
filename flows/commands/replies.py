"""`sightline replies`: what models were paid for and is kept; and its removal."""

import argparse
import contextlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from flows.commands.arguments import parse_count
from flows.commands.running import DONE, FAILED
from flows.display import show_fault
from schemas.errors import RecipeError, WorkspaceBusyError

MAX_DAYS = 36_500


def add_replies(commands: Any) -> None:
    """Describe the command."""
    replies = commands.add_parser(
        "replies",
        help="show the kept replies of a workspace, or remove old ones",
        description="Every reply that a model gave is kept, so that it is never paid for twice."
        " Show how many there are, how large and how old; with --prune remove those of runs that"
        " began longer ago, whose requests a later run then asks again.",
        epilog="example: sightline replies --workspace runs --prune 90",
    )
    replies.set_defaults(run=run_replies)
    replies.add_argument(
        "--workspace", default="data/runs", metavar="W", help="folder or fsspec URL (%(default)s)"
    )
    replies.add_argument("--dataset", metavar="NAME", help="of one data set only (all)")
    replies.add_argument("--prune", type=parse_days, metavar="DAYS", help="remove older replies")
    replies.add_argument("--dry-run", action="store_true", help="with --prune: only say what")
    replies.add_argument("--json", action="store_true", help="print as JSON on stdout")


def run_replies(options: argparse.Namespace, console: Console) -> int:
    """Show, and remove what is asked to be removed."""
    from flows.plan import check_place
    from tasks.replies.inventory import list_datasets, list_segments
    from tasks.storage import Folder

    if options.dry_run and not options.prune:
        raise RecipeError("--dry-run: says what --prune would remove; give --prune DAYS, too")
    check_place("--workspace", options.workspace)
    workspace = Folder(options.workspace)
    names = [options.dataset] if options.dataset else list_datasets(workspace)
    with console.status("reading the replies"):
        segments = [one for name in names for one in list_segments(workspace, name)]
    if not segments:
        where = f"{options.workspace}/{options.dataset}" if options.dataset else options.workspace
        show_fault(console, f"no replies are kept in {where!r}; give --workspace", None)
        return FAILED
    old = _list_old(segments, options.prune) if options.prune else []
    if options.json:
        print(json.dumps([_describe(one, one in old) for one in segments]))  # noqa: T201
    else:
        _show(console, segments)
    if not options.prune:
        return DONE
    return _prune(options, console, workspace, old)


def parse_days(text: str) -> int:
    """Read an age in days."""
    if (days := parse_count(text)) > MAX_DAYS:
        raise argparse.ArgumentTypeError(f"expected at most {MAX_DAYS:,} days, got {text!r}")
    return days


def _list_old(segments: list[Any], days: int) -> list[Any]:
    limit = datetime.now(UTC) - timedelta(days=days)
    return [segment for segment in segments if segment.begun < limit]


def _prune(options: argparse.Namespace, console: Console, workspace: Any, old: list[Any]) -> int:
    from tasks.lock import hold
    from tasks.replies.inventory import remove_segments

    num_replies = sum(segment.num_replies for segment in old)
    what = f"{num_replies:,} replies older than {options.prune} days ({_size(old)})"
    if options.dry_run:
        console.print(f"would remove {what}", highlight=False)
        return DONE
    try:
        with contextlib.ExitStack() as held:
            for partition in _list_partitions(workspace, {one.dataset for one in old}):
                held.enter_context(hold(partition))
            remove_segments(workspace, old)
    except WorkspaceBusyError as error:
        show_fault(console, str(error), None)
        return FAILED
    console.print(f"removed {what}", highlight=False)
    return DONE


def _list_partitions(workspace: Any, datasets: set[str]) -> list[Any]:
    """List the folders that a running build would hold."""
    found = {tuple(name.split("/")[:2]) for name in workspace.list() if name.count("/") >= 2}
    return [
        workspace.join(f"{dataset}/{partition}")
        for dataset, partition in sorted(found)
        if dataset in datasets and partition != "replies"
    ]


def _describe(segment: Any, is_old: bool) -> dict[str, Any]:
    return {
        "dataset": segment.dataset,
        "segment": segment.name,
        "begun": segment.begun.isoformat(),
        "num_replies": segment.num_replies,
        "num_bytes": segment.num_bytes,
        "is_old": is_old,
    }


def _show(console: Console, segments: list[Any]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("data set")
    for name in ("runs", "replies", "size"):
        table.add_column(name, justify="right")
    for name in ("oldest", "newest"):
        table.add_column(name)
    for dataset in sorted({segment.dataset for segment in segments}):
        own = [segment for segment in segments if segment.dataset == dataset]
        begun = [f"{segment.begun:%Y-%m-%d %H:%M}" for segment in own]
        count = f"{sum(segment.num_replies for segment in own):,}"
        table.add_row(dataset, str(len(own)), count, _size(own), min(begun), max(begun))
    console.print(table)


def _size(segments: list[Any]) -> str:
    num_bytes = sum(segment.num_bytes for segment in segments)
    for size, unit in ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")):
        if num_bytes >= size:
            return f"{num_bytes / size:.1f} {unit}"
    return f"{num_bytes} bytes"
