"""Draw charts of strangers as SVG with vl-convert, in a child process: the one door to it.

Vega is a language of its own: a chart can compute, loop over numbers of its choice and name files.
What is drawn here are data with marks and encodings alone; no network, a deadline, bounded memory.
vl-convert is optional (the extra `charts`); without it nothing is drawn.
"""

import importlib.util
from collections.abc import Iterator
from typing import Any, Self, cast

import orjson

from tasks.formats import validate
from tasks.line_process import LineProcess

CHART_SECONDS = 10.0
"""Of one chart; the first also loads Vega, which takes two."""
MEMORY_BYTES = 2 * 2**30
MAX_ROWS = 2_000
MAX_SIDE = 2_000.0
"""Largest number outside of the data: pixels, ticks or bins that it can ask for."""
MAX_RESTARTS = 3
"""Charts of one report that may end the child; after them no more are drawn."""
COMPUTING = frozenset((
    "transform", "params", "selection", "expr", "signal", "test", "calculate", "sequence", "sphere",
    "graticule", "condition", "usermeta", "config", "url", "href",
))  # fmt: skip
"""Keys with which a chart computes, makes data or loads; none of them is needed to show data."""


class ChartPainter:
    """Draws charts one after another; a context manager, so that its child ends."""

    def __init__(self, chart_seconds: float = CHART_SECONDS) -> None:
        """Prepare; the child starts with the first chart."""
        self._seconds = chart_seconds
        self._child: LineProcess | None = None
        self._num_left = MAX_RESTARTS if importlib.util.find_spec("vl_convert") else 0

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the child."""
        if self._child:
            self._child.end()

    def draw(self, text: str) -> str | None:
        """Draw a `chart_spec` as SVG; None where it is not drawn, for whatever reason."""
        if not self._num_left or not is_plain_chart(text):
            return None
        if self._child is None:
            arguments = (str(self._seconds), str(MEMORY_BYTES))
            self._child = LineProcess.start("tasks.chart_worker", *arguments)
        self._child.write(orjson.loads(text))
        try:
            return self._child.read()
        except EOFError:
            self._child.end()
            self._child = None
            self._num_left -= 1
            return None


def is_plain_chart(text: str) -> bool:
    """Say whether a chart is valid, and shows data without computing, making or loading any."""
    if validate("chart_spec", text):
        return False
    num_rows = 0
    for key, value in _walk(orjson.loads(text)):
        if key in COMPUTING or key.endswith("Expr"):
            return False
        if isinstance(value, int | float) and abs(value) > MAX_SIDE:
            return False
        if key in ("values", "datasets"):
            num_rows += _count_rows(value)
    return num_rows <= MAX_ROWS


def _walk(spec: Any) -> Iterator[tuple[str, Any]]:
    """Yield all keys and values outside of the data; entries of a list have its key."""
    waiting: list[tuple[str, Any]] = [("", spec)]
    while waiting:
        key, value = waiting.pop()
        yield key, value
        if key in ("values", "datasets") and _count_rows(value):
            continue
        if isinstance(value, dict):
            waiting.extend(cast(dict[str, Any], value).items())
        elif isinstance(value, list):
            waiting.extend((key, each) for each in cast(list[Any], value))


def _count_rows(value: Any) -> int:
    """Count the rows of data: objects in a list, or in lists by name."""
    if isinstance(value, dict):
        return sum(_count_rows(each) for each in cast(dict[str, Any], value).values())
    if not isinstance(value, list):
        return 0
    return sum(isinstance(each, dict) for each in cast(list[Any], value))
