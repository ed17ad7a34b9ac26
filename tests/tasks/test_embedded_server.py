"""The embedded server against transformers' own generate, and its protocol at the edges.

Runs on random checkpoints made here; on the shipped one, where it is, the same greedy texts.
"""

import asyncio
import base64
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from PIL import Image

torch = pytest.importorskip("torch", reason="the extra 'embedded' is not installed")
pytest.importorskip("transformers", reason="the extra 'embedded' is not installed")

from aiohttp.test_utils import TestClient, TestServer  # noqa: E402

from tasks.embedded.api import open_api  # noqa: E402
from tasks.embedded.checkpoint import load_checkpoint  # noqa: E402
from tasks.embedded.model import ServedModel  # noqa: E402
from tasks.embedded.options import ServerOptions  # noqa: E402
from tests.tiny_checkpoint import write_text_checkpoint, write_vision_checkpoint  # noqa: E402
from tests.waiting import GUARD_SECONDS, LOOK_SECONDS  # noqa: E402

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "data" / "model"


@pytest.fixture(scope="session")
def vision_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_vision_checkpoint(tmp_path_factory.mktemp("vision") / "tiny-vl")


@pytest.fixture(scope="session")
def text_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_text_checkpoint(tmp_path_factory.mktemp("text") / "tiny-text")


@asynccontextmanager
async def open_client(folder: Path, **options: Any) -> AsyncGenerator[TestClient]:
    server = ServerOptions(threads=1, **options)
    with open_api(load_checkpoint(folder, server), server) as api:
        async with TestClient(TestServer(api.create_app())) as client:
            yield client


@pytest_asyncio.fixture
async def client(vision_folder: Path) -> AsyncGenerator[TestClient]:
    async with open_client(vision_folder, max_images=2, max_body_bytes=200_000) as one:
        yield one


def draw_noise(seed: int, size: tuple[int, int]) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def image_part(image: Image.Image) -> dict[str, Any]:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    url = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    return {"type": "image_url", "image_url": {"url": url}}


def chat(text: str, images: list[Image.Image] | None = None, **fields: Any) -> dict[str, Any]:
    content = [*map(image_part, images or []), {"type": "text", "text": text}]
    return {"messages": [{"role": "user", "content": content}], "max_tokens": 12} | fields


async def ask(client: TestClient, body: dict[str, Any]) -> dict[str, Any]:
    async with client.post("/v1/chat/completions", json=body) as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def refuse(client: TestClient, body: Any, status: int = 400) -> str:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with client.post("/v1/chat/completions", data=data) as response:
        assert response.status == status
        error = (await response.json())["error"]
        assert error["code"] == status
        return error["message"]


async def read_events(client: TestClient, body: dict[str, Any]) -> list[Any]:
    async with client.post("/v1/chat/completions", json=body | {"stream": True}) as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        lines = (await response.text()).split("\n\n")
    events = [line.removeprefix("data: ") for line in lines if line]
    assert events.pop() == "[DONE]"
    return [json.loads(event) for event in events]


def texts(reply: dict[str, Any]) -> list[str]:
    return [choice["message"]["content"] for choice in reply["choices"]]


async def read_metrics(client: TestClient) -> dict[str, float]:
    text = await (await client.get("/metrics")).text()
    metrics: dict[str, float] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, labels = line.partition("{")
            reason = labels.partition('finished_reason="')[2].partition('"')[0]
            metrics[f"{name} {reason}".strip()] = float(line.split()[-1])
    return metrics


async def await_running(client: TestClient, count: int) -> dict[str, float]:
    """Wait until so many completions run, or more; none: until the last has ended."""
    async with asyncio.timeout(GUARD_SECONDS):
        while True:
            metrics = await read_metrics(client)
            running = metrics["vllm:num_requests_running"]
            if running >= count > 0 or running == count:
                return metrics
            await asyncio.sleep(LOOK_SECONDS)


def generate(folder: Path, text: str, images: list[Image.Image], num_tokens: int) -> list[int]:
    """What transformers says greedily, prepared by its own image processor."""
    from transformers import AutoModelForImageTextToText, AutoTokenizer
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import (
        Qwen2VLImageProcessorPil,
    )

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    content = [{"type": "image"} for _ in images] + [{"type": "text", "text": text}]
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
    )
    vision: dict[str, Any] = {}
    if images:
        vision = dict(Qwen2VLImageProcessorPil.from_pretrained(folder)(images, return_tensors="pt"))
        for grid in vision["image_grid_thw"]:
            prompt = prompt.replace("<|image_pad|>", "<|x|>" * (int(grid.prod()) // 4), 1)
        prompt = prompt.replace("<|x|>", "<|image_pad|>")
    ids = tokenizer(prompt, return_tensors="pt", add_special_tokens=False)
    is_image = ids["input_ids"] == model.config.image_token_id
    output = model.generate(
        **ids,
        **vision,
        mm_token_type_ids=is_image.int(),
        max_new_tokens=num_tokens,
        do_sample=False,
    )
    return output[0, ids["input_ids"].shape[1] :].tolist()


CASES = [
    ("Say it.", []),
    ("A much longer text that pads the batch, and some more of it. " * 2, []),
    ("One image.", [(112, 112)]),
    ("Odd sides are resized.", [(150, 61)]),
    ("Two images.", [(84, 56), (300, 120)]),
]


async def test_greedy_tokens_are_those_of_generate_whatever_shares_the_batch(
    client: TestClient, vision_folder: Path
):
    from transformers import AutoTokenizer

    cases = [
        (text, [draw_noise(i, size) for size in sizes]) for i, (text, sizes) in enumerate(CASES)
    ]
    expected = [generate(vision_folder, text, images, 40) for text, images in cases]
    bodies = [chat(text, images, temperature=0, max_tokens=40) for text, images in cases]
    replies = await asyncio.gather(*(ask(client, body) for body in bodies))
    decode = AutoTokenizer.from_pretrained(vision_folder).decode
    for reply, token_ids in zip(replies, expected, strict=True):
        assert texts(reply) == [decode(token_ids, skip_special_tokens=True)]
        assert reply["usage"]["completion_tokens"] == len(token_ids)


@pytest.mark.skipif(
    not (SHIPPED / "model.safetensors").is_file(), reason="the shipped checkpoint is not here"
)
async def test_the_shipped_checkpoint_says_what_generate_says():
    from transformers import AutoTokenizer

    from prompts import load_prompt
    from tasks.world import list_problems

    text = load_prompt("formalize.world").render()[0].text
    images = [problem.image for problem in list_problems(8, "sample")]
    decode = AutoTokenizer.from_pretrained(SHIPPED).decode
    async with open_client(SHIPPED) as client:
        bodies = [chat(text, [image], temperature=0, max_tokens=300) for image in images]
        replies = await asyncio.gather(*(ask(client, body) for body in bodies))
    for image, reply in zip(images, replies, strict=True):
        expected = generate(SHIPPED, text, [image], 300)
        assert texts(reply) == [decode(expected, skip_special_tokens=True)]


async def test_a_text_model_is_served_and_takes_no_images(text_folder: Path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(text_folder)
    model = AutoModelForCausalLM.from_pretrained(text_folder)
    ids = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi\nthere"}],
        add_generation_prompt=True,
        return_tensors="pt",
        return_dict=True,
    )
    output = model.generate(**ids, max_new_tokens=30, do_sample=False)
    expected = tokenizer.decode(output[0, ids["input_ids"].shape[1] :], skip_special_tokens=True)
    async with open_client(text_folder) as client:
        body = chat("Hi", temperature=0, max_tokens=30)
        body["messages"][0]["content"].append({"type": "text", "text": "there"})
        assert texts(await ask(client, body)) == [expected]
        assert "at most 0" in await refuse(client, chat("Look", [draw_noise(0, (56, 56))]))


async def test_the_same_seed_says_the_same_alone_and_in_a_crowd(client: TestClient):
    image = draw_noise(1, (84, 84))
    body = chat("Dream.", [image], seed=11, temperature=0.8, top_p=0.9, max_tokens=30)
    alone = texts(await ask(client, body))
    others = [chat(f"Other {i}" * i, seed=i, max_tokens=5 + 3 * i) for i in range(12)]
    crowd = await asyncio.gather(*(ask(client, one) for one in [*others, body, *others]))
    assert texts(crowd[len(others)]) == alone
    assert texts(await ask(client, body | {"seed": 12})) != alone


async def test_samples_differ_and_each_can_be_asked_again_alone(client: TestClient):
    reply = await ask(client, chat("Dream.", seed=100, n=4, max_tokens=20, ignore_eos=True))
    assert [choice["index"] for choice in reply["choices"]] == [0, 1, 2, 3]
    assert len(set(texts(reply))) == 4
    assert reply["usage"]["completion_tokens"] == 80
    again = await ask(client, chat("Dream.", seed=102, max_tokens=20, ignore_eos=True))
    assert texts(again) == texts(reply)[2:3]


async def test_more_requests_than_places_wait_their_turn(vision_folder: Path):
    async with open_client(vision_folder, max_running=2) as client:
        bodies = [chat(f"Number {i}", temperature=0) for i in range(7)]
        crowd = await asyncio.gather(*(ask(client, body) for body in bodies))
        for body, reply in zip(bodies, crowd, strict=True):
            assert texts(await ask(client, body)) == texts(reply)


async def test_a_stop_text_cuts_the_completion_before_it(client: TestClient):
    body = chat("Go on.", temperature=0, max_tokens=40)
    whole = texts(await ask(client, body))[0]
    stop = whole[10:12]
    reply = await ask(client, body | {"stop": ["never said", stop]})
    choice = reply["choices"][0]
    assert choice["message"]["content"] == whole[: whole.index(stop)]
    assert (choice["finish_reason"], choice["stop_reason"]) == ("stop", stop)
    events = await read_events(client, body | {"stop": stop})
    assert (
        "".join(e["choices"][0]["delta"]["content"] for e in events) == whole[: whole.index(stop)]
    )


async def test_a_capped_completion_says_length(client: TestClient):
    reply = await ask(client, chat("Go on.", temperature=0, max_completion_tokens=3))
    assert reply["choices"][0]["finish_reason"] == "length"
    assert reply["usage"]["completion_tokens"] == 3


async def test_logprobs_are_those_of_the_raw_distribution(client: TestClient):
    body = chat("Go on.", temperature=0, logprobs=True, top_logprobs=3, max_tokens=5)
    reply = await ask(client, body)
    entries = reply["choices"][0]["logprobs"]["content"]
    assert len(entries) == 5
    for entry in entries:
        top = entry["top_logprobs"]
        assert len(top) == 3
        assert entry["logprob"] == top[0]["logprob"] == max(one["logprob"] for one in top) < 0
        assert bytes(entry["bytes"]).decode() == entry["token"]
    hot = await ask(client, body | {"temperature": 100.0, "seed": 1, "top_k": 1})
    assert hot["choices"][0]["logprobs"]["content"] == entries


async def test_a_stream_says_the_same_and_ends_with_its_usage(client: TestClient):
    body = chat("Go on.", seed=5, n=2, max_tokens=25)
    reply = await ask(client, body)
    events = await read_events(client, body | {"stream_options": {"include_usage": True}})
    assert events.pop() | {"id": "", "created": 0} == {
        "id": "",
        "created": 0,
        "object": "chat.completion.chunk",
        "model": "tiny-vl",
        "choices": [],
        "usage": reply["usage"],
    }
    said = ["", ""]
    for choice in (event["choices"][0] for event in events):
        said[choice["index"]] += choice["delta"]["content"]
    assert said == texts(reply)
    assert [e["choices"][0]["finish_reason"] for e in events].count("length") == 2


async def test_a_stream_can_carry_several_tokens_an_event(vision_folder: Path):
    async with open_client(vision_folder, stream_interval=8) as client:
        options = {"continuous_usage_stats": True}
        body = chat("Go on.", max_tokens=20, ignore_eos=True, stream_options=options)
        events = await read_events(client, body)
        counts = [e["usage"]["completion_tokens"] for e in events if "usage" in e]
        assert counts == [8, 16, 20]


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_a_client_that_leaves_frees_its_places(
    client: TestClient, is_streamed: bool, monkeypatch: pytest.MonkeyPatch
):
    step = ServedModel.step

    def step_slowly(*arguments: Any) -> Any:
        time.sleep(0.05)  # So that no completion ends before its client has left.
        return step(*arguments)

    monkeypatch.setattr(ServedModel, "step", step_slowly)
    body = chat("Go on.", n=3, max_tokens=400, ignore_eos=True, stream=is_streamed)
    request = asyncio.create_task(client.post("/v1/chat/completions", json=body))
    await await_running(client, 3)
    if is_streamed:
        (await request).close()
    else:
        request.cancel()
    metrics = await await_running(client, 0)
    assert metrics["vllm:request_success_total abort"] == 3
    assert metrics["vllm:generation_tokens_total"] < 1200
    assert metrics["vllm:kv_cache_usage_perc"] == 0


async def test_whoever_leaves_the_rest_say_the_same(client: TestClient):
    chances = random.Random(4)
    bodies = [
        chat("x" * (7 * i % 50), temperature=0, max_tokens=10 + 9 * i % 70) for i in range(30)
    ]
    alone = [texts(await ask(client, body)) for body in bodies[::3]]
    stays = [asyncio.create_task(ask(client, body)) for body in bodies[::3]]
    leaves = [asyncio.create_task(ask(client, body)) for body in bodies[1::3] + bodies[2::3]]
    await await_running(client, 1)
    for task in leaves:
        await asyncio.sleep(0.01 * chances.random())
        task.cancel()
    assert [texts(await task) for task in stays] == alone
    assert (await read_metrics(client))["vllm:request_success_total abort"] > 0


async def test_metrics_count_under_the_names_of_vllm(client: TestClient):
    reply = await ask(client, chat("Go on."))
    metrics = await read_metrics(client)
    assert metrics["vllm:prompt_tokens_total"] == reply["usage"]["prompt_tokens"]
    assert metrics["vllm:generation_tokens_total"] == reply["usage"]["completion_tokens"]
    assert metrics["vllm:num_requests_running"] == metrics["vllm:num_requests_waiting"] == 0


async def test_models_and_health_answer(client: TestClient):
    models = await (await client.get("/v1/models")).json()
    assert [(m["id"], m["max_model_len"]) for m in models["data"]] == [("tiny-vl", 512)]
    assert (await client.get("/health")).status == 200
    missing = await client.get("/v1/nothing")
    assert missing.status == 404
    assert (await missing.json())["error"]["type"] == "NotFoundError"


def url_part(url: str) -> dict[str, Any]:
    content = [{"type": "image_url", "image_url": {"url": url}}]
    return {"messages": [{"role": "user", "content": content}]}


REFUSED = [
    (b"{", "not JSON"),
    (b"[]", "must be a JSON object"),
    ({}, "messages: Field required"),
    ({"messages": []}, "messages"),
    ({"messages": [{"role": "robot", "content": "x"}]}, "role"),
    (chat("x", temperature="hot"), "temperature"),
    (chat("x", temperature=-1), "temperature"),
    (chat("x", top_p=0), "top_p"),
    (chat("x", n=0), "n:"),
    (chat("x", max_tokens="5"), "max_tokens"),
    (chat("x", seed=1.5), "seed"),
    (chat("x", stop=[""]), "stop"),
    (chat("x", top_logprobs=2), "logprobs"),
    (chat("x", stream_options={}), "stream"),
    (chat("x", frequency_penalty=0.5), "frequency_penalty"),
    (chat("x", response_format={"type": "json_object"}), "response_format"),
    (chat("x", tools=[]), "'tools' is not supported"),
    ({"messages": [{"role": "user", "content": [{"type": "video_url"}]}]}, "'video_url'"),
    ({"messages": [{"role": "user", "content": [{"type": "text", "text": 5}]}]}, "text: Input"),
    (chat("x" * 600), "together at most 512"),
    (chat("x" * 9000), "characters; together with the reply at most 512 tokens fit"),
    (chat("x", max_tokens=600), "together at most 512"),
    (chat("the <|image_pad|> token"), "0 images and 1 places"),
    (chat("x", [draw_noise(0, (28, 28))] * 3), "at most 2"),
    (url_part("https://example.org/a.png"), "never read"),
    (url_part("file:///etc/hostname"), "never read"),
    (url_part("/etc/hostname"), "never read"),
    (url_part("data:image/png;base64,!!!"), "base64"),
    (url_part("data:image/png,abc"), "data URL must be"),
    (url_part("data:image/png;base64,aGVsbG8="), "none of PNG"),
    (url_part("data:image/svg+xml;base64,PHN2Zy8+"), "none of PNG"),
]


@pytest.mark.parametrize(("body", "message"), REFUSED, ids=[message for _, message in REFUSED])
async def test_a_wrong_request_gets_400_and_a_sentence(client: TestClient, body: Any, message: str):
    assert message in await refuse(client, body)


async def test_a_truncated_image_gets_400(client: TestClient):
    part = image_part(draw_noise(0, (90, 90)))
    head, _, payload = part["image_url"]["url"].partition(",")
    body = url_part(head + "," + payload[: len(payload) // 8 * 4])
    assert "cannot be decoded" in await refuse(client, body)


async def test_an_unknown_model_gets_404_and_a_huge_body_413(client: TestClient):
    assert "tiny-vl" in await refuse(client, chat("x", model="gpt"), 404)
    assert await refuse(client, b'"' + b"x" * 300_000 + b'"', 413)


async def test_a_failing_batch_is_told_and_the_next_one_served(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:

        def fail(*_: Any) -> None:
            raise RuntimeError("out of memory")

        patch.setattr(ServedModel, "step", fail)
        assert "out of memory" in await refuse(client, chat("x"), 500)
    assert (await ask(client, chat("x")))["usage"]["completion_tokens"] > 0


def start_process(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tasks.embedded_server", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_the_command_prints_its_url_and_ends_cleanly(vision_folder: Path, name: str):
    process = start_process(str(vision_folder), "--port=0")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("http://127.0.0.1:")
    process.send_signal(getattr(signal, name))
    _, log = process.communicate(timeout=GUARD_SECONDS)
    assert process.returncode == 0
    assert "Traceback" not in log


def test_a_folder_without_a_model_is_one_sentence(tmp_path: Path):
    process = start_process(str(tmp_path))
    _, log = process.communicate(timeout=GUARD_SECONDS)
    assert process.returncode == 2
    assert log.startswith("no model in")
    assert len(log.splitlines()) == 1


def test_without_torch_one_sentence_says_what_to_install(vision_folder: Path, tmp_path: Path):
    (tmp_path / "torch.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')"
    )
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-m", "tasks.embedded_server", str(vision_folder)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=GUARD_SECONDS,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.strip().endswith('pip install "sightline[embedded]"')
    assert len(done.stderr.splitlines()) == 1
