"""A client of the model edge that does not wait, and requests for it to send."""

import contextlib
import hashlib
import socket
from collections.abc import AsyncIterator
from dataclasses import replace

from schemas.records import ImagePart, Message, Request, SamplingParams
from tasks.replies import ReplyStore
from tasks.sampling import Endpoint, ModelClient, Patience

FAST = Patience(
    base_seconds=0.002,
    max_delay_seconds=0.01,
    max_retry_after_seconds=0.05,
    max_attempts=3,
    max_outage_attempts=5,
    attempt_seconds=60.0,
    check_seconds=60.0,
)
"""Waits for no delay, and for an answer as long as it takes."""
HASTY = replace(FAST, attempt_seconds=0.4, check_seconds=0.4)
"""For servers that never answer; one that answers may be later than this."""


def make_request(
    text: str, *, index: int = 0, image: bytes | None = None, max_tokens: int = 4096
) -> Request:
    images = ()
    if image is not None:
        sha256 = hashlib.sha256(image).hexdigest()
        images = (ImagePart(sha256=sha256, data=image, media_type="image/png"),)
    return Request(
        messages=(Message(role="user", text=text, images=images),),
        sampling=SamplingParams(temperature=0.6, top_p=0.9, max_tokens=max_tokens),
        sample_index=index,
        seed=1000 + index,
    )


@contextlib.asynccontextmanager
async def connect(
    *urls: str, store: str = "memory://sampling", patience: Patience = FAST, **options
) -> AsyncIterator[ModelClient]:
    in_client = {
        name: options.pop(name) for name in ("on_reply", "max_in_flight") if name in options
    }
    endpoint = Endpoint(model=options.pop("model", "fake-llm"), urls=urls, **options)
    async with (
        ReplyStore.open(store) as replies,
        ModelClient(endpoint, replies, patience=patience, **in_client) as client,
    ):
        yield client


def dead_url() -> str:
    """Return the URL of a port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"
