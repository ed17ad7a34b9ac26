"""One line of JSON: its gold answer and prediction read, and the line written with a verdict.

    {"gold": "1/2", "prediction": "So it is 0.5.", "options": null, "type": null, "unit": null}

A line that cannot be graded is a row, too: `cannot tell`, with a rule that says why.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from tasks.answers import AnswerType, Gold, Policy, Verdict, type_gold

MAX_LINE_BYTES = 1 << 20
"""A longer line is not read into memory; its row says so."""
NAMES = {True: "correct", False: "incorrect", None: "cannot_tell"}
TEXTS = ("gold", "prediction")

_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)
_SURROGATE = re.compile(rb"\\ud[89a-f]", re.IGNORECASE)

Line = bytes | None
"""A line without its end; None for one that is too long."""
Row = Mapping[str, Any]


class LineError(ValueError):
    """A line cannot be graded; the message is the rule of its row."""


class GradedLine(NamedTuple):
    """One line with its verdict."""

    data: bytes
    """JSON with its line end."""
    verdict: str
    rule: str
    is_faulty: bool = False
    """It could not be graded."""


class AnswerLine(NamedTuple):
    """One line, and what was read of it."""

    data: Line
    row: Row | LineError
    item: tuple[Gold, str] | LineError
    """Its gold answer and its prediction."""


def read_line(data: Line) -> AnswerLine:
    """Read a line; what is wrong with it stands in place of what it should hold."""
    try:
        row = _parse(data)
    except LineError as error:
        return AnswerLine(data, error, error)
    try:
        return AnswerLine(data, row, (_read_gold(row), _read_text(row, "prediction")))
    except LineError as error:
        return AnswerLine(data, row, error)


def write_verdict(line: AnswerLine, verdict: Verdict) -> GradedLine:
    """Write a verdict at the end of its line."""
    name = NAMES[verdict.is_correct]
    added = {
        "verdict": name,
        "rule": verdict.rule,
        "answer": verdict.answer,
        "policy": verdict.policy,
    }
    return GradedLine(_write(line, added), name, verdict.rule)


def write_fault(line: AnswerLine, error: LineError, policy: Policy) -> GradedLine:
    """Write at the end of a line why it cannot be graded."""
    name, rule = NAMES[None], str(error)
    added = {"verdict": name, "rule": rule, "answer": None, "policy": policy.description}
    return GradedLine(_write(line, added), name, rule, is_faulty=True)


def _parse(line: Line) -> Row:
    if line is None:
        raise LineError("line_too_long")
    try:
        row = _load(line)
        if isinstance(row, dict) and any(isinstance(row.get(n), float | int) for n in TEXTS):
            # As it is written: no digit of a large number or after a point is lost.
            row = json.loads(line, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        raise LineError("not_json") from None
    if not isinstance(row, dict):
        raise LineError("not_an_object")
    return row


def _load(line: bytes) -> Any:
    r"""Load JSON, also with half of a surrogate pair in it (`"\ud800"`), as `json` writes it."""
    try:
        return orjson.loads(line)
    except ValueError:
        if _SURROGATE.search(line) is None:
            raise
        return json.loads(line)


def _read_gold(row: Row) -> Gold:
    """Type `gold`, by `options`, `type` and `unit` where a row has them."""
    answer, options, kind = _read_text(row, "gold"), _read_options(row), row.get("type")
    unit = _read_text(row, "unit") if row.get("unit") is not None else None
    if kind is not None and kind not in list(AnswerType):
        raise LineError("unknown_type")
    try:
        gold = type_gold(answer, options, unit)
    except ValueError:
        raise LineError("gold_is_no_option" if options else "empty_gold") from None
    return replace(gold, answer_type=AnswerType(kind)) if kind and not options else gold


def _read_options(row: Row) -> list[str] | None:
    options = row.get("options")
    if options is None:
        return None
    if not isinstance(options, list) or not all(isinstance(o, str | int | float) for o in options):
        raise LineError("options_are_no_texts")
    return [str(option) for option in options]


def _read_text(row: Row, name: str) -> str:
    value = row.get(name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        raise LineError(f"no_{name}")
    if not isinstance(value, str):
        raise LineError(f"{name}_is_no_text")
    return value


def _write(line: AnswerLine, added: Row) -> bytes:
    """Write the verdict at the end of a line, which otherwise stays as it is, byte for byte.

    A line that is no object is not repeated; one that was graded already gets its new verdict.
    """
    if line.data is None or isinstance(line.row, LineError):
        return _dump(added) + b"\n"
    is_graded = not line.row.keys().isdisjoint(added)
    data = _drop_members(line.data, added) if is_graded else line.data
    comma = b"," if line.row.keys() - added.keys() else b""
    return data[:-1].rstrip() + comma + _dump(added)[1:] + b"\n"


def _dump(added: Row) -> bytes:
    try:
        return orjson.dumps(added)
    except TypeError:  # It holds half of a surrogate pair.
        return json.dumps(added).encode("ascii")


def _drop_members(line: bytes, names: Iterable[str]) -> bytes:
    """Drop members of an object by name; the others stay as they are written."""
    text = line.decode()
    kept: list[str] = []
    place = _skip(text, 1, " ")
    while text[place] != "}":
        name, end = _DECODER.raw_decode(text, place)
        end = _DECODER.raw_decode(text, _skip(text, end, ": "))[1]
        if name not in names:
            kept.append(text[place:end])
        place = _skip(text, end, ", ")
    return f"{{{','.join(kept)}}}".encode()


def _skip(text: str, place: int, signs: str) -> int:
    while text[place] in signs or text[place] in "\t\n\r":
        place += 1
    return place
