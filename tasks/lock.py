"""One run at a time in a folder.

On a local disk the kernel holds the lock, so it is gone with the process, `kill -9` included. On an
object store it is a lease: an object that its holder keeps fresh, and that is void when it is not.
"""

import contextlib
import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Generator
from pathlib import Path

from schemas.errors import WorkspaceBusyError
from tasks.storage import TEMPORARY_MARK, Folder

LOCK_FILE = ".lock"
LEASE_SECONDS = 90.0
RENEW_SECONDS = 20.0


@contextlib.contextmanager
def hold(folder: Folder, *, wait_seconds: float = 0.0) -> Generator[None]:
    """Hold a folder while the block runs.

    Raises:
        WorkspaceBusyError: another process still holds it after `wait_seconds`.
    """
    holding = _hold_local if folder.is_local else _hold_remote
    with holding(folder, time.monotonic() + wait_seconds):
        yield


@contextlib.contextmanager
def _hold_local(folder: Folder, deadline: float) -> Generator[None]:
    path = Path(folder.path(LOCK_FILE))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                file.seek(0)
                _wait_or_raise(folder, file.read(), deadline)
        file.truncate(0)
        file.write(_describe_holder())
        file.flush()
        _remove_temporary_files(path.parent)
        yield


def _remove_temporary_files(folder: Path) -> None:
    """Remove what a killed run left half written; nobody else writes here while we hold it."""
    for leftover in folder.rglob(f".*{TEMPORARY_MARK}*"):
        leftover.unlink(missing_ok=True)


@contextlib.contextmanager
def _hold_remote(folder: Folder, deadline: float) -> Generator[None]:
    holder = _describe_holder()
    while not _take_lease(folder, holder):
        _wait_or_raise(folder, _read_holder(folder), deadline)
    stopped = threading.Event()

    def renew() -> None:
        while not stopped.wait(RENEW_SECONDS):
            with contextlib.suppress(OSError):
                folder.fs.pipe_file(folder.path(LOCK_FILE), _make_lease(holder))

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
        with contextlib.suppress(FileNotFoundError):
            folder.remove(LOCK_FILE)


def _take_lease(folder: Folder, holder: str) -> bool:
    path, lease = folder.path(LOCK_FILE), _make_lease(holder)
    try:
        folder.fs.pipe_file(path, lease, mode="create")
    except FileExistsError:
        if time.time() < _read_lease(folder).get("expires", 0.0):
            return False
        folder.fs.pipe_file(path, lease)
    return _read_holder(folder) == holder


def _make_lease(holder: str) -> bytes:
    return json.dumps({"holder": holder, "expires": time.time() + LEASE_SECONDS}).encode()


def _read_lease(folder: Folder) -> dict[str, float]:
    try:
        folder.fs.invalidate_cache()
        return json.loads(folder.read(LOCK_FILE))  # type: ignore[no-any-return]
    except (FileNotFoundError, ValueError):
        return {}


def _read_holder(folder: Folder) -> str:
    return str(_read_lease(folder).get("holder", ""))


def _wait_or_raise(folder: Folder, holder: str, deadline: float) -> None:
    if time.monotonic() >= deadline:
        raise WorkspaceBusyError(
            f"another run ({holder or 'unknown'}) holds {folder.url};"
            " wait for it, or choose another --partition or --workspace"
        )
    time.sleep(0.2)


def _describe_holder() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"
