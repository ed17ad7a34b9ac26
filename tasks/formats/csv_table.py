"""CSV: a table with a header, as RFC 4180 says it.

    item,cost,"note, if any"
    cup,12,
    hat,3,"5"" wide"

Commas between cells, double quotes around a cell that holds a comma, a quote or a line break, as
many cells in every row as in the header, no empty lines.
"""

import csv
from collections import Counter
from collections.abc import Iterator

from tasks.formats.problems import Problem, quote

Row = tuple[int, list[str]]
"""(line on which the row starts, its cells)."""
MAX_COLUMNS = 500
EMPTY_LINE = "Remove this empty line; a table is one block of rows."
OTHER_DELIMITERS = {"\t": "tabs", ";": "semicolons", "|": "vertical bars"}


def check_csv(text: str) -> Iterator[Problem]:
    """Yield the problems of a CSV table."""
    if delimiter := _find_other_delimiter(text):
        first = text[: len(text) - len(text.lstrip("\n"))].count("\n") + 1
        yield Problem(first, f"Put commas between cells, not {delimiter}.")
        return
    rows: list[Row] = []
    try:
        rows.extend(_read_rows(text.rstrip()))
    except csv.Error as error:
        start = rows[-1][0] + 1 if rows else 1
        yield Problem(start, f"{_explain(error)}; close each quoted cell, and double quotes in it.")
        return
    yield from _check_shape(rows)
    yield from _check_cells(rows)


def _find_other_delimiter(text: str) -> str | None:
    """Name what stands between cells if it is not commas in the header."""
    header = text.lstrip("\n").split("\n", 1)[0]
    if "," in header:
        return None
    return next((name for mark, name in OTHER_DELIMITERS.items() if mark in header), None)


def _read_rows(text: str) -> Iterator[Row]:
    reader = csv.reader(text.split("\n"), strict=True)
    start = 1
    for cells in reader:
        yield start, cells
        start = reader.line_num + 1


def _explain(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "A quoted cell that begins here is never closed"
    if "field larger" in str(error):
        return "A cell that begins here is too long, or its quote is never closed"
    return "A quoted cell has text after its closing quote"


def _check_shape(rows: list[Row]) -> Iterator[Problem]:
    """Yield rows that are empty or do not have as many cells as the header."""
    at = next(at for at, (_, cells) in enumerate(rows) if not _is_blank(cells))
    for line, _ in rows[:at]:
        yield Problem(line, EMPTY_LINE)
    rows = rows[at:]
    first, header = rows[0]
    num_cells = len(header)
    if num_cells > MAX_COLUMNS:
        yield Problem(first, f"The header has {num_cells} cells; at most {MAX_COLUMNS} are read.")
        return
    if len(rows) == 1:
        yield Problem(first, "There is only one line; write a header and one line per row.")
        return
    widths = Counter(len(cells) for _, cells in rows[1:] if not _is_blank(cells))
    if num_cells not in widths and len(widths) == 1:
        (width,) = widths
        yield Problem(
            first,
            f"The header has {_count(num_cells)}, but every row has {_count(width)}; "
            "begin with the header row alone, and leave a cell empty where it has no text.",
        )
        return
    for line, cells in rows:
        if _is_blank(cells) and num_cells > 1:
            yield Problem(line, EMPTY_LINE)
        elif len(cells) != num_cells and not _is_placeholder(cells):
            yield Problem(line, _explain_width(cells, num_cells))


def _is_blank(cells: list[str]) -> bool:
    """Say whether a line holds nothing, or white space alone."""
    return not cells or (len(cells) == 1 and cells[0].isspace())


def _explain_width(cells: list[str], num_cells: int) -> str:
    message = f"This row has {_count(len(cells))}, but the header has {_count(num_cells)}; "
    if any(cell.lstrip().startswith('"') for cell in cells):
        return message + "leave no space between a comma and a quote."
    if len(cells) > num_cells:
        return message + "put double quotes around a cell that holds a comma, such as 1,000."
    return message + "write an empty cell as nothing between two commas."


def _count(num_cells: int) -> str:
    return f"{num_cells} cell{'s' * (num_cells != 1)}"


def _check_cells(rows: list[Row]) -> Iterator[Problem]:
    """Yield rows that stand for others, tables without text, and prose."""
    for line, cells in rows:
        if _is_placeholder(cells):
            yield Problem(line, "Write all rows that the image shows instead of '...'.")
    if not any(cell.strip() for _, cells in rows for cell in cells):
        yield Problem(1, "All cells are empty; copy the text of the cells.")
    for line, cells in rows:
        if len(cells) == 1 and _is_sentence(cells[0]):
            yield Problem(line, f"{quote(cells[0])} is prose; write the table's rows alone.")


def _is_placeholder(cells: list[str]) -> bool:
    return bool(cells) and all(cell.strip() in ("...", "\u2026") for cell in cells)


def _is_sentence(cell: str) -> bool:
    """Say whether the only cell of a row reads as a sentence or announces a table."""
    return cell.rstrip().endswith((".", ":", "!")) and len(cell.split()) >= 4
