"""Continuous batching: completions join and leave the batch between two tokens.

One worker thread owns the model. It admits waiting completions into free places, reads their
prompts together, and advances all running ones a token at a time; a finished or cancelled one
leaves at once. `submit` and `cancel` may be called from any thread; updates are handed to the event
loop in which the engine was made.
"""

import asyncio
import logging
import threading
from collections import Counter, deque
from collections.abc import Sequence

import torch
from torch import Tensor

from tasks.embedded.choice import choose_tokens, read_logprobs
from tasks.embedded.completion import Completion, FinishReason, Update
from tasks.embedded.model import ServedModel

_LOG = logging.getLogger(__name__)
_MAX_PREFILL_TOKENS = 8192
_MAX_PADDING = 1.25
"""Prompts read together differ in length by at most this factor."""


class Engine:
    """The batch of one model, its queue and its counters."""

    def __init__(
        self, model: ServedModel, *, max_running: int, max_model_len: int, threads: int
    ) -> None:
        self.max_model_len = max_model_len
        self.counts: Counter[str] = Counter()
        self._model = model
        self._max_running = max_running
        self._threads = threads
        self._loop = asyncio.get_running_loop()
        self._wake = threading.Condition()
        self._waiting: deque[Completion] = deque()
        self._entering: list[Completion] = []
        self._running: list[Completion] = []
        self._is_stopping = False
        self._thread = threading.Thread(target=self._work, name="embedded-engine", daemon=True)
        self._thread.start()

    @property
    def num_running(self) -> int:
        """Completions whose prompts are being read, or that are in the batch."""
        # In this order one that goes over from the first to the second is not missed.
        return len({*self._entering, *self._running})

    @property
    def num_waiting(self) -> int:
        """Completions in the queue."""
        return len(self._waiting)

    @property
    def cache_usage(self) -> float:
        """The fraction of the largest possible cache that is in use, 0 to 1."""
        return sum(self._model.cache.lengths) / (self._max_running * self.max_model_len)

    @property
    def is_alive(self) -> bool:
        """Whether the worker thread runs."""
        return self._thread.is_alive()

    def submit(self, completions: Sequence[Completion]) -> None:
        """Put completions into the queue."""
        with self._wake:
            self._waiting.extend(completions)
            self._wake.notify()

    def cancel(self, completions: Sequence[Completion]) -> None:
        """Take completions out of the queue or the batch; finished ones are left as they are."""
        with self._wake:
            for completion in completions:
                completion.is_cancelled = True
            self._wake.notify()

    def stop(self) -> None:
        """End the worker thread; what still runs is dropped without an update."""
        with self._wake:
            self._is_stopping = True
            self._wake.notify()
        self._thread.join(timeout=10)

    def _work(self) -> None:
        torch.set_num_threads(self._threads)  # holds for the calling thread
        while self._await_work():
            try:
                self._drop_cancelled()
                if admitted := self._admit():
                    self._prefill(admitted)
                if self._running:
                    self._step()
            # Out of memory or a checkpoint that breaks on some input: those in the batch fail, and
            # the server lives on for the rest.
            except Exception as error:
                _LOG.exception("the batch failed")
                self._fail_batch(error)

    def _await_work(self) -> bool:
        with self._wake:
            self._wake.wait_for(lambda: self._is_stopping or self._waiting or self._running)
            return not self._is_stopping

    def _admit(self) -> list[Completion]:
        admitted: list[Completion] = []
        num_tokens = 0
        with self._wake:
            while self._waiting and len(self._running) + len(admitted) < self._max_running:
                num_tokens += len(self._waiting[0].prompt.token_ids)
                if admitted and num_tokens > _MAX_PREFILL_TOKENS:
                    break
                admitted.append(self._waiting.popleft())
            self._entering = admitted
        return admitted

    def _prefill(self, admitted: list[Completion]) -> None:
        for group in group_by_length(admitted):
            distinct = list({one.prompt.digest: one.prompt for one in group}.values())
            places = {prompt.digest: index for index, prompt in enumerate(distinct)}
            source = [places[one.prompt.digest] for one in group]
            logits = self._model.read_prompts(distinct, source)
            self._running.extend(group)
            self.counts["prompt_tokens"] += sum(len(one.prompt.token_ids) for one in group)
            self._choose(group, logits)
        self._entering = []
        self._report()

    def _step(self) -> None:
        token_ids = [one.token_ids[-1] for one in self._running]
        positions = [one.next_position for one in self._running]
        self._choose(self._running, self._model.step(token_ids, positions))
        self._report()

    def _choose(self, completions: list[Completion], logits: Tensor) -> None:
        samplings = [one.params.sampling for one in completions]
        chosen = choose_tokens(logits, samplings, [one.generator for one in completions])
        self.counts["generation_tokens"] += len(chosen)
        for row, (completion, token_id) in enumerate(zip(completions, chosen, strict=True)):
            num_top = completion.params.num_logprobs
            logprob = None if num_top is None else read_logprobs(logits[row], token_id, num_top)
            completion.accept(token_id, logprob)

    def _report(self) -> None:
        updates = [(one, update) for one in self._running if (update := one.take_update())]
        # Places are free before anyone hears of it, so that the gauges agree with the replies.
        for row in reversed(range(len(self._running))):
            if reason := self._running[row].finish_reason:
                self._drop_row(row, reason)
        self._tell(updates)

    def _drop_cancelled(self) -> None:
        for row in reversed(range(len(self._running))):
            if self._running[row].is_cancelled:
                self._drop_row(row, FinishReason.ABORT)
        with self._wake:
            num_waiting = len(self._waiting)
            self._waiting = deque(one for one in self._waiting if not one.is_cancelled)
            num_cancelled = num_waiting - len(self._waiting)
        self.counts[FinishReason.ABORT] += num_cancelled

    def _drop_row(self, row: int, reason: FinishReason) -> None:
        self._model.cache.drop_row(row)
        last = self._running.pop()
        if row < len(self._running):
            self._running[row] = last
        self.counts[reason] += 1

    def _fail_batch(self, error: Exception) -> None:
        failed = list(dict.fromkeys(self._running + self._entering))
        self._running, self._entering = [], []
        self._model.cache.clear()
        self.counts[FinishReason.ERROR] += len(failed)
        self._tell([(one, _failure(one, error)) for one in failed])

    def _tell(self, updates: list[tuple[Completion, Update]]) -> None:
        if updates:
            try:
                self._loop.call_soon_threadsafe(_deliver, updates)
            except RuntimeError:  # the loop is closed: nobody is left to be told
                _LOG.debug("dropped %d updates", len(updates))


def _failure(completion: Completion, error: Exception) -> Update:
    return Update(
        index=completion.index,
        text=f"the model failed: {error}",
        logprobs=(),
        num_tokens=len(completion.token_ids),
        finish_reason=FinishReason.ERROR,
        stop_reason=None,
    )


def _deliver(updates: list[tuple[Completion, Update]]) -> None:
    for completion, update in updates:
        completion.updates.put_nowait(update)


def group_by_length(completions: Sequence[Completion]) -> list[list[Completion]]:
    """Split completions into groups whose prompts can be padded together at little waste.

    Shortest first; within a group lengths differ by at most a quarter.
    """
    groups: list[list[Completion]] = []
    for completion in sorted(completions, key=lambda one: len(one.prompt.token_ids)):
        longest = len(completion.prompt.token_ids)
        if groups and longest <= _MAX_PADDING * len(groups[-1][0].prompt.token_ids):
            groups[-1].append(completion)
        else:
            groups.append([completion])
    return groups
