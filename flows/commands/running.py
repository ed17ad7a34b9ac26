"""Run a build, watch it, and report what came of it, faults in one sentence."""

import argparse
import asyncio
import gc
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rich.console import Console

from flows.display import show_fault, show_progress, show_report
from flows.logs import find_log_folder, quiet_prefect, start_log
from schemas.errors import (
    AccessError,
    ContractError,
    RecipeError,
    ServerError,
    SourceError,
    WorkspaceBusyError,
)
from schemas.recipe import BudgetParams, Recipe

if TYPE_CHECKING:
    from tasks.storage import Folder

KNOWN_FAULTS = (ServerError, AccessError, ContractError, WorkspaceBusyError, OSError)
DONE, FAILED, WRONG_USAGE = 0, 1, 2
NO_PREFECT = ("Failed to reach API", "ephemeral Prefect API server")
"""What Prefect says when its API is not there."""
STOPPED = "stopped; the same command goes on from here"
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Ended(Generic[Result]):
    """How a watched flow ended."""

    code: int
    """Exit code of the command."""
    log: Path | None = None
    result: Result | None = None
    """None: it failed."""


def build_and_report(recipe: Recipe, options: argparse.Namespace, console: Console) -> int:
    """Build by a recipe and show the report; return the exit code."""
    quiet_prefect()
    with console.status("reading the source"):
        from flows.build import build
        from flows.plan import plan_build

        where = (options.workspace, options.partition, options.limit, options.publish)
        plan = plan_build(recipe, *where)
    budget = read_budget(options)
    ended = run_watched(
        plan.folder,
        lambda: build(recipe, *where, budget=budget),
        console,
        is_verbose=options.verbose,
    )
    if (report := ended.result) is None:
        return ended.code
    if options.json:
        print(report.model_dump_json())  # noqa: T201
    else:
        show_report(console, report.model_dump(), str(ended.log))
    if report.stopped:
        console.print(report.stopped, highlight=False, markup=False, soft_wrap=True)
    return DONE


def run_watched(
    partition: "Folder",
    work: Callable[[], Coroutine[Any, Any, Result]],
    console: Console,
    *,
    is_verbose: bool,
) -> Ended[Result]:
    """Run a flow with a log and a progress display; the screen says why one fails."""
    from prefect.exceptions import TerminationSignal

    from tasks.meter import METER, Meter

    try:
        log = start_log(find_log_folder(partition), verbose=is_verbose)
    except OSError as error:
        show_fault(console, f"cannot write a log: {error}; choose another --workspace", None)
        return Ended(FAILED)
    gc.freeze()  # Modules stay: the collector need not walk through them again and again.
    meter = Meter()
    METER.set(meter)
    try:
        with show_progress(console, meter):
            return Ended(DONE, log, asyncio.run(work()))
    except (KeyboardInterrupt, TerminationSignal):
        show_fault(console, STOPPED, str(log))
        return Ended(FAILED, log)
    except BaseExceptionGroup as group:
        return Ended(_report_fault(console, _first_fault(group), log), log)
    except Exception as error:
        return Ended(_report_fault(console, error, log), log)


def drop_output() -> None:
    """Let what is left for stdout not fail once more at exit; nobody reads it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def read_budget(options: argparse.Namespace) -> BudgetParams:
    """Return what a run may spend; a command may have no such options."""
    tokens, usd = getattr(options, "budget_tokens", None), getattr(options, "budget_usd", None)
    return BudgetParams(tokens=tokens, usd=usd)


def _first_fault(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the fault behind a group of them: a known one if there is any."""
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves.append(_first_fault(error) if isinstance(error, BaseExceptionGroup) else error)
    known = [error for error in leaves if isinstance(error, KNOWN_FAULTS)]
    return (known or leaves)[0]


def _report_fault(console: Console, error: BaseException, log: Path) -> int:
    logging.getLogger(__name__).error("the run failed", exc_info=error)
    show_fault(console, _describe_fault(error), str(log))
    return WRONG_USAGE if isinstance(error, RecipeError | SourceError) else FAILED


def _describe_fault(error: BaseException) -> str:
    text = str(error).strip()
    if isinstance(error, KNOWN_FAULTS):
        return text
    if isinstance(error, RuntimeError) and any(sign in text for sign in NO_PREFECT):
        url = os.environ.get("PREFECT_API_URL")
        remedy = "start it with: prefect server start" if url else "run the same command again"
        return f"Prefect's API at {url or 'its own local server'} does not answer; {remedy}"
    return f"{type(error).__name__}: {text} (this is a bug; the log has the details)"
