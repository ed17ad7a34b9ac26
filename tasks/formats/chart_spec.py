"""Chart spec: a chart as Vega-Lite JSON with its data inside.

    {"data": {"values": [{"item": "cup", "cost": 12}, {"item": "hat", "cost": 3}]},
     "mark": "bar",
     "encoding": {"x": {"field": "item", "type": "nominal"},
                  "y": {"field": "cost", "type": "quantitative"}}}

The schema is Vega-Lite's own. Beyond it: all data are rows in `values` or `datasets`, nothing is
loaded or computed, encodings name columns that exist, and quantities are numbers. Rows that are
bare values have one column, `data`.
"""

from collections.abc import Iterator
from typing import Any, cast

from tasks.formats.chart_schema import KINDS, find_schema_problem
from tasks.formats.json_document import Document, read_document
from tasks.formats.problems import Problem, list_names, quote

Spec = dict[str, Any]
Columns = dict[str, bool]
"""Column to whether it has a number."""
MAX_PARTS = 3_000
"""Most objects, lists and values outside of the data."""
MAX_CHARTS_DEEP = 5
COMPUTED = ("transform", "expr", "test", "labelExpr", "signal", "sequence", "sphere", "graticule")
"""Keys of what Vega-Lite computes: the text must hold what the chart shows."""
SHOWN = ("field", "aggregate", "datum")
"""Keys of which a channel that shows data has one."""
COMPOSERS = ("layer", "hconcat", "vconcat", "concat", "spec")


def check_chart_spec(text: str) -> Iterator[Problem]:
    """Yield the problems of a chart."""
    document, problems = read_document(text)
    yield from problems
    if document is None:
        return
    if not isinstance(document.value, dict):
        yield Problem(1, "Put the chart into one object with data, mark and encoding.")
        return
    spec = cast(Spec, document.value)
    if not any(key in spec for key in KINDS):
        yield Problem(1, f"The chart has no mark; add {list_names(reversed(KINDS))}.")
        return
    if found := list(_check_safety(spec, document)):
        yield from found
        return
    pruned, num_parts = _prune(spec)
    if num_parts > MAX_PARTS or _count_deep(spec) > MAX_CHARTS_DEEP:
        yield Problem(1, "The chart has too many parts; write data as rows and few layers.")
    elif problem := find_schema_problem(pruned):
        path, message = problem
        yield Problem(_find_line(document, path), message)
    else:
        yield from _check_views(spec, document)


def _check_safety(spec: Spec, document: Document) -> Iterator[Problem]:
    """Yield what would load something, and data that are not rows."""
    for part in _walk(spec):
        for key, value in part.items():
            line = document.line(part, key)
            if key in ("url", "href"):
                yield Problem(line, f"Remove the key {quote(key)}; write data as rows in values.")
            elif key in COMPUTED:
                yield Problem(line, f"Remove the key {quote(key)}; write the values as they stand.")
            elif key == "$schema" and "vega-lite" not in str(value):
                yield Problem(line, "The $schema must be that of Vega-Lite; leave it out.")
            elif key == "data" and isinstance(value, dict):
                yield from _check_rows(cast(Spec, value), "values", document)
            elif key == "mark" and _get_mark(value) == "image":
                yield Problem(line, "The mark image loads a picture; use another mark.")
        if isinstance(part.get("datasets"), dict):
            for name in cast(Spec, part["datasets"]):
                yield from _check_rows(cast(Spec, part["datasets"]), name, document)


def _check_rows(holder: Spec, key: str, document: Document) -> Iterator[Problem]:
    rows: Any = holder.get(key)
    line = document.line(holder, key)
    if rows is None:
        if holder.keys().isdisjoint(("name", *COMPUTED, "url")):
            yield Problem(line, 'Write the data as rows: {"values": [{...}, {...}]}.')
    elif not isinstance(rows, list):
        yield Problem(line, "Write the data as a list of rows, not as text.")
    elif not rows:
        yield Problem(line, "The data have no rows; write those that the chart shows.")
    else:
        yield from _check_row_list(cast(list[Any], rows), document)


def _check_row_list(rows: list[Any], document: Document) -> Iterator[Problem]:
    if _are_values(rows):
        return
    for index, row in enumerate(rows):
        if not isinstance(row, dict) or not row:
            yield Problem(document.line(rows, index), "A row must be an object of columns.")
        elif any(isinstance(value, dict | list) for value in cast(Spec, row).values()):
            yield Problem(document.line(rows, index), "A row must hold numbers and texts alone.")


def _walk(spec: Spec) -> Iterator[Spec]:
    """Yield all objects outside of rows of data."""
    waiting: list[Any] = [spec]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield cast(Spec, part)
            for key, value in cast(Spec, part).items():
                if key not in ("values", "datasets"):
                    waiting.append(value)
        elif isinstance(part, list):
            waiting.extend(cast(list[Any], part))


def _prune(part: Any) -> tuple[Any, int]:
    """Copy a chart without its rows, which are checked apart; count its parts."""
    num_parts = 1
    if isinstance(part, dict):
        copy: Spec = {}
        for key, value in cast(Spec, part).items():
            if key == "values" and isinstance(value, list) and _are_rows(cast(list[Any], value)):
                copy[key] = []
                continue
            copy[key], count = (value, 0) if key == "datasets" else _prune(value)
            num_parts += count
        if isinstance(copy.get("datasets"), dict):
            copy["datasets"] = {name: [] for name in cast(Spec, copy["datasets"])}
        return copy, num_parts
    if isinstance(part, list):
        pairs = [_prune(each) for each in cast(list[Any], part)]
        return [pair[0] for pair in pairs], num_parts + sum(pair[1] for pair in pairs)
    return part, num_parts


def _are_rows(values: list[Any]) -> bool:
    return all(isinstance(value, dict) for value in values) or _are_values(values)


def _are_values(values: list[Any]) -> bool:
    """Say whether rows are bare values of one type."""
    kinds = {float if type(value) is int else type(value) for value in values}
    return len(kinds) == 1 and kinds <= {float, str, bool}


def _count_deep(spec: Any) -> int:
    """Return how deep charts stand in charts."""
    if not isinstance(spec, dict):
        return 0
    inner: list[Any] = []
    for key in COMPOSERS:
        value = cast(Spec, spec).get(key)
        inner += cast(list[Any], value) if isinstance(value, list) else [value]
    return 1 + max((_count_deep(each) for each in inner), default=0)


def _find_line(document: Document, path: tuple[str | int, ...]) -> int:
    part, line = document.value, 1
    for key in path:
        line = document.line(part, key)
        part = part[key]
    return line


def _get_mark(mark: Any) -> Any:
    return cast(Spec, mark).get("type") if isinstance(mark, dict) else mark


def _check_views(spec: Spec, document: Document) -> Iterator[Problem]:
    """Check encodings against the columns; views without data have those of the outer ones."""
    datasets = cast(Spec, spec.get("datasets") or {})
    tables: dict[int, Columns] = {}
    waiting: list[tuple[Spec, Columns]] = [(spec, {})]
    has_data = has_channel = False
    while waiting:
        view, columns = waiting.pop()
        data: Any = view.get("data")
        if isinstance(data, dict):
            name: Any = cast(Spec, data).get("name")
            if name is not None and "values" not in data and name not in datasets:
                yield Problem(document.line(data), f"There is no data set {quote(name)}.")
            rows = cast(Spec, data).get("values") or datasets.get(str(name)) or []
            columns = tables.setdefault(id(rows), {}) or _read_columns(rows)
            tables[id(rows)] = columns
            has_data = True
        encoding = cast(Spec, view.get("encoding") or {})
        has_channel = has_channel or any(_list_shown(encoding))
        if columns:
            yield from _check_encoding(encoding, columns, document)
        for key in COMPOSERS:
            inner: Any = view.get(key)
            if inner == []:
                yield Problem(document.line(view, key), f"At {key}, there is no chart; add one.")
            views = cast(list[Any], inner) if isinstance(inner, list) else [inner]
            waiting += [(cast(Spec, each), columns) for each in views if isinstance(each, dict)]
    if not has_data:
        yield Problem(1, 'The chart has no data; add "data": {"values": [...]}.')
    elif not has_channel:
        line = document.line(spec, "encoding")
        yield Problem(line, 'The chart shows no column; name them under "encoding".')


def _list_shown(encoding: Spec) -> Iterator[bool]:
    """Yield for each channel whether it shows anything."""
    for definition in encoding.values():
        several = cast(list[Any], definition) if isinstance(definition, list) else [definition]
        yield any(isinstance(each, dict) and any(key in each for key in SHOWN) for each in several)


def _read_columns(rows: list[Any]) -> Columns:
    """Return the columns of rows, and which of them have a number."""
    columns: Columns = {}
    for row in rows:
        named = cast(Spec, row) if isinstance(row, dict) else {"data": row}
        for key, value in named.items():
            columns[key] = columns.get(key, False) or _is_quantity(value)
    return columns


def _check_encoding(encoding: Spec, columns: Columns, document: Document) -> Iterator[Problem]:
    """Yield channels that name no column, and quantities that are no numbers."""
    for channel, definitions in encoding.items():
        several = cast(list[Any], definitions) if isinstance(definitions, list) else [definitions]
        for definition in several:
            field: Any = definition.get("field") if isinstance(definition, dict) else None
            if not isinstance(field, str) or any(mark in field for mark in ".[]\\"):
                continue
            line = document.line(definition, "field")
            is_quantity = cast(Spec, definition).get("type") == "quantitative"
            if field not in columns:
                names = ", ".join(map(quote, list(columns)[:12]))
                message = f"At {channel}, {quote(field)} is no column; columns are {names}."
                yield Problem(line, message)
            elif is_quantity and not columns[field]:
                message = f"{quote(field)} is quantitative, but has no number; write 12, not '12%'."
                yield Problem(line, message)


def _is_quantity(value: Any) -> bool:
    if isinstance(value, str):
        return value.replace(".", "", 1).lstrip("-").isdecimal()
    return isinstance(value, int | float) and not isinstance(value, bool)
