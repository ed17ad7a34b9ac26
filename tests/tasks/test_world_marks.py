"""Reading lessons say what each merged patch shows."""

import pytest

pytest.importorskip("torch")

from tasks.world import KINDS, make_figure
from tasks.world.canvas import Mark
from tasks.world.marks import NUM_TEXT_PIECES, PIECE_IDS, PIECES, label_patches, measure_grid


def _read(marks: tuple[Mark, ...], grid: tuple[int, int]) -> list[list[str]]:
    labels = label_patches(marks, grid)[:, :NUM_TEXT_PIECES]
    return [[PIECES[piece] for piece in row if piece] for row in labels]


def test_a_mark_labels_the_patch_of_its_middle():
    read = _read((Mark((30, 57), "17"), Mark((5, 5), "big red circle")), (3, 2))
    assert read == [["big", "red", "circle"], [], [], [], [], ["1", "7"]]


def test_marks_know_their_row_column_and_number():
    labels = label_patches((Mark((5, 40), "K"), Mark((40, 5), "9")), (2, 2))
    assert [[PIECES[piece] for piece in row[NUM_TEXT_PIECES:]] for row in labels] == [
        ["", "", ""],
        ["1", "2", "1"],
        ["2", "1", "2"],
        ["", "", ""],
    ]


def test_the_first_mark_of_a_patch_stays():
    assert _read((Mark((3, 3), "9"), Mark((9, 9), "K")), (1, 1)) == [["9"]]


def test_a_mark_on_the_edge_stays_inside():
    assert _read((Mark((56.0, 28.0), "K"),), (1, 2)) == [[], ["K"]]


@pytest.mark.parametrize("kind", KINDS)
def test_every_mark_of_the_world_has_classes(kind: str):
    for seed in range(60):
        figure, rng = make_figure(kind, seed)
        drawing = figure.draw(rng)
        assert drawing.marks
        assert label_patches(drawing.marks, measure_grid(drawing.image)).any()


def test_pieces_are_distinct_and_the_first_is_nothing():
    assert len(PIECE_IDS) == len(PIECES)
    assert PIECES[0] == ""
