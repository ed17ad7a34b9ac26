"""One Prefect server for all flow tests, builds in process, and builds as child processes.

Children are forked from a server process that has imported everything, since a kill test starts
dozens of them; `run_command` starts the real command.
"""

import asyncio
import json
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL
from prefect.testing.utilities import prefect_test_harness

from flows.build import BuildReport, build
from flows.cli import main
from flows.logs import quiet_prefect
from flows.recipe_files import load_recipe
from tests.conftest import draw_image, make_row
from tests.fakes import FakeModelServer

PRELOADED = ["flows.build", "flows.display", "flows.logs", "flows.plan", "tests.flows.conftest"]
FORKS = multiprocessing.get_context("forkserver")
NOT_DATA = (".lock", "logs")
"""Parts of paths that every run writes anew."""


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory) -> Iterator[str]:
    """Run one Prefect server; return its URL, which child processes find in their environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect")))
        quiet_prefect()
        with prefect_test_harness(server_startup_timeout=300):
            patch.setenv("PREFECT_API_URL", PREFECT_API_URL.value())
            FORKS.set_forkserver_preload(PRELOADED)
            yield PREFECT_API_URL.value()


def write_source(folder: Path, numbers: Sequence[int], **changes: Any) -> Path:
    """Write an ImageFolder of the problems `numbers`, each row changed by `changes`."""
    (folder / "images").mkdir(parents=True)
    for number in numbers:
        (folder / f"images/{number}.png").write_bytes(draw_image(number))
    rows = [make_row(number) | changes for number in numbers]
    (folder / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def run_build(
    server: FakeModelServer,
    sources: Sequence[Path | str],
    workspace: Path | str,
    *settings: str,
    recipe: str = "openvlthinker",
    **options: Any,
) -> BuildReport:
    """Build in this process, as the command would."""
    models = {"vlm": f"fake-vlm@{server.url}", "llm": f"fake-llm@{server.url}"}
    loaded = load_recipe(recipe, sources=list(map(str, sources)), models=models, settings=settings)
    return asyncio.run(build(loaded, str(workspace), **options))


def build_arguments(
    url: str, source: Path | str, workspace: Path | str, *more: str, vlm: str = "fake-vlm"
) -> list[str]:
    """Return the arguments of the main job."""
    models = ["--vlm", f"{vlm}@{url}", "--llm", f"fake-llm@{url}"]
    places = ["--source", str(source), "--workspace", str(workspace)]
    return ["build", "openvlthinker", *places, *models, *more]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """Return what stands after `error: `, which must be the only fault on the screen."""
        lines = [line for line in self.err.splitlines() if line.strip()]
        faults = [line for line in lines if line.startswith("error: ")]
        assert len(faults) == 1, self.err
        assert "Traceback" not in self.err, self.err
        rest = [line for line in lines if not line.startswith(("error: ", "log: "))]
        assert all(line == "starting Prefect" or ": " in line for line in rest), self.err
        return faults[0].removeprefix("error: ")


@dataclass(slots=True)
class Child:
    """A running `sightline` in a process of its own."""

    process: Any
    screen: Path

    def kill(self) -> None:
        """Kill it as `kill -9` does, and wait until it is gone."""
        self.process.kill()
        self.process.join()

    def interrupt(self) -> None:
        """Send what Ctrl-C sends."""
        os.kill(self.process.pid, signal.SIGINT)

    def is_alive(self) -> bool:
        """Return whether it still runs."""
        return bool(self.process.is_alive())

    def wait(self, seconds: float = 300) -> Ended:
        """Wait for its end."""
        self.process.join(seconds)
        assert not self.is_alive(), f"still running after {seconds} s: {self.screen.read_text()}"
        out = self.screen.with_suffix(".out").read_text()
        return Ended(self.process.exitcode, out, self.screen.read_text())


def _run_child(arguments: list[str], screen: str, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    for descriptor, name in ((1, Path(screen).with_suffix(".out")), (2, Path(screen))):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    sys.exit(main(arguments))


@dataclass
class Sightline:
    """Starts commands as child processes; kills those that a failed test leaves behind."""

    folder: Path
    children: list[Child] = field(default_factory=list)

    def start(self, arguments: Sequence[str], **environment: str) -> Child:
        """Start a forked command."""
        screen = self.folder / f"screen-{len(self.children)}.err"
        target = (list(arguments), str(screen), environment)
        process = FORKS.Process(target=_run_child, args=target)
        process.start()
        self.children.append(Child(process, screen))
        return self.children[-1]

    def run(self, arguments: Sequence[str], **environment: str) -> Ended:
        """Run a forked command to its end."""
        return self.start(arguments, **environment).wait()


def start_command(arguments: Sequence[str], **environment: str) -> "subprocess.Popen[str]":
    """Start the real command, imports and all."""
    return subprocess.Popen(
        [sys.executable, "-m", "flows.cli", *arguments],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_command(arguments: Sequence[str], **environment: str) -> Ended:
    """Run the real command to its end."""
    process = start_command(arguments, **environment)
    out, err = process.communicate(timeout=300)
    return Ended(process.returncode, out, err)


@pytest.fixture
def sightline(prefect_server, tmp_path_factory) -> Iterator[Sightline]:
    """Start `sightline` commands in child processes."""
    commands = Sightline(tmp_path_factory.mktemp("screens"))
    yield commands
    for child in commands.children:
        if child.is_alive():
            child.kill()


@pytest.fixture(autouse=True)
def keep_log_handlers() -> Iterator[None]:
    """Put the root logger back as it was: a command in this process adds its log file."""
    root = logging.getLogger()
    before = list(root.handlers)
    yield
    for handler in set(root.handlers) - set(before):
        root.removeHandler(handler)


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the files that hold data below a folder: name to content."""
    files = (path for path in folder.rglob("*") if path.is_file())
    names = {str(path.relative_to(folder)): path for path in files}
    return {
        name: path.read_bytes()
        for name, path in sorted(names.items())
        if not any(part in NOT_DATA for part in Path(name).parts)
    }


def read_times(folder: Path) -> dict[str, int]:
    """Return when each of these files was written."""
    return {name: (folder / name).stat().st_mtime_ns for name in read_files(folder)}


def read_data(workspace: Path) -> dict[str, bytes]:
    """Return what must not differ between runs: shards and the published folder.

    But for the report, which tells what the runs took.
    """
    return {
        name: data
        for name, data in read_files(workspace).items()
        if name.endswith(".parquet") or name.startswith("published/")
        if Path(name).name != "report.html"
    }
