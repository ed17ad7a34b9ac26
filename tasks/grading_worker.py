"""The child process that grades batches; run by `grading`, never imported by it.

    python -m tasks.grading_worker

One batch a line: `[policy, [[answer, type, options, unit, text], ...]]`; one line of graded items
comes back, in order. It ends when its input does.
"""

import json
import signal
import sys

from tasks.answers import Policy
from tasks.grading import check_items, pack_checked, unpack_items


def serve() -> None:
    """Grade batch by batch until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in sys.stdin:
        policy, rows = json.loads(line)
        checked = check_items(unpack_items(rows), Policy(**policy))
        sys.stdout.write(json.dumps(pack_checked(checked)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
