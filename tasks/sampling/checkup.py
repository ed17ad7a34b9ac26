"""Look at a model server as a run would use it, with a handful of requests of one token each.

The `openai` client asks here: there is little to ask, and it is what users' own scripts speak.
"""

import io
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import openai
import pybase64
from PIL import Image

from schemas.checks import Check
from schemas.errors import AccessError
from tasks.sampling.endpoints import Endpoint, hide_credentials, read_api_key
from tasks.sampling.wire import one_line

TIMEOUT_SECONDS = 60.0
PROBE_SIDE = 64
"""Of the small image, in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What a recipe will ask of a server."""

    max_tokens: int
    max_images: int = 0
    """0: the model is asked with text only."""
    max_side: int = PROBE_SIDE
    """Longest side of an image, in pixels."""
    is_streamed: bool = False
    """Rollouts race, so that tokens must be counted while they come."""


async def check_server(role: str, url: str, endpoint: Endpoint, demands: Demands) -> list[Check]:
    """Check one server: reachable, the model, its context, text, images, streaming."""
    subject = f"{role} at {hide_credentials(url)}"
    try:
        async with _open(url, endpoint) as client:
            model = await _find_model(client, endpoint)
            checks = [Check(subject=subject, verdict="ok", found=f"serves {endpoint.model}")]
            checks.append(_check_context(subject, model, demands))
            probes: list[tuple[str, Callable[[], Awaitable[str]]]] = [
                ("a text request", lambda: _ask(client, endpoint, "Say yes."))
            ]
            if demands.max_images:
                probes.append(("images", lambda: _ask_with_images(client, endpoint, demands)))
            if demands.is_streamed:
                probes.append(("a stream", lambda: _stream(client, endpoint)))
            return checks + [await _probe(subject, what, ask) for what, ask in probes]
    except (AccessError, openai.OpenAIError) as error:
        return [_explain(subject, error, endpoint)]


@asynccontextmanager
async def _open(url: str, endpoint: Endpoint) -> AsyncGenerator[openai.AsyncOpenAI]:
    key = read_api_key(endpoint) or "none"
    async with openai.AsyncOpenAI(
        base_url=url, api_key=key, timeout=TIMEOUT_SECONDS, max_retries=1
    ) as client:
        yield client


async def _find_model(client: openai.AsyncOpenAI, endpoint: Endpoint) -> Any:
    models = [model async for model in client.models.list()]
    for model in models:
        if model.id == endpoint.model:
            return model
    served = ", ".join(repr(one_line(model.id, 100)) for model in models[:8]) or "nothing"
    raise AccessError(f"does not serve {endpoint.model!r}; it serves {served}")


def _check_context(subject: str, model: Any, demands: Demands) -> Check:
    """Compare the model's context with what the recipe lets it write."""
    length = getattr(model, "max_model_len", None)
    subject = f"{subject}, context"
    if not isinstance(length, int):
        return Check(subject=subject, verdict="ok", found="the server does not say its length")
    found = f"{length:,} tokens, of which a completion may take {demands.max_tokens:,}"
    if length <= demands.max_tokens:
        remedy = "serve it with a larger --max-model-len, or lower max_tokens in the recipe"
        return Check(subject=subject, verdict="fault", found=found, remedy=remedy)
    if length < 1.25 * demands.max_tokens:
        remedy = "long prompts will be refused; raise --max-model-len, or lower max_tokens"
        return Check(subject=subject, verdict="warning", found=found, remedy=remedy)
    return Check(subject=subject, verdict="ok", found=found)


async def _probe(subject: str, what: str, ask: Callable[[], Awaitable[str]]) -> Check:
    subject = f"{subject}, {what}"
    try:
        found = await ask()
    except openai.OpenAIError as error:
        words = one_line(str(error), 300)
        remedy = "mend the server, or change what the recipe asks for"
        return Check(subject=subject, verdict="fault", found=words, remedy=remedy)
    if found.startswith("no "):
        remedy = "rollouts are then sampled in full; set reason.race = false to say so"
        return Check(subject=subject, verdict="warning", found=found, remedy=remedy)
    return Check(subject=subject, verdict="ok", found=found)


async def _ask(client: openai.AsyncOpenAI, endpoint: Endpoint, content: Any) -> str:
    completion = await client.chat.completions.create(
        model=endpoint.model, messages=[{"role": "user", "content": content}], max_tokens=1
    )
    usage = completion.usage
    return f"answered; {usage.prompt_tokens:,} tokens in" if usage else "answered"


async def _ask_with_images(client: openai.AsyncOpenAI, endpoint: Endpoint, demands: Demands) -> str:
    """Send as many images as a problem may have, the first as large as one may be."""
    sides = [demands.max_side, *[PROBE_SIDE] * (demands.max_images - 1)]
    parts: list[dict[str, Any]] = [
        {"type": "image_url", "image_url": {"url": _draw_image(side)}} for side in sides
    ]
    words = await _ask(client, endpoint, [*parts, {"type": "text", "text": "Say yes."}])
    return f"{len(sides)} image of {demands.max_side} pixels a side: {words}"


def _draw_image(side: int) -> str:
    stream = io.BytesIO()
    Image.new("RGB", (side, side), (200, 200, 200)).save(stream, "PNG")
    return "data:image/png;base64," + pybase64.b64encode(stream.getvalue()).decode("ascii")


async def _stream(client: openai.AsyncOpenAI, endpoint: Endpoint) -> str:
    stream = await client.chat.completions.create(
        model=endpoint.model,
        messages=[{"role": "user", "content": "Say yes."}],
        max_tokens=1,
        stream=True,
        stream_options={"include_usage": True},
    )
    has_usage = [chunk.usage is not None async for chunk in stream]
    return "answered, tokens counted" if any(has_usage) else "no count of tokens in the stream"


def _explain(subject: str, error: Exception, endpoint: Endpoint) -> Check:
    words = one_line(str(error), 300)
    if isinstance(error, openai.APIConnectionError):
        words = "cannot be reached"
        remedy = f"start the server or {endpoint.remedy}"
    elif isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        remedy = f"check the key in {endpoint.api_key_env or 'api_key_env (not set)'}"
    else:
        remedy = f"{endpoint.remedy}; a URL usually ends in /v1"
    return Check(subject=subject, verdict="fault", found=words, remedy=remedy)
