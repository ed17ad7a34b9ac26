"""What the processes of one training share: parameters, a clock, and how they are started."""

import logging
import os
import socket
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.multiprocessing.spawn import start_processes

LOG = logging.getLogger(__name__)

# Each step frees and takes the same tensors; kept by the allocator, they cost no page faults.
ALLOCATOR_ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": "4000000000",
    "MALLOC_TRIM_THRESHOLD_": "40000000000",
}


@torch.no_grad()
def average_parameters(parameters: list[nn.Parameter]) -> None:
    """Give all processes the mean of their parameters."""
    if not dist.is_initialized():
        return
    flat = torch.cat([parameter.reshape(-1) for parameter in parameters])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    parts = torch.split(flat, [parameter.numel() for parameter in parameters])
    for parameter, part in zip(parameters, parts, strict=True):
        parameter.copy_(part.view_as(parameter))


class Watch:
    """Logs the speed and the loss once a minute, and says when something is due."""

    def __init__(self) -> None:
        """Start all clocks."""
        self._now = time.monotonic()
        self._last: dict[str, float] = {}
        self._started = self._now
        self._losses: list[float] = []

    def note(self, step: int, loss: float) -> float:
        """Note a step; return the seconds since the one before."""
        before, self._now = self._now, time.monotonic()
        self._losses.append(loss)
        if self.is_due("line", 60.0):
            mean = sum(self._losses) / len(self._losses)
            LOG.info("step %d loss %.4f (%d steps in a minute)", step, mean, len(self._losses))
            self._losses.clear()
        return self._now - before

    def is_due(self, name: str, seconds: float) -> bool:
        """Say whether so much time has passed since this was last due."""
        if self._now - self._last.get(name, self._started) < seconds:
            return False
        self._last[name] = self._now
        return True


def run_processes(work: Callable[..., None], num_processes: int, *arguments: Any) -> None:
    """Run `work(rank, *arguments)` in so many processes, which can average parameters."""
    if num_processes == 1:
        _run_process(0, work, 1, 0, arguments)
        return
    os.environ.update(ALLOCATOR_ENVIRONMENT)
    start_processes(
        _run_process,
        (work, num_processes, _find_free_port(), arguments),
        num_processes,
        start_method="spawn",
    )


def _run_process(
    rank: int, work: Callable[..., None], num_processes: int, port: int, arguments: tuple[Any, ...]
) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    if num_processes > 1:
        torch.set_num_threads(1)
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
        dist.init_process_group("gloo", rank=rank, world_size=num_processes)
    work(rank, *arguments)
    if dist.is_initialized():
        dist.destroy_process_group()


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
