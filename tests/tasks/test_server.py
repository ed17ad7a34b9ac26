"""A server's life, with a stand-in for vLLM that fails as it does."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import pytest

from schemas.errors import AccessError, ServerError
from tasks.server import Limits, VllmSpec, run_vllm
from tests.fake_vllm import read_starts, write_fake_vllm
from tests.waiting import GUARD_SECONDS, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="follows processes in /proc")

QUICK = Limits(
    max_restarts=2,
    pause_seconds=0.01,
    stop_seconds=2,
    silent_seconds=600,
    health_seconds=300,
    report_seconds=600,
    poll_seconds=0.05,
)
HASTY = replace(QUICK, silent_seconds=2, health_seconds=1, max_restarts=100)
"""For one that answers nothing; one that answers late is started again, too."""
ROOT = Path(__file__).parents[2]


def make_spec(folder: Path, script: str, **changes) -> VllmSpec:
    command = str(write_fake_vllm(folder / "environment", script))
    spec = {"path": "org/model", "names": ("m",), "command": command, "start_seconds": 300}
    return VllmSpec(**(spec | changes))


def run(spec: VllmSpec, folder: Path, *, limits: Limits = QUICK, **options):
    return run_vllm(spec, log_path=folder / "logs" / "vllm.log", limits=limits, **options)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def list_left(folder: Path) -> list[int]:
    starts = read_starts(folder / "environment")
    return [start[k] for start in starts for k in ("pid", "engine") if is_running(start[k])]


async def ask(url: str) -> int | None:
    """Return the code of an answer, None where there was none."""
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{url}/chat/completions", json=body) as response,
        ):
            return response.status
    except aiohttp.ClientError:
        return None


async def ask_until(url: str, is_over) -> list[int | None]:
    codes = []
    async with asyncio.timeout(GUARD_SECONDS):
        while not is_over(codes):
            codes.append(await ask(url))
            await asyncio.sleep(0.02)
    return codes


async def test_it_serves_inside_the_context_and_leaves_nothing_behind(tmp_path):
    spec = make_spec(tmp_path, "serve")
    notes = []
    async with run(spec, tmp_path, on_progress=notes.append) as url:
        assert await ask(url) == 200
        [start] = read_starts(tmp_path / "environment")
        assert is_running(start["pid"])
        assert is_running(start["engine"])
    assert list_left(tmp_path) == []
    assert notes == ["vLLM for 'm': starting", ""]
    assert "loading the model" in (tmp_path / "logs/vllm.log").read_text()


async def test_it_is_gone_when_the_work_inside_fails(tmp_path):
    with pytest.raises(ZeroDivisionError):
        async with run(make_spec(tmp_path, "serve"), tmp_path):
            _ = 1 / 0
    assert list_left(tmp_path) == []


async def test_one_that_ignores_the_request_to_stop_is_killed(tmp_path):
    async with asyncio.timeout(GUARD_SECONDS):
        async with run(make_spec(tmp_path, "stubborn"), tmp_path):
            started = time.monotonic()
        assert time.monotonic() - started > QUICK.stop_seconds
    assert list_left(tmp_path) == []


async def test_one_that_dies_is_started_again_on_the_same_port(tmp_path):
    async with run(make_spec(tmp_path, "die 3\nserve"), tmp_path) as url:
        codes = await ask_until(url, lambda codes: None in codes and codes[-1] == 200)
    assert codes[0] == 200
    first, second = read_starts(tmp_path / "environment")
    assert first["arguments"] == second["arguments"]
    assert list_left(tmp_path) == []


async def test_one_that_is_killed_is_started_again(tmp_path):
    async with run(make_spec(tmp_path, "serve"), tmp_path) as url:
        os.kill(read_starts(tmp_path / "environment")[0]["pid"], signal.SIGKILL)
        await ask_until(url, lambda codes: 200 in codes[1:] and None in codes)
        assert not is_running(read_starts(tmp_path / "environment")[0]["engine"])
    assert len(read_starts(tmp_path / "environment")) == 2


async def test_one_that_answers_no_more_is_started_again(tmp_path):
    spec = make_spec(tmp_path, "freeze 1\nserve")
    async with run(spec, tmp_path, limits=HASTY) as url:
        asking = asyncio.create_task(ask(url))
        await until(lambda: len(read_starts(tmp_path / "environment")) > 1, "started again")
        assert await asking is None
        await ask_until(url, lambda codes: 200 in codes)
    assert list_left(tmp_path) == []


async def test_one_that_dies_too_often_ends_the_work_inside(tmp_path):
    message = r"vLLM .* 'm': .* its log says: .*EngineDeadError.*"
    with pytest.raises(ServerError, match=message + r"started again 2 times"):
        async with run(make_spec(tmp_path, "die 1"), tmp_path) as url:
            await ask_until(url, lambda codes: False)
    assert len(read_starts(tmp_path / "environment")) == 3
    assert list_left(tmp_path) == []


async def test_one_that_cannot_be_started_again_ends_the_work_at_once(tmp_path):
    script = "die 1\nsay OSError: You are trying to access a gated repo."
    with pytest.raises(AccessError, match="the Hub refuses access to 'org/model'"):
        async with run(make_spec(tmp_path, script), tmp_path) as url:
            await ask_until(url, lambda codes: False)
    assert len(read_starts(tmp_path / "environment")) == 2


async def test_one_that_is_never_ready_is_stopped(tmp_path, monkeypatch):
    log = tmp_path / "logs/vllm.log"

    def tell_time() -> float:
        is_loading = log.exists() and "loading" in log.read_text()
        return time.monotonic() + 301 * is_loading

    monkeypatch.setattr("tasks.server.life.time", SimpleNamespace(monotonic=tell_time))
    spec = make_spec(tmp_path, "hang")
    message = r"not ready after 300 s; give it more in models.vlm.start_seconds .*loading the model"
    with pytest.raises(ServerError, match=message):
        async with run(spec, tmp_path):
            pass
    assert list_left(tmp_path) == []


async def test_a_port_that_somebody_took_is_told_after_other_ports_were_tried(tmp_path):
    spec = make_spec(tmp_path, "say OSError: [Errno 98] Address already in use")
    with pytest.raises(ServerError, match=r"cannot serve 'm': its port is taken by another proc"):
        async with run(spec, tmp_path):
            pass
    starts = read_starts(tmp_path / "environment")
    ports = {a for start in starts for a in start["arguments"] if a.startswith("--port=")}
    assert len(ports) == len(starts) == 3


async def test_a_port_that_is_taken_at_first_costs_only_another_start(tmp_path):
    script = "say OSError: [Errno 98] Address already in use\nserve"
    async with run(make_spec(tmp_path, script), tmp_path) as url:
        assert await ask(url) == 200


async def test_a_program_that_is_not_there_is_told(tmp_path):
    spec = VllmSpec(path="org/model", names=("m",), command=str(tmp_path / "absent"))
    with pytest.raises(AccessError, match=r"no vLLM at .*absent.*; install .*models.vlm.command"):
        async with run(spec, tmp_path):
            pass


async def test_a_program_that_is_no_program_is_told(tmp_path):
    program = tmp_path / "vllm"
    program.write_text("#!/nowhere/python\n")
    program.chmod(0o755)
    spec = VllmSpec(path="org/model", names=("m",), command=str(program))
    with pytest.raises(AccessError, match=r"its program cannot be run; correct models.vlm.command"):
        async with run(spec, tmp_path):
            pass


async def test_secrets_go_into_the_environment_and_no_log(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-very-secret")
    monkeypatch.setenv("HF_TOKEN", "hf_also_very_secret")
    script = "serve\nsay token hf_also_very_secret and key sk-very-secret"
    spec = make_spec(tmp_path, script, api_key_env="MY_KEY")
    async with run(spec, tmp_path) as url:
        assert await ask(url) == 401
    [start] = read_starts(tmp_path / "environment")
    assert start["key"] == "sk-very-secret"
    assert "secret" not in str(start["arguments"])
    with pytest.raises(ServerError, match=r"token \[HF_TOKEN\] and key \[MY_KEY\]"):
        async with run(spec, tmp_path):
            pass


PARENT = """
import asyncio, sys
from pathlib import Path
from tasks.server import Limits, VllmSpec, run_vllm

async def main():
    spec = VllmSpec(path="org/model", names=("m",), command=sys.argv[1])
    limits = Limits(stop_seconds=2)
    async with run_vllm(spec, log_path=Path(sys.argv[2]), limits=limits):
        print("serves", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_nothing_is_left_when_this_process_is_ended(tmp_path, number):
    folder = write_fake_vllm(tmp_path / "environment", "stubborn")
    arguments = [sys.executable, "-c", PARENT, str(folder), str(tmp_path / "log")]
    parent = subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT
    )
    assert await asyncio.to_thread(parent.stdout.readline) == b"serves\n"
    assert len(list_left(tmp_path)) == 2
    parent.send_signal(number)
    await until(lambda: not list_left(tmp_path), "all are gone")
    parent.wait(GUARD_SECONDS)


async def test_nothing_is_left_when_the_wait_for_health_is_interrupted(tmp_path):
    async def serve() -> None:
        async with run(make_spec(tmp_path, "hang"), tmp_path):
            pass

    task = asyncio.create_task(serve())
    await until(lambda: list_left(tmp_path), "started")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list_left(tmp_path) == []
