import io
import json
import unicodedata
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from schemas.errors import SourceError
from schemas.recipe import IngestParams, SourceParams
from tasks.duplicates import Seen
from tasks.ingest import ingest_rows
from tasks.sources import open_source, plan_sources, shard_rows
from tests.conftest import draw_image, make_row

PARAMS = IngestParams()


def ingest(path: Path | str, *, num_shards: int = 1, params: IngestParams = PARAMS, **keys):
    source = SourceParams(path=str(path), **keys)
    planned = plan_sources([(source, open_source(source))], None)
    seen, problems, rejects = Seen(), [], []
    for index in range(num_shards):
        for problem, reject in ingest_rows(shard_rows(planned, index, num_shards), params, seen):
            if problem:
                problems.append(problem)
            else:
                rejects.append(reject)
    return problems, rejects


def reasons(rejects) -> list[str]:
    return [reject["drop_reason"] for reject in rejects]


def test_every_row_is_a_problem_or_a_reject(make_source):
    problems, rejects = ingest(make_source(9, changes={4: {"answer": None}, 7: {"question": " "}}))
    assert [problem["source_row"] for problem in problems] == [0, 1, 2, 3, 5, 6, 8]
    assert reasons(rejects) == ["no_gold_answer", "empty_question"]
    assert [reject["source_row"] for reject in rejects] == [4, 7]
    assert {reject["source_id"] for reject in rejects} == {"id-4", "id-7"}


def test_shards_divide_the_rows_and_change_nothing(make_source):
    folder = make_source(23, changes={3: {"answer": ""}})
    assert ingest(folder, num_shards=5) == ingest(folder)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"answer": None}, "no_gold_answer"),
        ({"answer": "  "}, "no_gold_answer"),
        ({"answer": ["1", "2"]}, "bad_gold_answer"),
        ({"answer": {"value": 1}}, "bad_gold_answer"),
        ({"question": None}, "empty_question"),
        ({"question": ["what"]}, "empty_question"),
        ({"question": "x" * 100_001}, "question_too_long"),
        ({"choices": "A or B"}, "bad_options"),
        ({"file_name": None}, "no_image"),
        ({"file_name": "images/absent.png"}, "missing_image"),
        ({"file_name": "images"}, "missing_image"),
        ({"file_name": "../../etc/passwd"}, "bad_image_path"),
        ({"file_name": "/etc/passwd"}, "bad_image_path"),
        ({"file_name": "http://127.0.0.1/x.png"}, "bad_image_path"),
        ({"file_name": "images/\x00.png"}, "bad_image_path"),
        ({"file_name": ["images/0.png", "images/1.png"]}, "too_many_images"),
    ],
)
def test_a_bad_row_is_rejected_with_its_reason(make_source, change, reason):
    problems, rejects = ingest(make_source(3, changes={1: change}))
    assert reasons(rejects) == [reason]
    assert len(problems) == 2


def test_marks_of_images_are_no_part_of_a_problem(make_source):
    asked = make_row(0)["question"]
    marked = {"question": f"<image>\n{asked}", "choices": ["<image 1>", "two"], "answer": "two"}
    plain = {"choices": ["[image 1]", "two"], "answer": "two"}
    (problem,), _ = ingest(make_source(1, changes={0: marked}))
    (twin,), _ = ingest(make_source(1, changes={0: plain}))
    assert problem["question"] == asked
    assert problem["options"] == ["[image 1]", "two"]
    assert problem["problem_id"] == twin["problem_id"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"question": "<image>"}, "empty_question"),
        ({"choices": ["<image>", "<image>"], "answer": "A"}, "bad_options"),
        ({"answer": "<image>"}, "no_gold_answer"),
    ],
)
def test_a_row_that_is_a_mark_and_nothing_else_is_rejected(make_source, change, reason):
    problems, rejects = ingest(make_source(2, changes={1: change}))
    assert reasons(rejects) == [reason]
    assert len(problems) == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "image_empty"),
        (draw_image(1)[:60], "image_truncated"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image_format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "image_format"),
    ],
)
def test_a_bad_image_is_rejected_with_its_reason(make_source, data, reason):
    folder = make_source(3)
    (folder / "images/1.png").write_bytes(data)
    problems, rejects = ingest(folder)
    assert reasons(rejects) == [reason]
    assert len(problems) == 2


def test_an_animated_gif_and_a_bomb_are_rejected_undecoded(make_source):
    folder = make_source(3)
    frames = [Image.new("P", (9, 9), color) for color in (1, 2)]
    frames[0].save(folder / "images/0.png", "GIF", save_all=True, append_images=frames[1:])
    bomb = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(bomb, "PNG", compress_level=9)
    assert len(bomb.getvalue()) < 20_000
    (folder / "images/1.png").write_bytes(bomb.getvalue())
    problems, rejects = ingest(folder)
    assert reasons(rejects) == ["image_format", "image_too_large"]
    assert "12000 x 12000" in rejects[1]["detail"]
    assert len(problems) == 1


def test_a_symbolic_link_out_of_the_source_is_not_followed(make_source, tmp_path):
    folder = make_source(1, changes={0: {"file_name": "images/link.png"}})
    (tmp_path / "secret.png").write_bytes(draw_image(5))
    (folder / "images/link.png").symlink_to(tmp_path / "secret.png")
    assert reasons(ingest(folder)[1]) == ["bad_image_path"]


def test_the_same_image_with_another_question_is_another_problem(make_source):
    problems, rejects = ingest(make_source(2, changes={1: {"file_name": "images/0.png"}}))
    assert len({problem["problem_id"] for problem in problems}) == 2
    assert not rejects


def test_the_same_image_and_question_twice_is_a_duplicate_in_any_shard(make_source):
    folder = make_source(8, changes={7: make_row(0) | {"id": "other"}})
    for num_shards in (1, 4):
        problems, rejects = ingest(folder, num_shards=num_shards)
        assert reasons(rejects) == ["duplicate"]
        assert len(problems) == 7


def test_the_same_id_for_two_images_is_a_duplicate_id(make_source):
    _, rejects = ingest(make_source(3, changes={2: {"id": "id-0"}}))
    assert reasons(rejects) == ["duplicate_id"]


def test_unicode_twins_of_an_id_are_the_same_id(make_source):
    twin = unicodedata.normalize("NFD", "caf\u00e9")
    _, rejects = ingest(make_source(3, changes={0: {"id": "caf\u00e9"}, 2: {"id": twin}}))
    assert reasons(rejects) == ["duplicate_id"]


@pytest.mark.parametrize("name", ["../../x", "nul\x00byte", "n" * 300, "CON", "a/b\\c", "<b>"])
def test_a_strange_id_is_data_and_never_a_path(make_source, name):
    problems, rejects = ingest(make_source(2, changes={1: {"id": name}}))
    assert problems[1]["source_id"] == name
    assert not rejects


def test_numbers_are_gold_answers_too(make_source):
    problems, _ = ingest(make_source(3, changes={0: {"answer": 1}, 1: {"answer": 2.5}}))
    assert [problem["gold_answer"] for problem in problems] == ["1", "2.5", "5"]


def test_parquet_images_are_read_from_their_bytes_and_never_from_a_path(tmp_path):
    rows = [
        make_row(0) | {"image": {"bytes": draw_image(0), "path": "/etc/passwd"}},
        make_row(1) | {"image": {"bytes": None, "path": "/etc/passwd"}},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    problems, rejects = ingest(tmp_path / "a.parquet")
    assert len(problems) == 1
    assert reasons(rejects) == ["bad_image_path"]


def test_several_images_are_kept_in_order(make_source):
    files = ["images/1.png", "images/0.png"]
    folder = make_source(2, changes={1: {"file_name": files}})
    problems, _ = ingest(folder, params=IngestParams(max_images=2))
    assert problems[1]["image_sha256"][1] == problems[0]["image_sha256"][0]
    assert len(problems[1]["images"]) == 2


def open_all(folders: dict[Path, dict]):
    return [
        (params, open_source(params))
        for folder, keys in folders.items()
        for params in [SourceParams(path=str(folder), **keys)]
    ]


def make_folders(tmp_path: Path, counts: dict[str, int]) -> list[Path]:
    for name, count in counts.items():
        (tmp_path / name).mkdir()
        lines = "".join(json.dumps(make_row(i)) + "\n" for i in range(count))
        (tmp_path / name / "metadata.jsonl").write_text(lines)
    return [tmp_path / name for name in counts]


def test_weights_give_the_largest_mixture_that_has_them(tmp_path):
    a, b = make_folders(tmp_path, {"a": 30, "b": 100})
    planned = plan_sources(open_all({a: {"weight": 1}, b: {"weight": 2}}), None)
    assert [source.num_rows for source in planned] == [30, 60]


def test_a_limit_keeps_the_shares(tmp_path):
    a, b = make_folders(tmp_path, {"a": 30, "b": 90})
    planned = plan_sources(open_all({a: {}, b: {"limit": 70}}), 50)
    assert [source.num_rows for source in planned] == [15, 35]


def test_every_shard_holds_the_mixture(tmp_path):
    a, b = make_folders(tmp_path, {"a": 10, "b": 30})
    planned = plan_sources(open_all({a: {}, b: {}}), None)
    shards = [list(shard_rows(planned, index, 5)) for index in range(5)]
    assert [[source.name for source, _ in shard].count("a") for shard in shards] == [2] * 5
    assert sum(map(len, shards)) == 40


def test_two_sources_of_one_name_are_refused(tmp_path):
    (a,) = make_folders(tmp_path, {"a": 3})
    with pytest.raises(SourceError, match="same name"):
        plan_sources([*open_all({a: {}}), *open_all({a: {}})], None)


def test_one_weight_alone_is_refused(tmp_path):
    a, b = make_folders(tmp_path, {"a": 3, "b": 3})
    with pytest.raises(SourceError, match="every source a weight, or none"):
        plan_sources(open_all({a: {"weight": 1}, b: {}}), None)


def test_a_rejected_row_leaves_no_trace_for_the_rows_behind_it(make_source):
    """Else a run that goes on after a kill, and never sees the reject, would decide otherwise."""
    twin = make_row(1) | {"id": "id-0"}
    folder = make_source(4, changes={1: twin, 3: make_row(1) | {"id": "late"}})
    problems, rejects = ingest(folder)
    assert reasons(rejects) == ["duplicate_id"]
    assert [problem["source_id"] for problem in problems] == ["id-0", "id-2", "late"]
