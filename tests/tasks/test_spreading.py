import json

import pytest

from schemas.recipe import SourceParams
from tasks.sources import open_source, plan_sources, spread_sources
from tasks.sources.spreading import choose_rows


def plan(tmp_path, *sizes: int):
    opened = []
    for number, size in enumerate(sizes):
        file = tmp_path / f"{number}.jsonl"
        rows = [
            {"image": f"{i}.png", "question": f"{number} {i}", "answer": "1"} for i in range(size)
        ]
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        params = SourceParams(path=str(file), name=f"s{number}")
        opened.append((params, open_source(params)))
    return plan_sources(opened, None)


@pytest.mark.parametrize(("num_rows", "num_taken"), [(100, 24), (24, 24), (1_000, 7), (1, 1)])
def test_every_part_of_a_source_gives_one_row(num_rows, num_taken):
    rows = choose_rows(num_rows, num_taken)
    assert len(rows) == num_taken
    assert [row * num_taken // num_rows for row in rows] == pytest.approx(range(num_taken), abs=1)
    assert list(rows) == sorted(set(rows))
    assert rows == choose_rows(num_rows, num_taken)
    assert rows[0] >= 0 and rows[-1] < num_rows


def test_rows_have_no_rhythm():
    """Of rows that alternate between two kinds, both are taken."""
    assert {row % 2 for row in choose_rows(1_000, 20)} == {0, 1}


def test_each_source_gives_its_share_and_at_least_one_row(tmp_path):
    taken = spread_sources(plan(tmp_path, 90, 10, 1), 20)
    assert [source.num_rows for source in taken] == [18, 2, 1]


def test_rows_are_those_of_the_source_where_they_are_there(tmp_path):
    (source,) = plan(tmp_path, 200)
    (taken,) = spread_sources([source], 5)
    rows = list(taken.source.read(1, 4))
    assert [row.values["question"] for row in rows] == [f"0 {row.row}" for row in rows]
    assert [row.row for row in rows] == list(choose_rows(200, 5)[1:4])


def test_another_sample_is_another_version(tmp_path):
    (source,) = plan(tmp_path, 200)
    versions = [spread_sources([source], size)[0].source.version for size in (5, 6, 5)]
    assert versions[0] == versions[2] != versions[1]
    assert versions[0][:-1] == list(source.source.version)


def test_a_sample_of_more_than_there_is_is_everything(tmp_path):
    taken = spread_sources(plan(tmp_path, 4, 3), 50)
    assert [[row.row for row in s.source.read(0, s.num_rows)] for s in taken] == [
        [0, 1, 2, 3],
        [0, 1, 2],
    ]
