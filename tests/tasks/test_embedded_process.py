"""The embedded server as a child process: it comes, it goes, and it does not outlive its parent."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from schemas.errors import AccessError, ServerError
from tasks.embedded.options import ServerOptions
from tasks.embedded_process import run_embedded_server
from tests.waiting import until

pytest.importorskip("torch", reason="the extra 'embedded' is not installed")
pytest.importorskip("transformers", reason="the extra 'embedded' is not installed")

ROOT = Path(__file__).parents[2]
PARENT = """
import asyncio, sys
from pathlib import Path
from tasks.embedded_process import run_embedded_server

async def main():
    async with run_embedded_server(Path(sys.argv[1]), log_path=Path(sys.argv[2])) as server:
        print(server.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.tiny_checkpoint import write_text_checkpoint

    return write_text_checkpoint(tmp_path_factory.mktemp("text") / "tiny-text")


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def test_it_answers_inside_the_context_and_is_gone_after_it(model_dir: Path, tmp_path: Path):
    log_path = tmp_path / "logs" / "server.log"
    options = ServerOptions(name="small", threads=1)
    async with run_embedded_server(model_dir, log_path=log_path, options=options) as server:
        body = {
            "model": server.name,
            "messages": [{"role": "user", "content": "Hi"}],
            "max_tokens": 3,
        }
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{server.url}/chat/completions", json=body) as response,
        ):
            assert response.status == 200
            assert (await response.json())["model"] == "small"
    assert not is_running(server.pid)
    assert log_path.is_file()


async def test_it_stops_when_the_work_inside_fails(model_dir: Path, tmp_path: Path):
    with pytest.raises(ZeroDivisionError):
        async with run_embedded_server(model_dir, log_path=tmp_path / "log") as server:
            _ = 1 / 0
    assert not is_running(server.pid)


async def test_a_folder_without_a_model_is_told_in_one_sentence(tmp_path: Path):
    with pytest.raises(AccessError, match=r"did not start: no model in .* has no config.json"):
        async with run_embedded_server(tmp_path, log_path=tmp_path / "log"):
            pass


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ('{"model_type": "llama"}', "no server for model_type 'llama'; known: qwen2, qwen2_5_vl"),
        ("{}", "is no model configuration"),
        ('{"model_type": "qwen2"}', "cannot serve the model in"),
    ],
)
async def test_a_folder_that_cannot_be_served_is_told_in_one_sentence(
    tmp_path: Path, config: str, message: str
):
    (tmp_path / "config.json").write_text(config, encoding="utf-8")
    with pytest.raises(AccessError, match=message):
        async with run_embedded_server(tmp_path, log_path=tmp_path / "log"):
            pass


async def test_a_server_that_is_too_slow_to_start_is_stopped(model_dir: Path, tmp_path: Path):
    with pytest.raises(ServerError, match=r"not ready after 0\.01 s"):
        async with run_embedded_server(model_dir, log_path=tmp_path / "log", start_seconds=0.01):
            pass


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads process states from /proc")
async def test_it_ends_by_itself_when_its_parent_is_killed(model_dir: Path, tmp_path: Path):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(model_dir), str(tmp_path / "log")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert parent.stdout is not None
    pid = int(await asyncio.to_thread(parent.stdout.readline))
    assert is_running(pid)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    await until(lambda: not is_running(pid), "the server is gone")
