"""Ask an algebra system whether two expressions are equal, within a deadline.

The one door to Math-Verify. Pairs of texts come in; True, False or None (cannot tell) goes out.
Math-Verify runs in child processes: one that has not settled a pair by the deadline is killed and
replaced. What would only waste the deadline (long texts, deep nesting, huge powers) and what is no
mathematics (words, units) is never sent. A worker that is slow has its replacement started before
it is given up, so that the next pair does not wait for one.

Math-Verify depends on the order of its arguments; here a pair is equal if it says so in either
order, unequal if both sides were parsed and it does not. Texts go in as LaTeX.
"""

import math
import os
import re
import selectors
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from types import TracebackType
from typing import Self

from schemas.errors import AccessError
from tasks.answers.expressions import is_mathematical
from tasks.answers.math_tokens import FUNCTIONS, SYMBOL_WORDS
from tasks.answers.normalization import fold_characters
from tasks.answers.units import find_unit
from tasks.line_process import LineProcess

MAX_CHARS = 300
MAX_NESTING = 20
MAX_DIGITS = 60
"""Of all the numbers of a text together."""
MAX_EXPONENT = 999
MAX_REMEMBERED = 50_000
DEADLINE_SECONDS = 1.5
"""So that a pair, with all that is around it, takes less than 2 s."""
SLOW_SHARE = 0.25
"""Of the deadline; a worker that takes longer may have to be replaced."""
START_SECONDS = 60.0
MEMORY_BYTES = 2 << 30
"""Of address space, for one worker; loaded, it takes a fifth of it."""

Pair = tuple[str, str]

_TOWER = re.compile(r"[0-9)}](?: ?(?:\^|\*\*) ?[{(]* ?-?[0-9]+ ?[})]*){2}")
_EXPONENT = re.compile(r"(?:\^|\*\*) ?[{(]* ?-?([0-9]+)")
_FACTORIAL = re.compile(r"[0-9]{3,} ?!|[)}!] ?!")
_BARE_SLASH = re.compile(r"/ ?(?:[0-9.]+|[A-Za-z]) ?[A-Za-z(\\]")
"""What `1/2x` divides by is anyone's guess, Math-Verify's included."""
_FUNCTION_SLASH = re.compile(
    rf"\\?(?:{'|'.join(sorted(FUNCTIONS))})(?![a-z])(?:[\^_](?:\{{[^{{}}]{{1,9}}\}}|-?[0-9]{{1,3}}))?"
    r" ?(?!\(|\\left|[ ^_])[^-+=<>,;()]{1,60}/"
)
"""So is whether `\\sin x/2` is half of a sine; Math-Verify misreads even `\\sin x/\\cos x`."""
_BINOMIAL = re.compile(r"\\[dt]?binom ?\{? ?[0-9]{5}")
_BASE = re.compile(r"[0-9)}] ?_ ?[({]?[0-9]")
"""`101_2` is a number in base 2; Math-Verify drops the base."""
_MISREAD = (_TOWER, _FACTORIAL, _BINOMIAL, _BARE_SLASH, _FUNCTION_SLASH, _BASE)
_TEXT_COMMAND = re.compile(r"\\(?:text|mathrm|mbox|textbf|mathbf|operatorname) ?\{([^{}]*)\}")
_LETTERS = re.compile(r"\\?[A-Za-z]+")
_COMMANDS = sorted(FUNCTIONS | SYMBOL_WORDS | {"pi", "infty"}, key=len, reverse=True)
_PLAIN_WORD = re.compile(rf"(?<![A-Za-z\\])({'|'.join(_COMMANDS)})(?![A-Za-z])")
_SIGNS = {
    "**": "^", "<=": r"\le ", ">=": r"\ge ", "!=": r"\ne ", "°": r"^{\circ}", "±": r"\pm ",
    "∞": r"\infty ", "infinity": r"\infty ", "\u222a": r"\cup ", "\u2229": r"\cap ",
    "\u2208": r"\in ",
}  # fmt: skip
_ENVIRONMENT = re.compile(r"\\(?:begin|end) ?\{[a-z]{0,2}(?:matrix|array|cases)\}")


def write_latex(text: str) -> str | None:
    """Write a text as the LaTeX that is sent; None for what an algebra system must not be asked."""
    text = " ".join(fold_characters(text).replace("$", " ").split())
    if len(text) > MAX_CHARS or not is_mathematical(text) or not _is_askable(text):
        return None
    text = _TEXT_COMMAND.sub(r" \1 ", text)
    for sign, command in _SIGNS.items():
        text = text.replace(sign, command)
    if any(map(_is_word, _LETTERS.findall(_ENVIRONMENT.sub("", text)))):
        return None
    return _PLAIN_WORD.sub(r"\\\1 ", text)


def _is_askable(text: str) -> bool:
    changes = [(character in "([{") - (character in ")]}") for character in text]
    depths = [0, *accumulate(changes)]
    exponents = (digits.lstrip("0") for digits in _EXPONENT.findall(text))
    return (
        max(depths) <= MAX_NESTING
        and depths[-1] == 0 == min(depths)
        and sum(map(str.isdigit, text)) <= MAX_DIGITS
        and all(len(digits) < 4 and int(digits or 0) <= MAX_EXPONENT for digits in exponents)
        and not any(pattern.search(text) for pattern in _MISREAD)
    )


def _is_word(letters: str) -> bool:
    """Tell words and units from products of letters, names and commands."""
    if letters[0] == "\\" or letters in ("or", "and") or _PLAIN_WORD.fullmatch(letters):
        return False
    return letters != "sqrt" and (
        len(letters) > 3 or (len(letters) > 1 and find_unit(letters) is not None)
    )


@dataclass(slots=True, eq=False)
class _Worker:
    """A child process and the pair that it works on."""

    child: LineProcess
    due: float
    """When it must have answered, by the monotonic clock."""
    slow_from: float = math.inf
    """When it has taken so long that a replacement gets ready."""
    is_ready: bool = False
    pair: Pair | None = None


class AlgebraPool:
    """Workers that start with the first pair and end with the context, or with this process.

    Safe to share between threads, which take turns; a forked child starts workers of its own.
    """

    def __init__(
        self,
        num_workers: int = 1,
        deadline_seconds: float = DEADLINE_SECONDS,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        """Start nothing yet.

        Args:
            num_workers: How many pairs are worked on at once; each worker takes 100 MB and a core.
            deadline_seconds: For one pair, both orders, parsing included; more is None.
            memory_bytes: Address space of one worker.
        """
        if num_workers < 1 or deadline_seconds <= 0:
            raise ValueError(
                f"an algebra pool needs at least one worker and a deadline above 0 s, got "
                f"num_workers={num_workers} and deadline_seconds={deadline_seconds}"
            )
        self.num_workers = num_workers
        self.deadline_seconds = deadline_seconds
        self._arguments = (str(deadline_seconds + 1.0), str(memory_bytes))
        self._workers: list[_Worker] = []
        self._remembered: dict[Pair, bool | None] = {}
        self._retried: set[Pair] = set()
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        reason: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all workers; the pool may be used again."""
        with self._lock:
            for worker in tuple(self._workers):
                self._end(worker)

    def compare(self, pairs: Sequence[Pair]) -> list[bool | None]:
        """Tell of each (gold, answer) whether it is equal; None: cannot tell.

        Equal pairs are settled once, and remembered.

        Raises:
            AccessError: The workers do not start, as where Math-Verify is not installed.
        """
        latex = [(write_latex(gold), write_latex(answer)) for gold, answer in pairs]
        sent = [(g, a) if g is not None and a is not None else None for g, a in latex]
        with self._lock:
            self._settle([pair for pair in dict.fromkeys(sent) if pair])
            verdicts = [self._remembered.get(pair) if pair else None for pair in sent]
            while len(self._remembered) > MAX_REMEMBERED:
                del self._remembered[next(iter(self._remembered))]
        return verdicts

    def _settle(self, pairs: list[Pair]) -> None:
        if self._pid != os.getpid():
            # A fork has the pipes of its parent's workers, which are not its own to end.
            self._pid, self._workers = os.getpid(), []
        waiting = deque(pair for pair in pairs if pair not in self._remembered)
        self._retried.clear()
        for worker in [idle for idle in self._workers if idle.child.process.poll() is not None]:
            self._end(worker)
        try:
            while waiting or any(worker.pair for worker in self._workers):
                for _ in range(min(self.num_workers - len(self._workers), len(waiting))):
                    self._workers.append(self._start())
                for worker in self._workers:
                    if waiting and worker.is_ready and self._has_room(worker):
                        self._send(worker, waiting.popleft())
                self._receive(waiting)
        except BaseException:
            for worker in tuple(self._workers):
                self._end(worker)
            raise

    def _start(self) -> _Worker:
        child = LineProcess.start("tasks.algebra_worker", *self._arguments)
        return _Worker(child, time.monotonic() + START_SECONDS)

    def _has_room(self, worker: _Worker) -> bool:
        num_busy = sum(other.pair is not None for other in self._workers)
        return worker.pair is None and num_busy < self.num_workers

    def _send(self, worker: _Worker, pair: Pair) -> None:
        now = time.monotonic()
        worker.pair, worker.due = pair, now + self.deadline_seconds
        worker.slow_from = now + SLOW_SHARE * self.deadline_seconds
        worker.child.write(pair)

    def _receive(self, waiting: deque[Pair]) -> None:
        """Wait for the next answers, and end the workers that died or are past their time."""
        busy = [worker for worker in self._workers if worker.pair or not worker.is_ready]
        with selectors.DefaultSelector() as selector:
            for worker in busy:
                selector.register(worker.child.source, selectors.EVENT_READ, worker)
            soonest = min(min(worker.due, worker.slow_from) for worker in busy)
            patience = max(soonest - time.monotonic(), 0.0)
            answered = [key.data for key, _ in selector.select(patience)]
        for worker in answered:
            self._read(worker, waiting)
        now = time.monotonic()
        for worker in busy:
            if worker not in answered and worker.due <= now:
                self._give_up(worker)
            elif worker.slow_from <= now:
                worker.slow_from = math.inf
                self._start_spare()

    def _read(self, worker: _Worker, waiting: deque[Pair]) -> None:
        try:
            reply = worker.child.read()
        except EOFError:
            self._recover(worker, waiting)
            return
        if worker.pair:
            self._remembered[worker.pair], worker.pair = reply, None
        worker.slow_from = math.inf
        worker.is_ready = True

    def _recover(self, worker: _Worker, waiting: deque[Pair]) -> None:
        """Replace a worker that died; its pair gets one more try."""
        pair = worker.pair
        self._end(worker)
        if not worker.is_ready:
            raise AccessError(
                f"an algebra worker ended with code {worker.child.process.returncode} before it "
                "was ready; check that `python -c 'import math_verify'` works, "
                "else: pip install math-verify"
            )
        if pair and pair not in self._retried:
            self._retried.add(pair)
            waiting.appendleft(pair)
        elif pair:
            self._remembered[pair] = None

    def _give_up(self, worker: _Worker) -> None:
        if not worker.is_ready:
            raise AccessError(
                f"an algebra worker was not ready within {START_SECONDS:.0f} s; "
                "the machine may be short of memory or processors"
            )
        if worker.pair:
            self._remembered[worker.pair] = None
        self._end(worker)

    def _start_spare(self) -> None:
        """Start a worker beside the slow ones, unless there are as many spare ones already."""
        num_slow = sum(w.pair is not None and w.slow_from == math.inf for w in self._workers)
        if len(self._workers) < self.num_workers + num_slow:
            self._workers.append(self._start())

    def _end(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        if self._pid == os.getpid():
            worker.child.end()
        else:
            worker.child.close()
