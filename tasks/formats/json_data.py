"""JSON: tables and other data, as RFC 8259 says it.

    [{"item": "cup", "cost": 12}, {"item": "hat", "cost": null}]

An object or an array on the outside; every key once in its object; rows of a table alike: objects
with the same keys, or arrays of the same length. Objects that hold no others are rows, all of one
table, or of one for each `kind` or `type` that they name.
"""

from collections.abc import Iterator
from typing import Any, cast

from tasks.formats.json_document import Document, read_document
from tasks.formats.problems import Problem, quote

Rows = list[Any]
KIND_KEYS = ("kind", "type")
"""Keys by which the parts of a layout, which are no rows of one table, say what they are."""


def check_json(text: str) -> Iterator[Problem]:
    """Yield the problems of a JSON table or other data."""
    document, problems = read_document(text)
    yield from problems
    if document is None:
        return
    if not isinstance(document.value, dict | list):
        yield Problem(1, "Put the data into an object {...} or an array [...].")
    elif not document.value:
        yield Problem(1, "The data is empty; write down what the image shows.")
    else:
        yield from _check_parts(document)


def _check_parts(document: Document) -> Iterator[Problem]:
    """Walk all arrays and objects."""
    waiting: list[Any] = [document.value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            entries = list(enumerate(cast(Rows, part)))
            yield from _check_rows(cast(Rows, part), document)
        else:
            entries = list(cast(dict[str, Any], part).items())
        for key, value in entries:
            if isinstance(value, dict | list):
                waiting.append(value)
            elif value in ("...", "\u2026"):
                line = document.line(part, key)
                yield Problem(line, "Write all entries that the image shows instead of '...'.")


def _check_rows(rows: Rows, document: Document) -> Iterator[Problem]:
    """Yield rows of a table that differ in shape from its first row."""
    if all(isinstance(row, list) and _is_flat(cast(Rows, row)) for row in rows):
        for index, row in enumerate(rows):
            if len(row) != len(rows[0]):
                line = document.line(rows, index)
                yield Problem(
                    line,
                    f"This row has {len(row)} entries, but the first row has {len(rows[0])}; "
                    "write null for an empty cell.",
                )
    elif all(isinstance(row, dict) and _is_flat(list(row.values())) for row in rows):
        firsts: dict[Any, dict[str, Any]] = {}
        for index, row in enumerate(rows):
            first = firsts.setdefault(_get_kind(row), row)
            yield from _compare_keys(first, row, document.line(rows, index))


def _compare_keys(first: dict[str, Any], row: dict[str, Any], line: int) -> Iterator[Problem]:
    if missing := [key for key in first if key not in row]:
        yield Problem(
            line, f"This row lacks the key {quote(missing[0])} of the rows above; write null."
        )
    elif extra := [key for key in row if key not in first]:
        yield Problem(line, f"The key {quote(extra[0])} is not in the rows above; use theirs.")


def _get_kind(row: dict[str, Any]) -> tuple[str, str]:
    """Return the key and the value that say what an object is; those of one kind are alike."""
    key = next((key for key in KIND_KEYS if key in row), "")
    return key, repr(row.get(key))


def _is_flat(values: Rows) -> bool:
    """Say whether no entry holds others."""
    return not any(isinstance(value, dict | list) for value in values)
