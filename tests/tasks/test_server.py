"""A server's life, with a stand-in for vLLM that fails as it does."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from schemas.errors import AccessError, ServerError
from tasks.server import Limits, VllmSpec, run_vllm
from tests.fake_vllm import read_starts, write_fake_vllm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="follows processes in /proc")

QUICK = Limits(
    max_restarts=2,
    pause_seconds=0.01,
    stop_seconds=2,
    silent_seconds=2,
    health_seconds=1,
    poll_seconds=0.05,
)
ROOT = Path(__file__).parents[2]


def make_spec(folder: Path, script: str, **changes) -> VllmSpec:
    command = str(write_fake_vllm(folder / "environment", script))
    spec = {"path": "org/model", "names": ("m",), "command": command, "start_seconds": 20}
    return VllmSpec(**(spec | changes))


def run(spec: VllmSpec, folder: Path, **options):
    return run_vllm(spec, log_path=folder / "logs" / "vllm.log", limits=QUICK, **options)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def list_left(folder: Path) -> list[int]:
    starts = read_starts(folder / "environment")
    return [start[k] for start in starts for k in ("pid", "engine") if is_running(start[k])]


async def wait_until_none_left(folder: Path, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while list_left(folder):
        assert time.monotonic() < deadline, f"still there: {list_left(folder)}"
        await asyncio.sleep(0.05)


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
    deadline = time.monotonic() + 20
    while not is_over(codes):
        assert time.monotonic() < deadline, codes
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
    started = time.monotonic()
    async with run(make_spec(tmp_path, "stubborn"), tmp_path):
        pass
    assert QUICK.stop_seconds < time.monotonic() - started < 15
    assert list_left(tmp_path) == []


async def test_one_that_dies_is_started_again_on_the_same_port(tmp_path):
    async with run(make_spec(tmp_path, "die 3\nserve"), tmp_path) as url:
        codes = await ask_until(url, lambda codes: codes.count(200) >= 6)
    assert None in codes
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
    async with run(make_spec(tmp_path, "freeze 1\nserve"), tmp_path) as url:
        asking = asyncio.create_task(ask(url))
        while len(read_starts(tmp_path / "environment")) < 2:
            await asyncio.sleep(0.05)
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


async def test_one_that_is_never_ready_is_stopped(tmp_path):
    spec = make_spec(tmp_path, "hang", start_seconds=1)
    message = r"not ready after 1 s; give it more in models.vlm.start_seconds .*loading the model"
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
    await wait_until_none_left(tmp_path, 30)
    parent.wait(60)


async def test_nothing_is_left_when_the_wait_for_health_is_interrupted(tmp_path):
    async def serve() -> None:
        async with run(make_spec(tmp_path, "hang"), tmp_path):
            pass

    task = asyncio.create_task(serve())
    while not list_left(tmp_path):
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list_left(tmp_path) == []
