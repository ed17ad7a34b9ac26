"""Reading lessons: what each patch of an image shows, as classes.

Before the small model learns to write formal texts, its vision tower learns to read: every merged
patch should know the mark in it (a shape, a word, a number, a letter; up to three pieces), where
it is, and which mark of the image it is in reading order. From scratch this is far quicker than
waiting for it to follow from the texts.
"""

import string

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tasks.world.canvas import COLORS, Mark
from tasks.world.forward import PATCH
from tasks.world.scenes import SHAPES, SIZES
from tasks.world.tables import COLUMNS, ITEMS

MERGED = 2 * PATCH
"""Side of a merged patch, in pixels."""
NUM_TEXT_PIECES = 3
NUM_PIECES = NUM_TEXT_PIECES + 3
"""Of the text; then the row, the column and the number of the mark."""
PIECES = (
    "",
    *string.digits,
    *string.ascii_uppercase,
    *SIZES,
    *COLORS,
    *SHAPES,
    "item",
    *ITEMS,
    *COLUMNS,
)
"""Classes; the first is that there is nothing."""
PIECE_IDS = {piece: index for index, piece in enumerate(PIECES)}


def measure_grid(image: Image.Image) -> tuple[int, int]:
    """Give the rows and columns of merged patches."""
    return image.height // MERGED, image.width // MERGED


def label_patches(marks: tuple[Mark, ...], grid: tuple[int, int]) -> NDArray[np.int64]:
    """Label each merged patch with the first mark whose middle lies in it.

    Returns:
        (merged patches, NUM_PIECES) classes; 0 where there is nothing.
    """
    labels = np.zeros((grid[0] * grid[1], NUM_PIECES), np.int64)
    for mark in marks:
        row, column = int(mark.center[1] // MERGED), int(mark.center[0] // MERGED)
        place = min(row, grid[0] - 1) * grid[1] + min(column, grid[1] - 1)
        if labels[place, 0]:
            continue
        for index, piece in enumerate(_split(mark.text)):
            labels[place, index] = PIECE_IDS[piece]
    _number_marks(labels, grid[1])
    return labels


def _number_marks(labels: NDArray[np.int64], num_columns: int) -> None:
    for number, place in enumerate(np.flatnonzero(labels[:, 0]), start=1):
        row, column = divmod(int(place), num_columns)
        pieces = (row + 1, column + 1, min(number, 9))
        labels[place, NUM_TEXT_PIECES:] = [PIECE_IDS[str(piece)] for piece in pieces]


def _split(text: str) -> list[str]:
    return list(text) if text.isdigit() else text.split()
