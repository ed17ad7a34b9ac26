import os
import signal
import subprocess
import sys

import pytest

from schemas.errors import WorkspaceBusyError
from tasks.lock import LOCK_FILE, hold
from tasks.storage import Folder

HOLDER = """
import sys, time
from tasks.lock import hold
from tasks.storage import Folder
with hold(Folder(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture(params=["local", "memory"])
def folder(request, tmp_path) -> Folder:
    return Folder(str(tmp_path) if request.param == "local" else f"memory://{tmp_path.name}")


def test_a_held_folder_is_refused_in_one_sentence(folder):
    refused = pytest.raises(WorkspaceBusyError, match=r"another run \(process \d+ on")
    with hold(folder), refused, hold(folder):
        pass


def test_a_released_folder_can_be_held_again(folder):
    for _ in range(2):
        with hold(folder):
            pass


def test_a_lease_that_nobody_renews_is_void(folder):
    if folder.is_local:
        pytest.skip("a local lock is the kernel's")
    stale = b'{"holder": "process 1 on gone", "expires": 1.0}'
    folder.fs.pipe_file(folder.path(LOCK_FILE), stale)
    with hold(folder):
        pass


def test_a_killed_holder_leaves_no_lock_and_its_half_written_files_go(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    (tmp_path / f".shard.parquet.tmp-{process.pid}").write_bytes(b"half")
    with pytest.raises(WorkspaceBusyError), hold(Folder(str(tmp_path))):
        pass
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with hold(Folder(str(tmp_path))):
        assert not list(tmp_path.glob("*.tmp-*"))
        assert not list(tmp_path.glob(".*.tmp-*"))
