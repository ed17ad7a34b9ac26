"""When a shard, rather than a request, has failed: the rule, and what Prefect retries."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from schemas.errors import ServerError
from schemas.records import Reply, Status
from tasks.unfinished import forget_unfinished

MAX_FAULT_RATE = 0.5
"""Above this share of failed requests the server is at fault, not the rows."""
MIN_FAULTS = 8
FAULTS = (Status.SERVER_ERROR, Status.UNPARSEABLE)


def stop_if_failing(replies: Sequence[Reply], model: str, *, is_whole_stage: bool = False) -> None:
    """Give up a shard most of whose requests the server failed, or all of which it rejected.

    Args:
        replies: of one shard.
        model: whose they are.
        is_whole_stage: there are no others, so even a few tell of the server; of one shard among
            several a few may be the fault of their rows, and stay rows.

    Raises:
        ServerError: more than half of the requests failed, and at least eight, or all of a stage.
    """
    if len(replies) < MIN_FAULTS and not is_whole_stage:
        return
    faults = [reply for reply in replies if reply.status in FAULTS]
    if all(reply.status is Status.REJECTED for reply in replies):
        faults = replies  # A wrong path, a model not loaded, a context too short: no row's fault.
    if not faults or len(faults) < min(MIN_FAULTS, len(replies)):
        return
    if len(faults) > MAX_FAULT_RATE * len(replies):
        forget_unfinished()  # The shard is tried again as a whole.
        commonest, _ = Counter(reply.error for reply in faults).most_common(1)[0]
        raise ServerError(
            f"{model}: {len(faults)} of {len(replies)} requests failed, most often with"
            f" {commonest!r}; mend the server and run the same command again"
        )


async def is_server_fault(_task: Any, _run: Any, state: Any) -> bool:
    """Prefect's retry condition: only `ServerError` is worth another try."""
    return isinstance(await state.aresult(raise_on_failure=False), ServerError)
