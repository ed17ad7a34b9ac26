"""Look at a model server as a run would use it, with a handful of requests of one token each.

Asked and read by the same code as in a run, so that what is well here is well there, and nothing
that a server does, however odd, takes long, fills the memory or shows the key.
"""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from schemas.checks import Check
from schemas.records import ImagePart, Message, Reply, Request, SamplingParams, Status
from tasks.sampling.asking import Asked, Asker
from tasks.sampling.balancing import make_servers
from tasks.sampling.bounds import TokenBound
from tasks.sampling.endpoints import (
    Absent,
    Endpoint,
    Listed,
    UnfitEndpointError,
    find_model,
    read_api_key,
)
from tasks.sampling.retries import Fault, Patience
from tasks.sampling.transport import Transport
from tasks.sampling.wire import Streaming, one_line

PATIENCE = Patience(check_attempts=2, check_seconds=10.0, attempt_seconds=60.0)
"""A server that answers later than this is told of; a run has more patience."""
PROBE_SIDE = 64
"""Of the small image, in pixels."""
MAX_FOUND_CHARS = 300
MEND = "mend the server, or change what the recipe asks for"
LOOK_LATER = "it is starting or has too much to do; look again later"
SAMPLE_IN_FULL = "rollouts are then sampled in full; set reason.race = false to say so"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Probe:
    """One request, and what it is to show."""

    what: str
    request: Request
    size: str = ""
    """Of what it sends, where that is worth telling."""
    bound: TokenBound | None = None
    """With one, even one that nothing passes, a stream is asked for."""


async def check_server(
    role: str, url: str, endpoint: Endpoint, demands: Demands, patience: Patience | None = None
) -> list[Check]:
    """Check one server: reachable, the model, its context, text, images, streaming.

    The first fault is the last check: what comes after it could be no better.
    """
    subject, patience = f"{role} at {url}", patience or PATIENCE
    try:
        key = read_api_key(endpoint)
    except UnfitEndpointError as error:
        return [_find_fault(subject, error.found, error.remedy)]
    transport = Transport(key, connect_seconds=patience.connect_seconds)
    checks: list[Check] = []
    try:
        found = await find_model(url, endpoint, transport, patience)
        if isinstance(found, Absent):
            return [_find_fault(subject, found.found, found.remedy)]
        checks.append(Check(subject=subject, verdict="ok", found=f"serves {endpoint.model}"))
        checks.append(_check_context(subject, found, demands))
        asker = Asker(endpoint, transport, patience)
        for probe in _list_probes(demands):
            checks.append(await _ask(f"{subject}, {probe.what}", asker, url, probe))
            if checks[-1].verdict == "fault":
                break
    except UnfitEndpointError as error:
        checks.append(_find_fault(subject, error.found, error.remedy))
    finally:
        await transport.close()
    return checks


def _find_fault(subject: str, found: str, remedy: str) -> Check:
    found = one_line(found, MAX_FOUND_CHARS)
    return Check(subject=subject, verdict="fault", found=found, remedy=remedy)


def _check_context(subject: str, model: Listed, demands: Demands) -> Check:
    """Compare the model's context with what the recipe lets it write."""
    length = model.context_tokens
    subject = f"{subject}, context"
    if length is None:
        return Check(subject=subject, verdict="ok", found="the server does not say its length")
    found = f"{length:,} tokens, of which a completion may take {demands.max_tokens:,}"
    if length <= demands.max_tokens:
        remedy = "serve it with a larger --max-model-len, or lower max_tokens in the recipe"
        return Check(subject=subject, verdict="fault", found=found, remedy=remedy)
    if length < 1.25 * demands.max_tokens:
        remedy = "long prompts will be refused; raise --max-model-len, or lower max_tokens"
        return Check(subject=subject, verdict="warning", found=found, remedy=remedy)
    return Check(subject=subject, verdict="ok", found=found)


def _list_probes(demands: Demands) -> Iterator[_Probe]:
    yield _Probe(what="a text request", request=_make_request())
    if demands.max_images:
        # As many as a problem may have, the first as large as one may be.
        sides = [demands.max_side, *[PROBE_SIDE] * (demands.max_images - 1)]
        noun = "image" if len(sides) == 1 else "images"
        request = _make_request(*map(_draw_image, sides))
        size = f"{len(sides)} {noun} of {demands.max_side} pixels a side: "
        yield _Probe(what="images", request=request, size=size)
    if demands.is_streamed:
        yield _Probe(what="a stream", request=_make_request(), bound=TokenBound())


def _make_request(*images: ImagePart) -> Request:
    return Request(
        messages=(Message(role="user", text="Say yes.", images=images),),
        sampling=SamplingParams(temperature=0.0, top_p=1.0, max_tokens=1),
        seed=0,
    )


def _draw_image(side: int) -> ImagePart:
    stream = io.BytesIO()
    Image.new("RGB", (side, side), (200, 200, 200)).save(stream, "PNG")
    data = stream.getvalue()
    sha256 = hashlib.sha256(data).hexdigest()
    return ImagePart(sha256=sha256, data=data, media_type="image/png")


async def _ask(subject: str, asker: Asker, url: str, probe: _Probe) -> Check:
    (server,) = make_servers([url])
    try:
        asked = await asker.ask(server, probe.request, probe.bound)
    except Fault as fault:
        return _find_fault(subject, fault.reason, LOOK_LATER if fault.is_overload else MEND)
    reply = asked.reply
    if reply.status is Status.REFUSED:
        found, remedy = f"the model refuses: {reply.error}", "see that no filter stops the data"
        found = one_line(found, MAX_FOUND_CHARS)
        return Check(subject=subject, verdict="warning", found=found, remedy=remedy)
    if not reply.status.has_text:
        return _find_fault(subject, reply.error or reply.status.value, MEND)
    if probe.bound is not None:
        return _judge_stream(subject, asked)
    return Check(subject=subject, verdict="ok", found=probe.size + _describe(reply))


def _judge_stream(subject: str, asked: Asked) -> Check:
    """Say whether rollouts can be stopped at this server when they cannot win."""
    if asked.streaming is Streaming.NONE:
        found = "no stream: the server sends completions whole"
    elif asked.reply.completion_tokens is None:
        found = "no count of tokens in the stream"
    else:
        return Check(subject=subject, verdict="ok", found="answered, tokens counted")
    return Check(subject=subject, verdict="warning", found=found, remedy=SAMPLE_IN_FULL)


def _describe(reply: Reply) -> str:
    tokens = reply.prompt_tokens
    return "answered" if tokens is None else f"answered; {tokens:,} tokens in"
