"""The shipped checkpoint in the real vLLM on a CPU says what the embedded server says.

Needs the tool that serves vLLM (`../shared/tools/vllm_cpu`), its virtual environment named by
SIGHTLINE_VLLM_VENV, and the shipped checkpoint. It takes two to four minutes.
"""

import asyncio
import base64
import io
import os
import signal
import socket
import subprocess
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image

from prompts import load_prompt
from tasks.embedded_process import run_embedded_server
from tasks.world import list_problems

MODEL = Path(__file__).parents[2] / "data" / "model"
VENV = os.environ.get("SIGHTLINE_VLLM_VENV", "")
NUM_IMAGES = 100
START_SECONDS = 240

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.slow,
    pytest.mark.skipif(not VENV, reason="SIGHTLINE_VLLM_VENV names no environment with vLLM"),
    pytest.mark.skipif(
        not (MODEL / "model.safetensors").is_file(), reason="the shipped checkpoint is not here"
    ),
]


@asynccontextmanager
async def run_vllm(tool: Path, log_path: Path) -> AsyncGenerator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with log_path.open("wb") as log:
        child = subprocess.Popen(
            ["bash", str(tool / "serve.sh"), VENV, str(MODEL), str(port)],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        await wait_for_health(f"http://127.0.0.1:{port}/health", child, log_path)
        yield f"http://127.0.0.1:{port}/v1"
    finally:  # with its engine processes, which are of its session
        os.killpg(child.pid, signal.SIGTERM)
        child.wait(60)


async def wait_for_health(url: str, child: "subprocess.Popen[bytes]", log_path: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < deadline:
            assert child.poll() is None, log_path.read_text(errors="replace")[-2000:]
            try:
                async with session.get(url) as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                await asyncio.sleep(1)
    pytest.fail(f"vLLM was not ready after {START_SECONDS} s")


def make_body(image: Image.Image, text: str) -> dict[str, Any]:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    url = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    content = [
        {"type": "image_url", "image_url": {"url": url}},
        {"type": "text", "text": text},
    ]
    messages = [{"role": "user", "content": content}]
    return {"messages": messages, "temperature": 0, "max_tokens": 400}


async def ask_all(url: str, bodies: list[dict[str, Any]]) -> list[tuple[str, dict[str, int]]]:
    gate = asyncio.Semaphore(16)
    async with aiohttp.ClientSession() as session:

        async def ask(body: dict[str, Any]) -> tuple[str, dict[str, int]]:
            async with gate, session.post(f"{url}/chat/completions", json=body) as response:
                reply = await response.json()
                assert response.status == 200, reply
                usage = {k: v for k, v in reply["usage"].items() if k.endswith("_tokens")}
                return reply["choices"][0]["message"]["content"], usage

        return await asyncio.gather(*map(ask, bodies))


async def test_vllm_agrees_on_greedy_formal_texts(shared: Path, tmp_path: Path):
    tool = shared / "tools" / "vllm_cpu"
    if not tool.is_dir():
        pytest.skip("the tool that serves vLLM on a CPU is not here")
    text = load_prompt("formalize.world").render()[0].text
    problems = list_problems(NUM_IMAGES, "benchmark")
    bodies = [make_body(problem.image, text) for problem in problems]
    async with run_embedded_server(MODEL, log_path=tmp_path / "embedded.log") as server:
        ours = await ask_all(server.url, bodies)
    async with run_vllm(tool, tmp_path / "vllm.log") as url:
        theirs = await ask_all(url, bodies)
    num_alike = sum(our[0] == their[0] for our, their in zip(ours, theirs, strict=True))
    right = [
        sum(reply[0] == problem.formal_text for reply, problem in zip(side, problems, strict=True))
        for side in (ours, theirs)
    ]
    print(f"{num_alike} of {NUM_IMAGES} alike; right: embedded {right[0]}, vLLM {right[1]}")
    prompts = [[usage["prompt_tokens"] for _, usage in side] for side in (ours, theirs)]
    assert prompts[0] == prompts[1]
    assert num_alike >= 95
