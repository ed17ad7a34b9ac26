"""Arrange lines of text by their places into the cells of a table. A kernel.

Rows are lines at the same height; columns are what their edges leave apart. A title above the
table, a single line over several columns, is no row of it.
"""

import csv
import io
from collections.abc import Sequence

from tasks.grounding.evidence import Finding

Span = tuple[int, int]


def arrange_cells(lines: Sequence[Finding]) -> list[list[str]]:
    """Arrange lines into rows of cells, all of the same length; an empty cell is "".

    Lines of one cell are joined by a space, in reading order.
    """
    rows = _split_rows(lines)
    while len(rows) > 1 and len(rows[0]) == 1 and any(len(row) > 1 for row in rows[1:]):
        rows = rows[1:]
    columns = _split_columns(rows)
    return [_fill_row(row, columns) for row in rows]


def write_csv(cells: Sequence[Sequence[str]]) -> str:
    """Write cells as CSV; lines end with a line feed."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(cells)
    return stream.getvalue().rstrip("\n")


def _split_rows(lines: Sequence[Finding]) -> list[list[Finding]]:
    """Put lines into one row where the middle of one lies within the height of the row."""
    rows: list[list[Finding]] = []
    bottom = 0.0
    for line in sorted(lines, key=lambda line: line.box[1] + line.box[3]):
        middle = (line.box[1] + line.box[3]) / 2
        if rows and middle < bottom:
            rows[-1].append(line)
        else:
            rows.append([line])
            # Half of the lower half: a line whose middle lies lower is another row.
            bottom = middle + (line.box[3] - line.box[1]) * 0.35
    return [sorted(row, key=lambda line: line.box[0]) for row in rows]


def _split_columns(rows: Sequence[Sequence[Finding]]) -> list[Span]:
    """Merge the widths of all lines; what stays apart is a column each."""
    columns: list[Span] = []
    for left, right in sorted((line.box[0], line.box[2]) for row in rows for line in row):
        if columns and left < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], right))
        else:
            columns.append((left, right))
    return columns


def _fill_row(row: Sequence[Finding], columns: Sequence[Span]) -> list[str]:
    cells = [""] * len(columns)
    for line in row:
        place = next(i for i, (_, right) in enumerate(columns) if line.box[0] < right)
        cells[place] = f"{cells[place]} {line.label}".strip()
    return cells
