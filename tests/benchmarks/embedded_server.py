"""Tokens per second of the embedded server beside `model.generate` on the same batch.

    python -m tests.benchmarks.embedded_server [MODEL_DIR] [--threads 1] [--rounds 5]

Both say the same number of tokens for the same image and text, greedily, in turns, so that load
from elsewhere falls on both; the best round of each counts. The server's time has everything in it
(HTTP, base64, decoding of images, tokens to text), `generate` only the model. Goal: ratio >= 0.8.
"""

import argparse
import asyncio
import base64
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import torch
from PIL import Image
from transformers import AutoModelForImageTextToText

from tasks.embedded.images import patchify
from tasks.embedded.options import ServerOptions
from tasks.embedded.processor import ChatProcessor, Prompt
from tasks.embedded.protocol import ChatRequest
from tasks.embedded_process import EmbeddedServer, run_embedded_server

SHIPPED = Path(__file__).parents[2] / "data" / "model"
NUM_TOKENS = 120


def make_body(seed: int) -> dict[str, Any]:
    """A request for the formal text of one image of noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    url = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    content = [
        {"type": "image_url", "image_url": {"url": url}},
        {"type": "text", "text": "Formalize the image."},
    ]
    return {
        "messages": [{"role": "user", "content": content}],
        "temperature": 0,
        "max_tokens": NUM_TOKENS,
        "ignore_eos": True,
    }


def make_generate(model_dir: Path, bodies: list[dict[str, Any]]) -> Callable[[], None]:
    """A call of `generate` on the batch of all bodies, its inputs ready beforehand."""
    processor = ChatProcessor(model_dir, max_images=1, max_model_len=8192)
    prompts: list[Prompt] = [processor.prepare(ChatRequest.model_validate(b)) for b in bodies]
    model = AutoModelForImageTextToText.from_pretrained(model_dir, dtype=torch.float32).eval()
    ids = torch.tensor([prompt.token_ids for prompt in prompts])
    images = [prompt.images[0] for prompt in prompts]
    patch = processor.settings.patch_size
    inputs = {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "mm_token_type_ids": (ids == model.config.image_token_id).int(),
        "pixel_values": torch.as_tensor(
            np.concatenate([patchify(image, processor.settings) for image in images])
        ),
        "image_grid_thw": torch.tensor(
            [[1, i.shape[0] // patch, i.shape[1] // patch] for i in images]
        ),
    }
    limits = {"max_new_tokens": NUM_TOKENS, "min_new_tokens": NUM_TOKENS, "do_sample": False}
    return lambda: model.generate(**inputs, **limits)


async def ask(session: aiohttp.ClientSession, server: EmbeddedServer, body: dict[str, Any]) -> None:
    async with session.post(f"{server.url}/chat/completions", json=body) as response:
        reply = await response.json()
        assert reply["usage"]["completion_tokens"] == NUM_TOKENS, reply


async def measure(model_dir: Path, server: EmbeddedServer, in_flight: int, rounds: int) -> None:
    """Print one line for `in_flight` requests at once."""
    bodies = [make_body(seed) for seed in range(in_flight)]
    generate = make_generate(model_dir, bodies)
    served, generated = [], []
    async with aiohttp.ClientSession() as session:
        for _ in range(rounds + 1):
            start = time.perf_counter()
            await asyncio.gather(*(ask(session, server, body) for body in bodies))
            served.append(time.perf_counter() - start)
            start = time.perf_counter()
            generate()
            generated.append(time.perf_counter() - start)
    speeds = [in_flight * NUM_TOKENS / min(times[1:]) for times in (served, generated)]
    print(
        f"{in_flight:3d} in flight: server {speeds[0]:7.0f} tokens/s, generate {speeds[1]:7.0f}, "
        f"ratio {speeds[0] / speeds[1]:.2f}",
        flush=True,
    )


async def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model_dir", type=Path, nargs="?", default=SHIPPED)
    parser.add_argument("--threads", type=int, default=1, help="of the server and of generate")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    options = ServerOptions(threads=arguments.threads)
    log_path = Path(tempfile.gettempdir()) / "embedded_server.log"
    async with run_embedded_server(
        arguments.model_dir, log_path=log_path, options=options
    ) as server:
        for in_flight in (1, 16):
            await measure(arguments.model_dir, server, in_flight, arguments.rounds)


if __name__ == "__main__":
    asyncio.run(main())
