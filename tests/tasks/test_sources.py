import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.errors import SourceError
from schemas.recipe import SourceParams
from tasks.sources import open_source
from tests.conftest import draw_image, make_row


def read_rows(path: str, **keys: str) -> list[tuple[int, str | None]]:
    source = open_source(SourceParams(path=path, **keys))
    return [(row.row, row.values.get("question")) for row in source.read(0, source.num_rows)]


def write_parquet(file: Path, numbers: range) -> None:
    rows = [make_row(n) | {"image": {"bytes": draw_image(n), "path": f"{n}.png"}} for n in numbers]
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), file, row_group_size=7)


def test_a_folder_with_metadata_is_a_source(make_source):
    assert read_rows(str(make_source(3)))[2] == (2, "Compute 2 + 3")


def test_any_range_of_lines_reads_as_the_same_rows(make_source):
    source = open_source(SourceParams(path=str(make_source(200))))
    whole = [row.values for row in source.read(0, 200)]
    for start, stop in [(0, 1), (63, 65), (64, 64), (127, 200), (199, 200)]:
        assert [row.values for row in source.read(start, stop)] == whole[start:stop]


def test_blank_lines_are_not_rows(tmp_path):
    text = json.dumps(make_row(0)) + "\n\n  \n" + json.dumps(make_row(1))
    (tmp_path / "metadata.jsonl").write_text(text)
    assert read_rows(str(tmp_path)) == [(0, "Compute 0 + 1"), (1, "Compute 1 + 2")]


def test_several_jsonl_files_are_one_source(tmp_path):
    for part in range(3):
        lines = [json.dumps(make_row(part * 70 + i) | {"image": "x.png"}) for i in range(70)]
        (tmp_path / f"part-{part}.jsonl").write_text("\n".join(lines) + "\n")
    source = open_source(SourceParams(path=f"{tmp_path}/part-*.jsonl"))
    assert [row.row for row in source.read(60, 150)] == list(range(60, 150))
    assert [row.values["id"] for row in source.read(69, 71)] == ["id-69", "id-70"]


def test_an_unreadable_line_is_a_row_that_names_its_line(tmp_path):
    good = json.dumps(make_row(0)).encode()
    (tmp_path / "metadata.jsonl").write_bytes(good + b"\n{oops\n\xff\xfe\n[1]\n")
    source = open_source(SourceParams(path=str(tmp_path)))
    faults = [row.fault for row in source.read(0, source.num_rows)]
    assert faults[0] is None
    assert faults[1].startswith("metadata.jsonl line 2: not JSON")
    assert faults[2].startswith("metadata.jsonl line 3: not JSON")
    assert faults[3] == "metadata.jsonl line 4: not a JSON object"


def test_parquet_ranges_cross_row_groups_and_files(tmp_path):
    write_parquet(tmp_path / "data/train-00000.parquet", range(20))
    write_parquet(tmp_path / "data/train-00001.parquet", range(20, 30))
    write_parquet(tmp_path / "data/test-00000.parquet", range(90, 95))
    source = open_source(SourceParams(path=str(tmp_path)))
    assert source.num_rows == 30
    ids = [row.values["id"] for row in source.read(5, 25)]
    assert ids == [f"id-{n}" for n in range(5, 25)]


def test_a_large_row_group_is_read_once_by_readers_that_follow_each_other(tmp_path, monkeypatch):
    write_parquet(tmp_path / "a.parquet", range(14))
    source = open_source(SourceParams(path=str(tmp_path / "a.parquet")))
    groups = []
    read = pq.ParquetFile.iter_batches

    def count(file, *arguments, row_groups, **options):
        groups.extend(row_groups)
        return read(file, *arguments, row_groups=row_groups, **options)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", count)
    parts = [[row.row for row in source.read(start, start + 2)] for start in range(0, 14, 2)]
    assert parts == [[start, start + 1] for start in range(0, 14, 2)]
    assert groups == [0, 1]


def test_a_reader_that_stops_early_does_not_disturb_the_next(tmp_path):
    write_parquet(tmp_path / "a.parquet", range(14))
    source = open_source(SourceParams(path=str(tmp_path / "a.parquet")))
    assert [row.row for row in source.read(0, 2)] == [0, 1]
    next(iter(source.read(2, 9)))
    assert [row.row for row in source.read(2, 9)] == list(range(2, 9))
    assert [row.row for row in source.read(0, 3)] == [0, 1, 2]


def test_a_parquet_file_and_a_glob_are_sources(tmp_path):
    write_parquet(tmp_path / "a.parquet", range(3))
    write_parquet(tmp_path / "b.parquet", range(3, 5))
    assert len(read_rows(str(tmp_path / "a.parquet"))) == 3
    assert len(read_rows(f"{tmp_path}/*.parquet")) == 5


def test_a_source_may_lie_on_any_file_system(tmp_path):
    import fsspec

    write_parquet(tmp_path / "a.parquet", range(3))
    fsspec.filesystem("memory").pipe_file("/rows/a.parquet", (tmp_path / "a.parquet").read_bytes())
    assert len(read_rows("memory://rows/a.parquet")) == 3
    assert len(read_rows("memory://rows")) == 3


@pytest.mark.parametrize(
    ("prepare", "keys", "match"),
    [
        (lambda d: None, {"path": "{d}/absent"}, "does not exist"),
        (lambda d: None, {"path": "{d}"}, "neither metadata.jsonl nor"),
        (lambda d: (d / "metadata.jsonl").touch(), {"path": "{d}"}, "has no rows"),
        (
            lambda d: (d / "metadata.jsonl").write_text(json.dumps(make_row(0))),
            {"path": "{d}", "question": "qestion"},
            r"no column 'qestion' \(source.question\); its columns: \['answer', 'file_name'",
        ),
        (
            lambda d: (d / "metadata.jsonl").write_text(json.dumps(make_row(0))),
            {"path": "{d}", "choices": "options"},
            r"no column 'options' \(source.choices\)",
        ),
        (lambda d: (d / "a.csv").write_text("x"), {"path": "{d}/a.csv"}, "expected .jsonl or"),
        (lambda d: (d / "a.parquet").write_text("x"), {"path": "{d}/a.parquet"}, "cannot read"),
        (lambda d: None, {"path": ""}, "no source: give --source"),
    ],
)
def test_a_source_that_cannot_be_read_is_one_sentence(tmp_path, prepare, keys, match):
    prepare(tmp_path)
    keys = {key: value.replace("{d}", str(tmp_path)) for key, value in keys.items()}
    with pytest.raises(SourceError, match=match):
        open_source(SourceParams(**keys))
