r"""The child process that settles pairs with Math-Verify; run by `algebra`, never imported by it.

    python -m tasks.algebra_worker PAIR_SECONDS MEMORY_BYTES

One line of JSON in, `["\\frac{1}{2}", "0.5"]`; one line out: `true`, `false` or `null` (cannot
tell). The first line out, `"ready"`, says that the packages are loaded. It ends when its input
does. A pair that takes longer than PAIR_SECONDS ends the process, also where its parent is gone:
by a timer of the system, which no computation holds up.
"""

import json
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any, cast


def limit_process(memory_bytes: int) -> None:
    """Bound memory, leave no core file, and leave the keyboard to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def load_compare() -> Callable[[str, str], bool | None]:
    """Load Math-Verify, with its own timeouts off (they need the main thread and the alarm)."""
    logging.disable(logging.CRITICAL)
    from math_verify import LatexExtractionConfig, parse, verify
    from sympy import Eq, Expr, simplify, true

    targets = [LatexExtractionConfig()]

    def read(text: str) -> list[Any]:
        parsed = parse(f"${text}$", targets, parsing_timeout=cast(int, None), raise_on_error=True)
        # Beside the object stands its text, alone where nothing was parsed.
        return [item for item in parsed if not isinstance(item, str)]

    def is_equal(left: list[Any], right: list[Any]) -> bool:
        return verify(left, right, timeout_seconds=None, raise_on_error=True)

    def holds_always(item: Any) -> bool:
        """Tell `a + a = 2a`, which Math-Verify takes for equal to all that always holds."""
        if not isinstance(item, Eq):
            return item is true
        return bool(simplify(cast(Any, item.lhs) - item.rhs) == 0)

    def compare(gold: str, answer: str) -> bool | None:
        left, right = read(gold), read(answer)
        if not left or not right:
            return None
        if is_equal(left, right):
            return None if any(map(holds_always, left)) else True
        # Only relations, sets and matrices are compared differently in the other order.
        are_plain = all(isinstance(item, Expr) for item in (*left, *right))
        return not are_plain and is_equal(right, left)

    # Grammars and tables are built by the first texts of a kind, on nobody's deadline.
    for text in (r"\frac{1}{2}x", r"[0,1)\cup(2,\infty)", r"\{1,2\}", "x>1", r"\int_0^1 x dx"):
        compare(text, text)
    return compare


def serve(pair_seconds: float, memory_bytes: int) -> None:
    """Answer line by line until the input ends."""
    limit_process(memory_bytes)
    # What the packages print goes elsewhere: standard output speaks the protocol alone.
    replies = os.fdopen(os.dup(1), "w", buffering=1, encoding="ascii")
    os.dup2(2, 1)
    compare = load_compare()
    replies.write('"ready"\n')
    for line in sys.stdin:
        signal.setitimer(signal.ITIMER_REAL, pair_seconds)
        try:
            verdict = compare(*json.loads(line))
        except Exception:  # Math-Verify raises whatever SymPy and ANTLR do.
            verdict = None
        signal.setitimer(signal.ITIMER_REAL, 0)
        replies.write(json.dumps(verdict) + "\n")


if __name__ == "__main__":
    serve(float(sys.argv[1]), int(sys.argv[2]))
