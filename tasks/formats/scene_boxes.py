"""Boxes: the objects of a scene with their places, as JSON.

    [{"label": "cup", "box": [120, 340, 260, 515]},
     {"label": "black cat", "box": [400, 90, 780, 640], "score": 0.93}]

A box is [left, top, right, bottom] with the origin at the top left. In a bare list the numbers run
from 0 to 1000 across and down the image, whatever its size. Pixels need the size of the image:

    {"size": [640, 480], "boxes": [{"label": "cup", "box": [76, 163, 166, 247]}]}

`bbox_2d`, the key that Qwen's models are trained to write, is read as `box`. `score`, from 0 to 1,
and `text`, what is written on the object, may be left out.
"""

import math
from collections.abc import Iterator
from typing import Any, cast

from tasks.formats.json_document import Document, read_document
from tasks.formats.problems import Problem, list_names, quote

BOX_KEYS = ("box", "bbox_2d")
KNOWN_KEYS = {"label", "score", "text", *BOX_KEYS}
THOUSANDTHS = (1000.0, 1000.0)
MAX_PIXELS = 100_000
MAX_LABEL_CHARS = 200
SIDES = ("left", "top", "right", "bottom")


def check_boxes(text: str) -> Iterator[Problem]:
    """Yield the problems of a list of labelled boxes."""
    document, problems = read_document(text)
    yield from problems
    if document is None:
        return
    value = document.value
    if isinstance(value, list):
        yield from _check_list(cast(list[Any], value), THOUSANDTHS, document)
    elif isinstance(value, dict) and "boxes" in value:
        yield from _check_sized(cast(dict[str, Any], value), document)
    else:
        yield Problem(1, 'Write a list of objects such as {"label": "cup", "box": [1, 2, 3, 4]}.')


def _check_sized(value: dict[str, Any], document: Document) -> Iterator[Problem]:
    """Check the form that gives pixels and the size of the image."""
    for key in value.keys() - {"size", "boxes"}:
        yield Problem(
            document.line(value, key), f"Remove the key {quote(key)}; write size and boxes."
        )
    size = _read_numbers(value.get("size"), 2)
    if size is None or not all(0 < side <= MAX_PIXELS for side in size):
        yield Problem(
            document.line(value, "size"),
            'Give the size of the image in pixels as "size": [width, height].',
        )
    elif not isinstance(value["boxes"], list):
        yield Problem(document.line(value, "boxes"), "Write boxes as a list.")
    else:
        yield from _check_list(cast(list[Any], value["boxes"]), (size[0], size[1]), document)


def _check_list(
    boxes: list[Any], size: tuple[float, float], document: Document
) -> Iterator[Problem]:
    if not boxes:
        yield Problem(1, "The list is empty; write a box for each object that the image shows.")
    seen: dict[tuple[Any, ...], int] = {}
    for index, entry in enumerate(boxes):
        line = document.line(boxes, index)
        if not isinstance(entry, dict):
            yield Problem(line, f"{quote(entry)} is not an object with label and box.")
            continue
        box = cast(dict[str, Any], entry)
        if message := _find_key_problem(box) or _find_value_problem(box, size):
            yield Problem(line, message)
            continue
        place = (box["label"], *_get_box(box))
        if place in seen:
            yield Problem(line, f"This box repeats that of line {seen[place]}; remove one.")
        seen.setdefault(place, line)


def _find_key_problem(box: dict[str, Any]) -> str | None:
    if "is" in box and "at" in box:
        return "This is a grid scene (is, at), which is json; give a label and a box in numbers."
    if "label" not in box:
        return 'Give the object a "label".'
    if sum(key in box for key in BOX_KEYS) != 1:
        return 'Give the object one "box": [left, top, right, bottom].'
    unknown = sorted(box.keys() - KNOWN_KEYS)
    known = list_names(("label", "box", "score", "text"))
    return f"Remove the key {quote(unknown[0])}; use {known}." if unknown else None


def _find_value_problem(box: dict[str, Any], size: tuple[float, float]) -> str | None:
    label, numbers = box["label"], _read_numbers(_get_box(box), 4)
    if not isinstance(label, str) or not label.strip():
        return "The label must be a name such as 'cup'."
    if len(label) > MAX_LABEL_CHARS:
        return f"The label {quote(label)} is too long; name the object in a few words."
    if numbers is None:
        return f"The box of {quote(label)} must be four numbers [left, top, right, bottom]."
    score = box.get("score", 1)
    if _read_numbers([score], 1) is None or not 0 <= score <= 1:
        return f"The score of {quote(label)} must be a number from 0 to 1."
    if not isinstance(box.get("text", ""), str):
        return f"The text of {quote(label)} must be a string."
    return _find_place_problem(label, numbers, size)


def _find_place_problem(label: str, box: list[float], size: tuple[float, float]) -> str | None:
    """Say what is wrong with where a box lies."""
    for side, number, most in zip(SIDES, box, size * 2, strict=True):
        if not 0 <= number <= most:
            return f"The {side} of {quote(label)} is {number:g}, but must be from 0 to {most:g}" + (
                '; pixels need {"size": [width, height], "boxes": [...]}.'
                if size == THOUSANDTHS
                else ", inside the image."
            )
    left, top, right, bottom = box
    if left >= right:
        return f"The box of {quote(label)} has left {left:g} not below right {right:g}."
    if top >= bottom:
        return f"The box of {quote(label)} has top {top:g} not below bottom {bottom:g}."
    return None


def _get_box(box: dict[str, Any]) -> Any:
    return next(box[key] for key in BOX_KEYS if key in box)


def _read_numbers(value: Any, count: int) -> list[float] | None:
    """Return `count` finite numbers, or None if `value` is anything else."""
    if not isinstance(value, list) or len(cast(list[Any], value)) != count:
        return None
    for number in cast(list[Any], value):
        if isinstance(number, bool) or not isinstance(number, int | float):
            return None
        if not math.isfinite(number):
            return None
    return [float(number) for number in cast(list[Any], value)]
