"""The child process that draws charts with vl-convert; run by `charts`, never imported by it.

    python -m tasks.chart_worker CHART_SECONDS MEMORY_BYTES

One line of JSON in, the chart as a Vega-Lite text; one line out: its SVG, or null where it cannot
be drawn. It loads nothing that a chart names. A chart that takes longer than CHART_SECONDS ends
the process, by a timer of the system; so does one that takes more memory. It ends when its input
does.
"""

import json
import os
import resource
import signal
import sys


def limit_process(memory_bytes: int) -> None:
    """Bound memory, leave no core file, and leave the keyboard to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Not the address space: V8 reserves far more of it than it uses.
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))


def serve(chart_seconds: float, memory_bytes: int) -> None:
    """Draw chart by chart until the input ends."""
    limit_process(memory_bytes)
    replies = os.fdopen(os.dup(1), "w", buffering=1, encoding="ascii")
    os.dup2(2, 1)
    import vl_convert

    for line in sys.stdin:
        signal.setitimer(signal.ITIMER_REAL, chart_seconds)
        try:
            svg = vl_convert.vegalite_to_svg(json.loads(line), allowed_base_urls=[])
        except Exception:  # It raises whatever Vega does.
            svg = None
        signal.setitimer(signal.ITIMER_REAL, 0)
        replies.write(json.dumps(svg) + "\n")


if __name__ == "__main__":
    serve(float(sys.argv[1]), int(sys.argv[2]))
