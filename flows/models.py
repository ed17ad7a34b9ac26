"""The models of a run: who answers, and clients that are open while the run lasts.

Servers that are started here take turns: each runs only around the stages that ask it, so that two
large models fit on the same GPUs.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from flows.plan import TABLES_OF, BuildPlan
from flows.served import ServedModel, group_served
from flows.watching import Watch, watch_models
from schemas.figures import Figures
from schemas.recipe import ModelParams
from schemas.records import Reply
from tasks.budget import Budget
from tasks.budgeted import BudgetedClient
from tasks.embedded.options import ServerOptions
from tasks.embedded_process import run_embedded_server
from tasks.meter import METER
from tasks.model_meter import ModelMeter
from tasks.replies import ReplyStore
from tasks.sampling import Endpoint, Patience
from tasks.server import check_spec, run_vllm

STAGE_OF = {"vlm": "formalize", "llm": "reason", "judge": "verify"}
"""Role of a model to the stage that asks it, in the order of the stages."""
RESTARTING = Patience(
    # A large model takes minutes to load; whether it still lives is watched elsewhere.
    max_attempts=60,
    max_outage_attempts=100_000,
    max_delay_seconds=5.0,
    outage_seconds=7 * 86_400.0,
    total_seconds=7 * 86_400.0,
)
"""Of requests to a server that is started again when it dies."""


def is_asked(plan: BuildPlan, role: str) -> bool:
    """Whether the model of a role will be asked anything: a stage of its own is not complete."""
    if role == "vlm" and not plan.recipe.formalize.enabled:
        return False
    stages = [STAGE_OF[role]]
    if role == "judge" and plan.recipe.curate.consistency is not None:
        stages.append("curate")
    return not all(plan.is_complete(stage) for stage in stages)


@dataclass(slots=True)
class Models:
    """The models of a run; a client is there once its model can be asked."""

    plan: BuildPlan
    replies: ReplyStore
    budget: Budget
    """What all models together may spend."""
    stack: AsyncExitStack
    """Closes everything at the end of the run, whatever its end."""
    log_folder: Path
    served: list[ServedModel]
    clients: dict[str, BudgetedClient] = field(default_factory=dict[str, BudgetedClient])
    """By role."""
    readers: dict[str, Callable[[], Figures]] = field(default_factory=dict)
    """By role: what a client has done and is doing."""
    watch: Watch = field(init=False)
    """Sees what they do."""

    @property
    def num_requests(self) -> int:
        """Requests that were sent in this run."""
        return sum(client.num_requests for client in self.clients.values())

    @property
    def saved_tokens(self) -> int:
        """Tokens that stopped rollouts would have gone on for: an estimate."""
        return sum(client.figures().saved_tokens for client in self.clients.values())

    @asynccontextmanager
    async def serve(self, role: str) -> AsyncGenerator[None]:
        """Have the model of a role served while the block runs, if its stage asks it anything.

        Raises:
            AccessError: a person must mend the model or its server.
            ServerError: the server died too often; takes the place of what happens in the block.
        """
        served = next((served for served in self.served if role in served.roles), None)
        if served is not None:
            await self._start_vllm(served, role)
        yield
        if served is not None and role == served.roles[-1]:
            await served.stack.aclose()

    async def _start_vllm(self, served: ServedModel, role: str) -> None:
        if not served.url:
            # What this run raises passes through the server's context, which may know better.
            self.stack.push_async_exit(served.stack)
            meter = METER.get()
            log_path = self.log_folder / f"vllm-{'-'.join(served.roles)}.log"
            server = run_vllm(
                served.spec,
                log_path=log_path,
                on_progress=lambda words: setattr(meter, "note", words),
            )
            served.url = await served.stack.enter_async_context(server)
        await self.add_client(role, (served.url,), RESTARTING)

    async def add_client(
        self, role: str, urls: tuple[str, ...], patience: Patience | None = None
    ) -> None:
        """Open the client of a role; its model is checked if its stage asks it anything."""
        model: ModelParams = getattr(self.plan.recipe.models, role)
        client = self._make_client(model, urls, role, patience)
        stage = STAGE_OF[role]
        fingerprint = self.plan.jobs[0].tables[TABLES_OF[stage][-1]]
        METER.get().models[role] = ModelMeter(role, model.name, stage, fingerprint)
        self.readers[role] = client.figures
        self.clients[role] = await self.stack.enter_async_context(client)
        if is_asked(self.plan, role):
            await client.check()

    def _make_client(
        self,
        model: ModelParams,
        urls: tuple[str, ...],
        role: str,
        patience: Patience | None,
    ) -> BudgetedClient:
        meter, stage = METER.get(), STAGE_OF[role]

        def count(reply: Reply, is_reused: bool) -> None:
            meter.count_reply(stage, reply, is_reused=is_reused)

        endpoint = make_endpoint(model, urls, role)
        return BudgetedClient(
            endpoint, self.replies, self.budget, on_reply=count, patience=patience
        )


def make_endpoint(model: ModelParams, urls: tuple[str, ...], role: str) -> Endpoint:
    """Return where the model of a role is asked."""
    return Endpoint(
        model=model.name,
        urls=urls,
        revision=model.revision,
        api_key_env=model.api_key_env,
        rpm=model.rpm,
        tpm=model.tpm,
        price_in=model.price_in,
        price_out=model.price_out,
        option=f"--{role}",
    )


@asynccontextmanager
async def open_models(plan: BuildPlan, log_folder: Path, budget: Budget) -> AsyncGenerator[Models]:
    """Open the models of a run; what can be checked of them is, before all else.

    A model whose stage is complete is neither started nor asked anything.

    Raises:
        AccessError: a model is not there; the message is one sentence with the remedy.
    """
    roles = [
        role
        for role in STAGE_OF
        if getattr(plan.recipe.models, role) is not None and is_asked(plan, role)
    ]
    async with AsyncExitStack() as stack:
        replies = await stack.enter_async_context(ReplyStore.open(plan.dataset.url))
        served = group_served(plan.recipe, roles)
        models = Models(plan, replies, budget, stack, log_folder, served)
        watching = watch_models(METER.get(), models.readers, plan.folder)
        models.watch = await stack.enter_async_context(watching)
        for model_served in served:
            check_spec(model_served.spec)
        embedded: dict[str, str] = {}
        for role in roles:
            model: ModelParams = getattr(plan.recipe.models, role)
            if model.kind == "embedded" and model.path not in embedded:
                log = log_folder / "embedded-server.log"
                embedded[model.path] = await _start_embedded(stack, model, log)
            if model.kind != "vllm":
                url = embedded.get(model.path) if model.kind == "embedded" else None
                await models.add_client(role, (url,) if url else model.urls)
        yield models


async def _start_embedded(stack: AsyncExitStack, model: ModelParams, log: Path) -> str:
    options = ServerOptions(name=model.name)
    server = run_embedded_server(Path(model.path), log_path=log, options=options)
    return (await stack.enter_async_context(server)).url
