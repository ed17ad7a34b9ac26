"""What a server says of itself on its metrics page, in Prometheus's text format. Pure."""

import re
from dataclasses import dataclass
from math import isfinite

_FIELDS = {
    b"vllm:num_requests_running": "running",
    b"vllm:num_requests_waiting": "waiting",
    b"vllm:kv_cache_usage_perc": "cache_use",
    b"vllm:gpu_cache_usage_perc": "cache_use",
    b"vllm:num_preemptions_total": "preemptions",
    b"sglang:num_running_reqs": "running",
    b"sglang:num_queue_reqs": "waiting",
    b"sglang:token_usage": "cache_use",
    b"llamacpp:requests_processing": "running",
    b"llamacpp:requests_deferred": "waiting",
    b"tgi_batch_current_size": "running",
    b"tgi_queue_size": "waiting",
}
_LINE = re.compile(
    rb"^(" + b"|".join(_FIELDS) + rb")(?:\{[^\n]*\})? +([0-9.eE+-]{1,32})", re.MULTILINE
)
_FULL_CACHE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """The load of a server, over all its engines and clients."""

    running: int
    waiting: int
    cache_use: float = 0.0
    """Of the fullest engine, 0 to 1."""
    preemptions: int = 0
    """Since its start: requests thrown out of a full cache, to be computed again."""

    def is_pressed_since(self, before: "ServerState | None") -> bool:
        """Whether it runs more than its cache holds."""
        if before is None or self.cache_use < _FULL_CACHE:
            return False
        return self.preemptions - before.preemptions > max(1, self.running // 50)


def parse_state(text: bytes) -> ServerState | None:
    """Read a metrics page; None where it does not say what runs and what waits."""
    sums = {"running": 0.0, "waiting": 0.0, "preemptions": 0.0}
    fullest, seen = 0.0, set[str]()
    for line in _LINE.finditer(text):
        name = _FIELDS[line[1]]
        try:
            value = float(line[2])
        except ValueError:
            return None
        if not (isfinite(value) and 0 <= value < 1e15):
            return None
        seen.add(name)
        if name == "cache_use":
            fullest = max(fullest, value)
        else:
            sums[name] += value
    if not {"running", "waiting"} <= seen:
        return None
    counts = {name: int(value) for name, value in sums.items()}
    return ServerState(**counts, cache_use=fullest)
