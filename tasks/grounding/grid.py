"""Arrange lines of text by their places into the cells of a table. A kernel.

Rows are lines at the same height; columns are what their edges leave apart. A title above the
table, which lies across columns, is no row of it.
"""

import csv
import io
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from tasks.grounding.evidence import Finding

Span = tuple[float, float]
MIN_STEPS = 3
WRAPPED_STEP = 0.75
"""Of the usual distance between rows: below it two rows are lines of the same cells."""


def arrange_cells(lines: Sequence[Finding]) -> list[list[str]]:
    """Arrange lines into rows of cells, all of the same length; an empty cell is "".

    Lines of one cell are joined by a space, in reading order.
    """
    rows = _drop_title(_join_wrapped(_split_rows(lines)))
    columns = _merge_headless(_split_columns(rows), rows[0]) if rows else []
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


def _join_wrapped(rows: list[list[Finding]]) -> list[list[Finding]]:
    """Join rows that lie much closer than the others: a cell whose text takes several lines."""
    middles = [sum(line.box[1] + line.box[3] for line in row) / (2 * len(row)) for row in rows]
    steps = [below - above for above, below in pairwise(middles)]
    usual = median(steps) if len(steps) >= MIN_STEPS else 0
    joined = rows[:1]
    for row, step in zip(rows[1:], steps, strict=True):
        if step < WRAPPED_STEP * usual:
            joined[-1] = [*joined[-1], *row]
        else:
            joined.append(row)
    return joined


def _drop_title(rows: list[list[Finding]]) -> list[list[Finding]]:
    """Leave out lines at the top that lie across all columns, or alone above a row of cells."""
    while len(rows) > 1:
        is_alone = len(rows[0]) == 1 and any(len(row) > 1 for row in rows[1:])
        is_across = len(_split_columns(rows)) == 1 < len(_split_columns(rows[1:]))
        if not (is_alone or is_across):
            break
        rows = rows[1:]
    return rows


def _merge_headless(columns: list[Span], header: Sequence[Finding]) -> list[Span]:
    """Merge a column without a header cell into the one to its left, but for the first.

    So the leaves of a stem-and-leaf plot, which stand apart, are one column.
    """
    merged = columns[:1]
    for left, right in columns[1:]:
        if any(line.box[0] < right and line.box[2] > left for line in header):
            merged.append((left, right))
        else:
            merged[-1] = (merged[-1][0], right)
    return merged


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
