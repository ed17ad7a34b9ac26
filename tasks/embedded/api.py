"""The routes of the embedded server: from a request to completions in the engine and back."""

import asyncio
import logging
import random
import secrets
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch
from aiohttp import web
from aiohttp.typedefs import Handler

from tasks.embedded.checkpoint import Checkpoint
from tasks.embedded.choice import Sampling
from tasks.embedded.completion import Completion, CompletionParams, Update
from tasks.embedded.engine import Engine
from tasks.embedded.metrics import render_metrics
from tasks.embedded.options import ServerOptions
from tasks.embedded.processor import Prompt
from tasks.embedded.protocol import (
    ChatRequest,
    ReplyHead,
    RequestError,
    error_body,
    parse_request,
)
from tasks.embedded.replies import collect_reply, stream_reply

_LOG = logging.getLogger(__name__)
_SMALL_PARAMETERS = 100_000_000
_JSON = "application/json"
_EVENT_STREAM = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}


class _BrokenStreamError(Exception):
    """A reply that has begun cannot go on; all that is left is to break it off."""


@contextmanager
def open_api(checkpoint: Checkpoint, options: ServerOptions) -> Generator["ChatApi"]:
    """Run the engine of a checkpoint for as long as the context lasts.

    Must be entered inside the event loop that serves the routes.
    """
    # The products of a small model are too small to share out: on two busy cores two threads,
    # which wait for each other, were measured ten times slower than one.
    is_small = checkpoint.model.num_parameters < _SMALL_PARAMETERS
    threads = options.threads or (1 if is_small else torch.get_num_threads())
    engine = Engine(
        checkpoint.model,
        max_running=options.max_running,
        max_model_len=checkpoint.max_model_len,
        threads=threads,
    )
    try:
        yield ChatApi(checkpoint, engine, options)
    finally:
        engine.stop()


class ChatApi:
    """The HTTP face of one engine."""

    def __init__(self, checkpoint: Checkpoint, engine: Engine, options: ServerOptions) -> None:
        self._processor = checkpoint.processor
        self._name = checkpoint.name
        self._end_token_ids = checkpoint.end_token_ids
        self._engine = engine
        self._options = options
        self._started = int(time.time())
        self._preparers = ThreadPoolExecutor(2, thread_name_prefix="embedded-prepare")
        self._num_preparing = 0

    def create_app(self) -> web.Application:
        """The application with all routes."""
        app = web.Application(
            client_max_size=self._options.max_body_bytes, middlewares=[_answer_in_json]
        )
        app.router.add_post("/v1/chat/completions", self.complete_chat)
        app.router.add_get("/v1/models", self.list_models)
        app.router.add_get("/health", self.report_health)
        app.router.add_get("/metrics", self.report_metrics)
        return app

    async def complete_chat(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions."""
        chat = parse_request(await self._read_body(request))
        if chat.model not in (None, self._name):
            message = f"no model {(chat.model or '')[:80]!r} here; the model is {self._name!r}"
            raise RequestError(message, status=404, param="model")
        completions = self._plan_completions(chat, await self._prepare(chat))
        head = ReplyHead(
            id=f"chatcmpl-{secrets.token_hex(12)}", created=int(time.time()), model=self._name
        )
        self._engine.submit(completions)
        try:
            if chat.stream:
                return await self._stream(request, chat, completions, head)
            body = await collect_reply(completions, head, self._processor.token_text)
            return web.Response(body=body, content_type=_JSON)
        finally:  # the client may have gone: what it does not wait for is not computed
            self._engine.cancel([one for one in completions if one.finish_reason is None])

    async def _read_body(self, request: web.Request) -> bytes:
        num_bytes, most = request.content_length or 0, self._options.max_body_bytes
        if num_bytes > most:
            message = f"the request has {num_bytes} bytes; at most {most} are read"
            raise RequestError(message, status=413)
        return await request.read()

    async def _prepare(self, chat: ChatRequest) -> Prompt:
        num_completions = chat.n or 1
        self._num_preparing += num_completions
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._preparers, self._processor.prepare, chat)
        finally:
            self._num_preparing -= num_completions

    async def list_models(self, _: web.Request) -> web.Response:
        """GET /v1/models."""
        model = {
            "id": self._name,
            "object": "model",
            "created": self._started,
            "owned_by": "sightline",
            "max_model_len": self._engine.max_model_len,
        }
        return web.json_response({"object": "list", "data": [model]})

    async def report_health(self, _: web.Request) -> web.Response:
        """GET /health: empty, 200 while the engine lives."""
        return web.Response(status=200 if self._engine.is_alive else 503)

    async def report_metrics(self, _: web.Request) -> web.Response:
        """GET /metrics."""
        engine = self._engine
        num_waiting = self._num_preparing + engine.num_waiting  # before it may have become running
        gauges = {
            "num_requests_running": float(engine.num_running),
            "num_requests_waiting": float(num_waiting),
            "kv_cache_usage_perc": engine.cache_usage,
        }
        counters = {
            name: float(engine.counts[name]) for name in ("prompt_tokens", "generation_tokens")
        }
        text = render_metrics(self._name, gauges, counters, engine.counts)
        return web.Response(text=text, headers={"Content-Type": "text/plain; version=0.0.4"})

    async def _stream(
        self,
        request: web.Request,
        chat: ChatRequest,
        completions: list[Completion],
        head: ReplyHead,
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=_EVENT_STREAM)
        await response.prepare(request)
        options = chat.stream_options
        try:
            async for event in stream_reply(completions, head, self._processor.token_text, options):
                await response.write(event)
        except ConnectionError:  # the client has gone
            raise
        except Exception as error:
            raise _BrokenStreamError from error
        await response.write_eof()
        return response

    def _plan_completions(self, chat: ChatRequest, prompt: Prompt) -> list[Completion]:
        params = self._read_params(chat, len(prompt.token_ids))
        seed = secrets.randbits(63) if chat.seed is None else chat.seed
        seeds = [seed + index for index in range(chat.n or 1)]
        updates: asyncio.Queue[Update] = asyncio.Queue()
        return [
            Completion(
                index=index,
                prompt=prompt,
                params=params,
                # Its generator takes a number and its negative for the same seed.
                generator=random.Random(seed if seed >= 0 else seed % 2**64),
                decode=self._processor.decode,
                updates=updates,
            )
            for index, seed in enumerate(seeds)
        ]

    def _read_params(self, chat: ChatRequest, num_prompt_tokens: int) -> CompletionParams:
        room = self._engine.max_model_len - num_prompt_tokens
        if room < (chat.token_limit or 1):
            wish = f"max_tokens is {chat.token_limit}" if chat.token_limit else "a reply needs one"
            raise RequestError(
                f"the prompt has {num_prompt_tokens} tokens and {wish}; "
                f"together at most {self._engine.max_model_len} fit",
                param="messages" if room < 1 else "max_tokens",
            )
        return CompletionParams(
            sampling=Sampling(
                temperature=1.0 if chat.temperature is None else chat.temperature,
                top_p=1.0 if chat.top_p is None else chat.top_p,
                top_k=max(chat.top_k or 0, 0),
            ),
            max_tokens=chat.token_limit or room,
            end_token_ids=frozenset() if chat.ignore_eos else self._end_token_ids,
            stops=chat.stops,
            num_logprobs=(chat.top_logprobs or 0) if chat.logprobs else None,
            stream_interval=self._options.stream_interval if chat.stream else None,
        )


@web.middleware
async def _answer_in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    headers: dict[str, str] = {}
    try:
        return await handler(request)
    except RequestError as error:
        refusal = error
    except web.HTTPException as error:
        refusal = RequestError(error.text or error.reason, status=error.status)
        if "Allow" in error.headers:
            headers["Allow"] = error.headers["Allow"]
    except web.RequestPayloadError as error:
        refusal = RequestError(f"the body cannot be read: {error}")
    except (_BrokenStreamError, ConnectionError):
        raise
    except Exception:
        _LOG.exception("a request failed")
        refusal = RequestError("the server failed on this request; its log says why", status=500)
    body = error_body(refusal)
    return web.Response(status=refusal.status, body=body, content_type=_JSON, headers=headers)
