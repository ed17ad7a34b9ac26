"""The models of a run: who answers, and clients that are open while the run lasts."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from flows.plan import BuildPlan
from schemas.recipe import ModelParams
from schemas.records import Reply
from tasks.embedded.options import ServerOptions
from tasks.embedded_process import run_embedded_server
from tasks.meter import METER
from tasks.replies import ReplyStore
from tasks.sampling import Endpoint, ModelClient

STAGE_OF = {"vlm": "formalize", "llm": "reason", "judge": "verify"}
"""Role of a model to the stage that asks it."""


@asynccontextmanager
async def open_models(plan: BuildPlan, log: Path) -> AsyncGenerator[dict[str, ModelClient]]:
    """Open a client for each role; models that will be asked are checked before all else.

    A model whose stage is complete is neither started nor asked anything.

    Raises:
        AccessError: a model is not there; the message is one sentence with the remedy.
    """
    async with AsyncExitStack() as stack:
        replies = await stack.enter_async_context(ReplyStore.open(plan.dataset.url))
        urls: dict[str, str] = {}
        clients: dict[str, ModelClient] = {}
        for role, stage in STAGE_OF.items():
            model: ModelParams | None = getattr(plan.recipe.models, role)
            if model is None:
                continue
            is_needed = not plan.is_complete(stage)
            if model.kind == "embedded" and is_needed and model.path not in urls:
                urls[model.path] = await _start_embedded(stack, model, log)
            served = (urls[model.path],) if model.path in urls else model.urls
            client = _make_client(model, served, replies, role)
            clients[role] = await stack.enter_async_context(client)
            if is_needed:
                await client.check()
        yield clients


async def _start_embedded(stack: AsyncExitStack, model: ModelParams, log: Path) -> str:
    options = ServerOptions(name=model.name)
    server = run_embedded_server(Path(model.path), log_path=log, options=options)
    return (await stack.enter_async_context(server)).url


def _make_client(
    model: ModelParams, urls: tuple[str, ...], replies: ReplyStore, role: str
) -> ModelClient:
    meter, stage = METER.get(), STAGE_OF[role]

    def count(reply: Reply, is_reused: bool) -> None:
        # A judge is asked about some rows only, and the stage counts them all when it has them.
        rows = 0 if role == "judge" else 1
        meter.count_reply(stage, reply, is_reused=is_reused, rows=rows)

    endpoint = Endpoint(
        model=model.name,
        urls=urls,
        revision=model.revision,
        api_key_env=model.api_key_env,
        option=f"--{role}",
    )
    return ModelClient(endpoint, replies, on_reply=count)
