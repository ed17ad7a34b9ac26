"""Watch the models of a run while it goes on: for the screen, the Prefect UI and the record."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
from prefect.artifacts import (
    acreate_progress_artifact,
    acreate_table_artifact,
    aupdate_progress_artifact,
)
from prefect.exceptions import PrefectException
from prefect.runtime import flow_run

from flows.figures import describe_model, list_figures
from schemas.figures import Figures, ModelFigures, RunFigures
from tasks.meter import Meter
from tasks.run_figures import write_run
from tasks.storage import Folder

LOOK_SECONDS = 0.1
"""Between two looks at the figures."""
TELL_SECONDS = 20.0
"""Between two updates of the Prefect UI and of the record on disk."""

logger = logging.getLogger(__name__)

Readers = Mapping[str, Callable[[], Figures]]
"""By role of a model: its figures now. Models come and go while the run goes on."""


class Watch:
    """What the models of one run do, looked at again and again."""

    def __init__(self, meter: Meter, readers: Readers, partition: Folder) -> None:
        """Prepare; nothing is written before a model was asked.

        Args:
            meter: takes the figures in; has a `ModelMeter` for each reader.
            readers: what is looked at.
            partition: where the record goes.
        """
        self._meter, self._readers, self._partition = meter, readers, partition
        self._run_id = str(flow_run.get_id() or uuid4())
        self._began = datetime.now(UTC).isoformat(timespec="seconds")
        self._artifacts: dict[str, UUID] = {}

    async def run(self) -> None:
        """Look, and tell now and then, until cancelled."""
        told = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()
            if time.monotonic() - told >= TELL_SECONDS:
                await self._show_progress()
                await asyncio.to_thread(self.record)
                told = time.monotonic()

    def look(self) -> None:
        """Take in the figures of this moment."""
        now = time.monotonic()
        for role, read in self._readers.items():
            self._meter.models[role].observe(now, read())

    def sum_up(self) -> list[ModelFigures]:
        """Return what the models did so far, those that have done something."""
        found = [self._meter.models[role].sum_up() for role in self._readers]
        return [model for model in found if model and (model.num_replies or model.num_reused)]

    def record(self) -> None:
        """Write down what the models did so far."""
        run = RunFigures(run_id=self._run_id, began=self._began, models=tuple(self.sum_up()))
        write_run(self._partition, run)

    async def _show_progress(self) -> None:
        """Show each model that works in the Prefect UI, which a run can do without."""
        with _tolerate_prefect():
            for role in list(self._readers):
                model = self._meter.models[role]
                stage = self._meter.stages.get(model.stage)
                if stage is None or stage.started is None or stage.ended:
                    continue
                progress = min(100 * stage.done / max(stage.total or 0, 1), 100.0)
                words = f"{stage.done:,} of {stage.total or 0:,}; {describe_model(model)}"
                if (artifact := self._artifacts.get(role)) is not None:
                    await aupdate_progress_artifact(artifact, progress, words)
                else:
                    key = f"progress-{model.stage}"
                    created = await acreate_progress_artifact(progress, key, words)
                    self._artifacts[role] = created

    async def show_end(self) -> None:
        """Show what the models did as a table in the Prefect UI."""
        models = self.sum_up()
        if any(model.num_replies for model in models):
            with _tolerate_prefect():
                table = [list_figures(model) for model in models]
                await acreate_table_artifact(table=table, key="models")


@contextlib.contextmanager
def _tolerate_prefect():  # noqa: ANN202
    try:
        yield
    except (PrefectException, httpx.HTTPError) as error:
        logger.warning("the Prefect UI could not be told of the models: %s", error)


@contextlib.asynccontextmanager
async def watch_models(meter: Meter, readers: Readers, partition: Folder) -> AsyncGenerator[Watch]:
    """Watch while the block runs; what was seen is recorded however it ends."""
    watch = Watch(meter, readers, partition)
    looking = asyncio.create_task(watch.run())
    try:
        yield watch
        watch.look()
        await watch.show_end()
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        watch.look()
        watch.record()
