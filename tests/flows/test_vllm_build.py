"""The main job with models of kind `vllm`: with a stand-in, and with the real vLLM on a CPU.

The real one needs the tool that serves it (`../shared/tools/vllm_cpu`) and its environment, named
by SIGHTLINE_VLLM_VENV. Each of its starts takes half a minute to a minute and a half.
"""

import asyncio
import base64
import contextlib
import json
import os
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path

import aiohttp
import psutil
import pytest

from prompts import load_prompt
from tasks.server import VllmSpec, make_defaults, run_vllm
from tests.fake_vllm import read_starts, write_fake_vllm
from tests.flows.conftest import Child, read_data, write_source
from tests.waiting import GUARD_SECONDS, wait_until

pytestmark = [
    pytest.mark.flow,
    pytest.mark.usefixtures("prefect_server"),
    pytest.mark.skipif(sys.platform != "linux", reason="follows processes in /proc"),
]

ROOT = Path(__file__).parents[2]
VENV = os.environ.get("SIGHTLINE_VLLM_VENV", "")
SMALL = {"enforce-eager": True, "max-num-seqs": 16, "dtype": "float32"}
real = [
    pytest.mark.vllm,
    pytest.mark.slow,
    pytest.mark.skipif(not VENV, reason="SIGHTLINE_VLLM_VENV names no environment with vLLM"),
]


@pytest.fixture
def source(tmp_path) -> Path:
    return write_source(tmp_path / "source", range(6))


def fake_arguments(folder: Path, source: Path, *more: str, **commands: Path) -> list[str]:
    """Return a build whose models are served by the commands of their roles."""
    settings = [
        setting
        for role, command in commands.items()
        for setting in (f"models.{role}.kind=vllm", f"models.{role}.command={command}")
    ]
    pairs = [word for setting in settings for word in ("--set", setting)]
    places = ["--source", str(source), "--workspace", str(folder / "w")]
    return ["build", "openvlthinker", *places, *pairs, *more]


def flags_of(start: dict) -> set[str]:
    return {flag.split("=")[0] for flag in start["arguments"] if flag.startswith("--")}


def test_the_models_take_turns(source, sightline, tmp_path):
    vlm, llm = (write_fake_vllm(tmp_path / role, "serve") for role in ("vlm", "llm"))
    child = sightline.start(fake_arguments(tmp_path, source, "--json", vlm=vlm, llm=llm))
    num_at_once = 0
    while child.is_alive():
        running = [s["pid"] for f in (vlm, llm) for s in read_starts(f) if is_there(s["pid"])]
        num_at_once = max(num_at_once, len(running))
    ended = child.wait()
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["num_requests"] == 6 + 24
    assert num_at_once == 1
    [captions], [reasons] = read_starts(vlm), read_starts(llm)
    assert captions["arguments"][1] == "Qwen/Qwen2.5-VL-3B-Instruct"
    assert "--limit-mm-per-prompt" in flags_of(captions) - flags_of(reasons)
    assert "--enable-prefix-caching" in flags_of(reasons) - flags_of(captions)
    # Nothing is left to ask, so nothing is started.
    assert sightline.run(fake_arguments(tmp_path, source, vlm=vlm, llm=llm)).code == 0
    assert len(read_starts(vlm)) == len(read_starts(llm)) == 1


def test_one_model_for_both_is_served_once(source, sightline, tmp_path):
    vllm = write_fake_vllm(tmp_path / "both", "serve")
    same = ["--set", "models.vlm.path=org/same", "--set", "models.llm.path=org/same"]
    ended = sightline.run(fake_arguments(tmp_path, source, *same, vlm=vllm, llm=vllm))
    assert ended.code == 0, ended.err
    [start] = read_starts(vllm)
    assert {"--limit-mm-per-prompt", "--enable-prefix-caching"} <= flags_of(start)


def test_a_complete_stage_starts_no_server(source, sightline, tmp_path):
    vlm, llm = (write_fake_vllm(tmp_path / role, "serve") for role in ("vlm", "llm"))
    assert sightline.run(fake_arguments(tmp_path, source, vlm=vlm, llm=llm)).code == 0
    warmer = ["--set", "reason.temperature=0.9"]
    assert sightline.run(fake_arguments(tmp_path, source, *warmer, vlm=vlm, llm=llm)).code == 0
    assert (len(read_starts(vlm)), len(read_starts(llm))) == (1, 2)


def test_a_server_that_dies_in_mid_stage_costs_no_row(source, sightline, tmp_path):
    calm, rough = tmp_path / "calm", tmp_path / "rough"
    for folder, script in ((calm, "serve"), (rough, "die 3\ndie 8\nserve")):
        vllm = write_fake_vllm(folder / "vllm", script)
        ended = sightline.run(fake_arguments(folder, source, vlm=vllm, llm=vllm))
        assert ended.code == 0, ended.err
    assert len(read_starts(rough / "vllm")) > len(read_starts(calm / "vllm"))
    assert read_published(rough / "w") == read_published(calm / "w") != {}


def test_a_server_that_dies_too_often_ends_the_run_in_one_sentence(source, sightline, tmp_path):
    vllm = write_fake_vllm(tmp_path / "vllm", "die 1")
    ended = sightline.run(fake_arguments(tmp_path, source, vlm=vllm, llm=vllm))
    assert ended.code == 1
    assert re.search(r"vLLM .* 'Qwen/.*had been started again 3 times", ended.sentence)
    assert not any(is_there(start["pid"]) for start in read_starts(vllm))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (["models.vlm.command=/nowhere/vllm"], "no vLLM at '/nowhere/vllm'"),
        (["models.vlm.path=./nowhere"], "no model in './nowhere'"),
        (["models.vlm.api_key_env=NO_SUCH_KEY"], "set the environment variable NO_SUCH_KEY"),
    ],
)
def test_what_is_not_there_is_told_before_anything_is_done(
    source, sightline, tmp_path, settings, sentence
):
    vllm = write_fake_vllm(tmp_path / "vllm", "serve")
    more = [word for setting in settings for word in ("--set", setting)]
    ended = sightline.run(fake_arguments(tmp_path, source, *more, vlm=vllm, llm=vllm))
    assert ended.code == 1
    assert sentence in ended.sentence
    assert read_starts(vllm) == []


def test_a_fault_of_the_server_is_the_sentence(source, sightline, tmp_path):
    vllm = write_fake_vllm(tmp_path / "vllm", "say torch.OutOfMemoryError: CUDA out of memory.")
    ended = sightline.run(fake_arguments(tmp_path, source, vlm=vllm, llm=vllm))
    assert ended.code == 1
    assert "the GPU has too little free memory" in ended.sentence
    assert "CUDA out of memory." in ended.sentence


def test_an_interrupt_leaves_no_server(source, sightline, tmp_path):
    vllm = write_fake_vllm(tmp_path / "vllm", "hang")
    child = sightline.start(fake_arguments(tmp_path, source, vlm=vllm, llm=vllm))
    wait_until(lambda: read_starts(vllm), "started")
    child.interrupt()
    assert child.wait().code == 1
    assert not any(is_there(start[k]) for start in read_starts(vllm) for k in ("pid", "engine"))


def test_replies_are_those_of_the_same_model_at_an_endpoint(source, sightline, tmp_path):
    vllm = write_fake_vllm(tmp_path / "vllm", "serve")
    assert sightline.run(fake_arguments(tmp_path, source, vlm=vllm, llm=vllm)).code == 0
    names = {
        "vlm": "Qwen/Qwen2.5-VL-3B-Instruct",
        "llm": "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B",
    }
    servers = [w for r, name in names.items() for w in (f"--{r}", f"{name}@http://127.0.0.1:9/v1")]
    ended = sightline.run([*fake_arguments(tmp_path, source, "--json"), *servers])
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["num_requests"] == 0


def is_there(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def read_published(workspace: Path) -> dict[str, bytes]:
    """Return the published shards: where rollouts race, only these do not depend on timing."""
    files = read_data(workspace).items()
    return {n: data for n, data in files if n.startswith("published/") and n.endswith(".parquet")}


# The real vLLM


@pytest.fixture
def vllm(shared, tmp_path) -> Path:
    """Write a program `vllm` that runs the tool's environment; return its path."""
    tool = shared / "tools" / "vllm_cpu"
    if not tool.is_dir():
        pytest.skip("the tool that serves vLLM on a CPU is not here")
    program = tmp_path / "vllm"
    variables = "HF_HUB_OFFLINE=1 VLLM_CPU_KVCACHE_SPACE=1 OMP_NUM_THREADS=2"
    program.write_text(
        f"#!/bin/sh\nexport PYTHONPATH='{tool}/site' {variables}\n"
        f"exec '{VENV}/bin/python' '{tool}/vllm_cli.py' \"$@\"\n"
    )
    program.chmod(0o755)
    return program


def real_arguments(workspace: Path, program: Path) -> list[str]:
    settings = ["reason.num_rollouts=4"]
    for role in ("vlm", "llm"):
        settings += [f"models.{role}.kind=vllm", f"models.{role}.command={program}"]
        settings += [f"models.{role}.flags.{k}={json.dumps(v)}" for k, v in SMALL.items()]
    pairs = [word for setting in settings for word in ("--set", setting)]
    return ["build", "embedded", "--workspace", str(workspace), "--limit", "24", "--json", *pairs]


def find_engine(child: Child) -> psutil.Process | None:
    for process in psutil.Process(child.process.pid).children(recursive=True):
        try:
            if "EngineCore" in " ".join(process.cmdline()):
                return process
        except psutil.Error:
            continue
    return None


def find_url(child: Child) -> str | None:
    for process in psutil.Process(child.process.pid).children(recursive=True):
        try:
            found = re.search(r"--port=(\d+)", " ".join(process.cmdline()))
        except psutil.Error:
            continue
        if found:
            return f"http://127.0.0.1:{found[1]}"
    return None


def read_metric(url: str, name: str) -> float:
    """Return the sum of a figure of vLLM's; 0 while it is not there."""
    try:
        with urllib.request.urlopen(f"{url}/metrics", timeout=60) as response:
            text = response.read().decode()
    except (urllib.error.URLError, OSError):
        return 0.0
    return sum(float(n) for n in re.findall(rf"^vllm:{name}(?:\{{.*\}})? ([\d.e+]+)$", text, re.M))


class TestRealVllm:
    pytestmark = real

    def test_an_engine_that_is_killed_in_mid_stage_costs_no_row(self, sightline, vllm, tmp_path):
        calm = sightline.start(real_arguments(tmp_path / "calm", vllm)).wait(400)
        assert calm.code == 0, calm.err
        second = sightline.start(real_arguments(tmp_path / "rough", vllm))
        wait_until(lambda: find_url(second), "vLLM started")
        url = find_url(second)
        # 24 formal texts first: more than that is the stage that reasons.
        wait_until(lambda: read_metric(url, "request_success_total") > 40, "it reasons", 240)
        engine = find_engine(second)
        engine.kill()
        rough = second.wait(400)
        assert rough.code == 0, rough.err
        log = next((tmp_path / "rough").rglob("vllm-*.log")).read_text()
        assert log.count("Starting vLLM server") == 2
        assert json.loads(rough.out)["rows"] == json.loads(calm.out)["rows"]
        assert read_published(tmp_path / "rough") == read_published(tmp_path / "calm") != {}
        assert json.loads(calm.out)["rows"]["sft"] > 0

    async def test_images_streams_and_aborts(self, vllm, tmp_path):
        spec = VllmSpec(
            path=str(ROOT / "data/model"),
            names=("world", "other-name"),
            command=str(vllm),
            flags=make_defaults({"vlm", "llm"}, max_images=1) | SMALL,
            start_seconds=240,
        )
        before = set(psutil.Process().children(recursive=True))
        async with (
            run_vllm(spec, log_path=tmp_path / "vllm.log") as url,
            aiohttp.ClientSession() as session,
        ):
            text = await caption(session, url)
            chunks = await stream(session, url)
            await abort(session, url)
        assert text.strip()
        assert chunks[-1] == "[DONE]"
        assert len(chunks) > 3
        assert set(psutil.Process().children(recursive=True)) == before


async def caption(session: aiohttp.ClientSession, url: str) -> str:
    image = base64.b64encode((ROOT / "data/sample/bars-000000.png").read_bytes()).decode()
    parts = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}},
        {"type": "text", "text": load_prompt("formalize.world").render()[0].text},
    ]
    body = make_body([{"role": "user", "content": parts}], max_tokens=64, temperature=0)
    async with session.post(f"{url}/chat/completions", json=body) as response:
        answer = await response.json()
        assert response.status == 200, answer
        return answer["choices"][0]["message"]["content"]


async def stream(session: aiohttp.ClientSession, url: str) -> list[str]:
    body = make_body(stream=True, max_tokens=64, ignore_eos=True)
    async with session.post(f"{url}/chat/completions", json=body) as response:
        lines = (await response.text()).splitlines()
    return [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]


NUM_ABORTED = 12


async def abort(session: aiohttp.ClientSession, url: str) -> None:
    """Leave long streams after their first chunk; the server must stop to write them."""
    base = url.removesuffix("/v1")
    body = make_body(stream=True, max_tokens=3500, ignore_eos=True)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(NUM_ABORTED):
            posted = session.post(f"{url}/chat/completions", json=body)
            response = await stack.enter_async_context(posted)
            await response.content.readline()
    async with asyncio.timeout(GUARD_SECONDS):
        await asyncio.sleep(0.1)
        while await asyncio.to_thread(read_metric, base, "num_requests_running"):
            await asyncio.sleep(0.1)
    tokens = await asyncio.to_thread(read_metric, base, "generation_tokens_total")
    assert tokens < 0.8 * NUM_ABORTED * 3500, tokens


def make_body(messages: list | None = None, **options) -> dict:
    messages = messages or [{"role": "user", "content": "3 + 4"}]
    return {"model": "other-name", "messages": messages, **options}
