"""Speed of the verifier beside Math-Verify and MathRuler, and its slowest pair.

    python -m tests.benchmarks.verify [--pairs 20000] [--seed 4]

Ours grades all pairs of a drawn mix (`pairs.py`), gold typing and algebra workers included; the
rivals, `verify(parse(gold), parse(answer))` with its normal timeouts and `grade_answer(answer,
gold)`, take a random sample of the same pairs, one by one. All of them are loaded beforehand and
pinned to one core; their processor time counts, children included, which other work on the machine
changes least. `sightline grade` on two cores against one is compared by the wall clock, in turns,
from processes that run, beside two loops that share nothing: what the machine has to give.

Goals: 40 times Math-Verify, 5 times MathRuler, 1.8 times that on two cores, no pair over 2 s.
"""

import argparse
import io
import logging
import os
import random
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import count, islice, product

import orjson
import psutil
from math_verify import parse, verify
from mathruler.grader import grade_answer

from tasks.algebra import AlgebraPool
from tasks.answers import DEFAULT_POLICY, type_gold
from tasks.graded_lines import Batch, grade_batches, read_batches
from tasks.grading import Item, grade_answers
from tests.benchmarks.pairs import LabeledPair, draw_pairs

GOALS = {"Math-Verify": 40.0, "MathRuler": 5.0}
GOAL_TWO_CORES = 1.8
GOAL_SLOWEST_SECONDS = 2.0
NUM_LINES = 100_000
"""Of the comparison of two cores with one."""
WARM_UP_SECONDS = 8.0
"""In which all processes, those of the algebra system too, have started."""
SAMPLES = {"Math-Verify": 1_000, "MathRuler": 4_000}
ROUNDS = 3
PATHOLOGICAL = {
    "tower of powers": "9**9**9",
    "tower in LaTeX": "10^{10^{10}}",
    "10,000 characters": "1+x" * 3_333,
    "10,000 digits": "7" * 10_000,
    "5,000 nested braces": "{" * 5_000 + "x" + "}" * 5_000,
    "5,000 open fractions": "\\frac{" * 5_000,
    "product of 300 terms": "".join(f"(x+{n})" for n in range(300)),
    "sum to a high power": "(a+b+c+d)^{300}",
    "huge factorial": "100000!",
    "integral without a closed form": "\\int_0^1 \\sin(x^3) e^{x^2} \\ln(x+1) dx",
    "series without a closed form": "\\sum_{n=1}^{\\infty} \\frac{\\sin(n)}{n^3+n+1}",
    "20,000 boxes": "\\boxed{1}" * 20_000,
}
GOLDS = ("5.5", "$2x+1$", "$(1, 2)$", "B", "apple")


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast and how often right a grader was."""

    rows_per_second: float
    right_rate: float
    """Share of the verdicts that are the drawn label."""


@contextmanager
def pin(cores: set[int]) -> Iterator[None]:
    """Keep this process and the children it starts on some cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def read_cpu() -> float:
    """Return the processor seconds of this process and of its children so far."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    running = (child.cpu_times() for child in psutil.Process().children(recursive=True))
    ended = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    return ended + sum(times.user + times.system for times in running)


def make_items(pairs: Sequence[LabeledPair]) -> Iterator[Item]:
    return ((type_gold(pair.gold, pair.options), pair.answer) for pair in pairs)


def grade_ours(pairs: Sequence[LabeledPair], algebra: AlgebraPool) -> list[bool]:
    verdicts = grade_answers(list(make_items(pairs)), algebra=algebra)
    return [verdict.is_correct is True for verdict in verdicts]


def grade_math_verify(pairs: Sequence[LabeledPair]) -> list[bool]:
    return [verify(parse(pair.gold), parse(pair.answer)) for pair in pairs]


def grade_mathruler(pairs: Sequence[LabeledPair]) -> list[bool]:
    return [bool(grade_answer(pair.answer, pair.gold)) for pair in pairs]


def measure(
    grade: Callable[[Sequence[LabeledPair]], list[bool]], pairs: Sequence[LabeledPair]
) -> Speed:
    start = read_cpu()
    verdicts = grade(pairs)
    seconds = read_cpu() - start
    num_right = sum(verdict is pair.is_right for verdict, pair in zip(verdicts, pairs, strict=True))
    return Speed(len(pairs) / seconds, num_right / len(pairs))


def measure_one_core(pairs: Sequence[LabeledPair], seed: int) -> None:
    """Print our speed on one core and that of each rival, measured in turns: the best of each."""
    rivals = {"Math-Verify": grade_math_verify, "MathRuler": grade_mathruler}
    samples = {n: random.Random(seed).sample(pairs, min(SAMPLES[n], len(pairs))) for n in rivals}
    for grade in rivals.values():
        grade(pairs[:20])  # Grammars and tables are loaded by the first ones.
    ours, theirs = list[Speed](), {name: list[Speed]() for name in rivals}
    with pin({min(os.sched_getaffinity(0))}):
        for _ in range(ROUNDS):
            with AlgebraPool() as algebra:
                algebra.compare([("\\int 2x dx", "x^2")])
                ours.append(measure(partial(grade_ours, algebra=algebra), pairs))
            for name, grade in rivals.items():
                theirs[name].append(measure(grade, samples[name]))
    best = max(own.rows_per_second for own in ours)
    right = f"{ours[0].right_rate:.1%} as drawn"
    print(f"ours: {len(pairs)} pairs, {best:,.0f} rows/s, {right}; best of {ROUNDS}, as all rates")
    for name, speeds in theirs.items():
        speed = max(own.rows_per_second for own in speeds)
        right = f"{speeds[0].right_rate:.1%} as drawn"
        print(
            f"{name}: {len(samples[name])} of them, {speed:,.0f} rows/s, {right};"
            f" ours is {best / speed:.1f} times as fast, goal {GOALS[name]:.0f}",
            flush=True,
        )


def measure_two_cores(seed: int) -> None:
    """Print how much faster `sightline grade` is with two processes on two cores than one on one.

    Two loops that share nothing are timed in turns with them: a busy or throttled machine gives
    those less than twice the speed of one, too, and no program more.
    """
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        print("two cores: this machine has one", flush=True)
        return
    data = b"".join(map(write_line, draw_pairs(NUM_LINES, seed)))
    speeds: dict[int, list[float]] = {1: [], 2: []}
    loops: dict[int, list[float]] = {1: [], 2: []}
    for _, num_cores in product(range(ROUNDS), speeds):
        speeds[num_cores].append(time_lines(data, set(cores[:num_cores])))
        loops[num_cores].append(time_loops(set(cores[:num_cores])))
    ratio, ceiling = (max(found[2]) / max(found[1]) for found in (speeds, loops))
    print(f"two cores: {max(speeds[2]):,.0f} lines/s against {max(speeds[1]):,.0f} on one, best of"
          f" {ROUNDS}: {ratio:.2f} times, goal {GOAL_TWO_CORES}; two loops that share nothing:"
          f" {ceiling:.2f} times", flush=True)  # fmt: skip


def time_loops(cores: set[int]) -> float:
    """Return loops per second of the wall clock, one process a core."""
    program = "x = 0\nfor i in range(150_000_000): x += i"
    with pin(cores):
        start = time.perf_counter()
        running = [subprocess.Popen([sys.executable, "-c", program]) for _ in cores]
        for process in running:
            process.wait()
        return len(cores) / (time.perf_counter() - start)


def time_lines(data: bytes, cores: set[int]) -> float:
    """Return lines per second of the wall clock, from processes that run already and are idle."""
    started: list[float] = []

    def read() -> Iterator[Batch]:
        yield from islice(read_batches(io.BytesIO(data)), 2 * len(cores))
        time.sleep(WARM_UP_SECONDS)
        started.append(time.perf_counter())
        yield from read_batches(io.BytesIO(data))

    with pin(cores):
        for _ in grade_batches(read(), DEFAULT_POLICY, num_workers=len(cores)):
            pass
        return data.count(b"\n") / (time.perf_counter() - started[0])


def write_line(pair: LabeledPair) -> bytes:
    """Write a pair as `sightline grade` reads it."""
    row = {"gold": pair.gold, "prediction": pair.answer, "options": pair.options}
    return orjson.dumps(row) + b"\n"


def measure_slowest() -> None:
    """Print the slowest pair of the list of inputs made to hang a grader."""
    seconds: dict[str, float] = {}
    with AlgebraPool() as algebra:
        fresh = count(2)
        for name, text in PATHOLOGICAL.items():
            for gold in GOLDS:
                for pair in ((gold, text), (gold, f"<answer>{text}</answer>"), (text[:300], gold)):
                    # A worker that was killed before is replaced outside of this pair's time.
                    algebra.compare([(f"\\int {next(fresh)}x dx", "x")])
                    start = time.perf_counter()
                    with suppress(ValueError):  # Braces alone are refused as a gold answer.
                        grade_answers([(type_gold(pair[0]), pair[1])], algebra=algebra)
                    seconds[name] = max(seconds.get(name, 0.0), time.perf_counter() - start)
    slowest = max(seconds, key=lambda name: seconds[name])
    told = ", ".join(f"{name} {value * 1000:.0f} ms" for name, value in seconds.items())
    print(f"slowest pair: {slowest}, {seconds[slowest]:.2f} s, goal {GOAL_SLOWEST_SECONDS:.0f}"
          f" ({told})", flush=True)  # fmt: skip


def main() -> None:
    """Draw the mix, print its shares, and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=4)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    pairs = list(draw_pairs(options.pairs, options.seed))
    counts = Counter(pair.kind for pair in pairs).most_common()
    print("mix: " + ", ".join(f"{kind} {count / len(pairs):.1%}" for kind, count in counts))
    print(f"right: {sum(pair.is_right for pair in pairs) / len(pairs):.1%}", flush=True)
    measure_one_core(pairs, options.seed)
    measure_two_cores(options.seed)
    measure_slowest()


if __name__ == "__main__":
    main()
