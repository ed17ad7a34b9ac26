"""Runs one command and sees to it that nothing of it is left: not a process, not a byte of a GPU.

    python -I supervisor.py PARENT_PID STOP_SECONDS COMMAND...

It ends with the command's exit code (128 + n for signal n), once all descendants are gone. The
command is stopped when standard input ends, which it does however the parent ends. A file of its
own that imports nothing of ours: it must start quickly and stay small.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_POLL_SECONDS = 1.0
_SWEEP_SECONDS = 0.05
_NOT_RUN = 127
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    """Run the command to its end or the parent's; return its exit code."""
    parent_pid, stop_seconds, command = int(arguments[0]), float(arguments[1]), arguments[2:]
    wakeup = _catch_signals()
    _call_prctl(_PR_SET_CHILD_SUBREAPER)  # Orphans of the command become children of this process.
    try:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=_die_with_parent
        )
    except OSError as error:
        sys.stderr.write(f"cannot run {command[0]!r}: {error.strerror}\n")
        return _NOT_RUN
    _wait_for_end(child, wakeup, parent_pid)
    _stop(child, stop_seconds)
    _kill(os.killpg, child.pid)
    code = child.wait()
    _sweep()
    return code if code >= 0 else 128 - code


def _catch_signals() -> int:
    """Return a descriptor that can be read once a signal has come."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, *_STOP_SIGNALS):
        signal.signal(number, lambda *_: None)
    return read


def _die_with_parent() -> None:
    _call_prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _call_prctl(option: int, value: int = 1) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _wait_for_end(child: "subprocess.Popen[bytes]", wakeup: int, parent_pid: int) -> None:
    """Wait until the command ends, or it is time to stop it."""
    while child.poll() is None and os.getppid() == parent_pid:
        ready, _, _ = select.select([sys.stdin, wakeup], [], [], _POLL_SECONDS)
        if sys.stdin in ready:
            return
        if wakeup in ready and set(os.read(wakeup, 4096)).intersection(_STOP_SIGNALS):
            return


def _stop(child: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Ask the command to stop, and give it time to do so."""
    if child.poll() is None:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(seconds)


def _sweep() -> None:
    """Kill whatever is left, in sessions of its own too, and wait until it is gone."""
    while _has_children():
        for pid in _find_children(os.getpid()):
            _kill(os.kill, pid)
        time.sleep(_SWEEP_SECONDS)


def _has_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def _kill(send: Callable[[int, int], None], pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        send(pid, signal.SIGKILL)


def _find_children(pid: int) -> list[int]:
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
