"""Matrices: rows of entries, however they are written.

Normalized text comes in (LaTeX environments are rows in brackets by then); rows go out. One row or
one column is a vector, which has the same entries as a tuple.
"""

import re

from tasks.answers.sequences import MAX_PARTS, Parts, split_parts, strip_brackets

MAX_CHARS = 4_000

_BLANK = re.compile(r" +")


def parse_matrix(text: str) -> tuple[Parts, ...] | None:
    """Read `[[1, 2], [3, 4]]` or `[1 2; 3 4]`, rows of one length; None for anything else."""
    bracket, inside = strip_brackets(text) if len(text) <= MAX_CHARS else ("", "")
    if bracket not in ("[", "("):
        return None
    if ";" in inside and not any(sign in inside for sign in "[]()"):
        rows = tuple(_split_cells(row.strip()) for row in inside.split(";")[:MAX_PARTS])
    else:
        stripped = [strip_brackets(row) for row in split_parts(inside)]
        if not stripped or any(row[0] != "[" for row in stripped):
            return None
        rows = tuple(split_parts(row) for _, row in stripped)
    is_regular = len({len(row) for row in rows}) == 1 and rows[0]
    return rows if is_regular else None


def list_vector(rows: tuple[Parts, ...]) -> Parts | None:
    """List the entries of one row or one column; None for a matrix of more."""
    if len(rows) == 1:
        return rows[0]
    return tuple(row[0] for row in rows) if len(rows[0]) == 1 else None


def _split_cells(row: str) -> Parts:
    return split_parts(row) if "," in row else tuple(_BLANK.split(row))
