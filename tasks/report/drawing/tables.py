"""Tables from csv and json: rows and cells that a reader compares with the image at a glance.

Every value is escaped; rows, columns, nesting and the length of a cell are bounded, and what is
left out is said.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, cast

import orjson
from markupsafe import Markup

from tasks.report.drawing.drawing import Drawing
from tasks.report.text import clean_text, clip, count_noun

MAX_ROWS = 40
MAX_COLUMNS = 12
MAX_CELLS = 600
"""Of a table with all tables inside of it."""
CELL_BYTES = 120
SMALL_CELL_BYTES = 30
"""Of a cell in a table of many."""
MANY_CELLS = 160
MAX_DEPTH = 3
"""Of tables in cells; what lies deeper is written as JSON."""
Rows = Sequence[Sequence[Any]]
Object = dict[str, Any]


def draw_csv(text: str) -> Drawing:
    """Draw a valid CSV table, its first row as the head."""
    head, *rows = csv.reader(io.StringIO(text.strip("\n"), newline="\n"))
    writer = _TableWriter(len(rows) * len(head))
    return writer.finish(writer.write_table(head, rows, 0))


def draw_json(text: str) -> Drawing:
    """Draw valid JSON: rows as a table, an object as a table of keys and values."""
    value = orjson.loads(text)
    writer = _TableWriter(len(text) // 16)
    return writer.finish(writer.write_value(value, 0))


class _TableWriter:
    """Writes tables in tables, and counts what it leaves out."""

    def __init__(self, num_cells: int) -> None:
        self._cell_bytes = SMALL_CELL_BYTES if num_cells > MANY_CELLS else CELL_BYTES
        self._room = MAX_CELLS
        self._hidden: dict[str, int] = {"row": 0, "column": 0}

    def finish(self, markup: Markup) -> Drawing:
        hidden = [count_noun(n, f"more {name}") for name, n in self._hidden.items() if n]
        return Drawing(markup=markup, caption=f"{' and '.join(hidden)} not shown." * bool(hidden))

    def write_value(self, value: Any, depth: int) -> Markup:
        is_plain = not isinstance(value, dict | list) or not value
        if is_plain or depth >= MAX_DEPTH or self._room <= 0:
            return self._write_cell(value)
        if isinstance(value, dict):
            return self._write_object(cast(Object, value), depth)
        rows = cast(list[Any], value)
        if all(isinstance(row, dict) for row in rows):
            shown = rows[:MAX_ROWS]
            head = list(dict.fromkeys(key for row in shown for key in row))
            self._hidden["row"] += len(rows) - len(shown)
            cells = [[row.get(key) for key in head[:MAX_COLUMNS]] for row in shown]
            return self.write_table(head, cells, depth)
        if all(isinstance(row, list) for row in rows):
            return self.write_table(None, rows, depth)
        return self._write_cell(value)

    def _write_object(self, value: Object, depth: int) -> Markup:
        columns: Any = value.get("columns")
        rows: Any = value.get("rows")
        if value.keys() == {"columns", "rows"} and _is_table(columns, rows):
            return self.write_table(columns, rows, depth)
        return self.write_table(None, list(value.items()), depth, is_keyed=True)

    def write_table(
        self, head: Sequence[Any] | None, rows: Rows, depth: int, *, is_keyed: bool = False
    ) -> Markup:
        """Write a table; with `is_keyed` the first cell of a row is its head."""
        width = len(head) if head is not None else max((len(row) for row in rows), default=0)
        shown, num_columns = rows[:MAX_ROWS], min(width, MAX_COLUMNS)
        shown = shown[: max(1, self._room // max(1, num_columns))]
        self._room = max(0, self._room - len(shown) * num_columns)
        self._hidden["row"] += len(rows) - len(shown)
        self._hidden["column"] += width - num_columns
        written = [self._write_row(row[:num_columns], depth, is_keyed=is_keyed) for row in shown]
        top = Markup("")
        if head is not None:
            cells = (Markup('<th scope="col">{}</th>').format(self._write_cell(c)) for c in head)
            top = Markup("<thead><tr>{}</tr></thead>").format(_join(islice(cells, num_columns)))
        table = Markup('<table class="read">{}<tbody>{}</tbody></table>')
        return table.format(top, _join(written))

    def _write_row(self, row: Sequence[Any], depth: int, *, is_keyed: bool) -> Markup:
        cells = [
            Markup('<th scope="row">{}</th>').format(self._write_cell(cell))
            if is_keyed and not place
            else Markup("<td{}>{}</td>").format(_mark(cell), self.write_value(cell, depth + 1))
            for place, cell in enumerate(row)
        ]
        return Markup("<tr>{}</tr>").format(_join(cells))

    def _write_cell(self, value: Any) -> Markup:
        return Markup.escape(clean_text(clip(_write_text(value), self._cell_bytes)))


def _is_table(columns: Any, rows: Any) -> bool:
    return (
        isinstance(columns, list)
        and isinstance(rows, list)
        and all(isinstance(row, list) for row in cast(list[Any], rows))
    )


def _write_text(value: Any) -> str:
    """Write a value as it would stand in the image; null as nothing."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list) and not any(isinstance(v, dict | list) for v in cast(Rows, value)):
        return ", ".join(_write_text(each) for each in islice(cast(Rows, value), CELL_BYTES))
    return orjson.dumps(value).decode()


def _mark(cell: Any) -> Markup:
    """Set numbers to the right."""
    text = cell.strip().replace(",", "") if isinstance(cell, str) else str(cell)
    is_number = text.removeprefix("-").replace(".", "", 1).isdecimal()
    return Markup(' class="number"') if is_number else Markup("")


def _join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)
