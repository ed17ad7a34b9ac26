import pyarrow.parquet as pq
import pytest
from datasets import Features, Image, List

from schemas.tables import TABLES
from tasks.publish import (
    MANIFEST,
    PublishedFile,
    PublishedManifest,
    PublishJob,
    complete_target,
    find_published,
    merge_manifest,
    published_schema,
    read_manifest,
    write_file,
)
from tasks.shards import rows_to_table, write_shard
from tasks.storage import Folder
from tests.tasks.tables import make_job, make_problem, write_rows

FACTS = {"funnel": [], "identity": {}}


def make_grpo(number: int) -> dict:
    problem = make_problem(number)
    row = {name: problem[name] for name in TABLES["grpo"].names if name in problem}
    prompt = [{"role": "user", "content": problem["question"]}]
    rates = {"pass_rate": 0.0, "is_censored": False, "num_rollouts": 4, "difficulty": "hard"}
    return row | rates | {"prompt": prompt, "solution": problem["gold_answer"]}


@pytest.fixture
def job(tmp_path) -> PublishJob:
    shard = make_job(tmp_path / "w")
    write_rows(shard, "problems", [make_problem(n) for n in range(100)])
    rows = [make_grpo(n) for n in range(0, 100, 3)]
    write_shard(shard, "grpo", rows_to_table(rows, TABLES["grpo"]), {})
    target = str(tmp_path / "out")
    return PublishJob(shard=shard, config="grpo", target=target, partition="all", max_images=1)


def test_each_row_gets_the_image_of_its_problem(job, tmp_path):
    file = write_file(job)
    assert file.rows == 34
    for row in pq.read_table(tmp_path / "out" / file.path).to_pylist():
        expected = make_problem(int(row["problem_id"], 16))["images"][0]
        assert row["image"] == expected


@pytest.mark.parametrize("config", ["sft", "grpo"])
def test_the_schema_names_an_image_that_datasets_decodes(config):
    assert Features.from_arrow_schema(published_schema(config, 1))["image"] == Image()
    assert Features.from_arrow_schema(published_schema(config, 3))["images"] == List(Image())


def test_a_config_without_rows_has_no_file(tmp_path):
    shard = make_job(tmp_path / "w")
    write_rows(shard, "sft", [])
    job = PublishJob(
        shard=shard, config="sft", target=str(tmp_path / "out"), partition="all", max_images=1
    )
    assert write_file(job) is None
    assert not (tmp_path / "out").exists()


def test_what_was_published_is_found_until_it_is_damaged(job, tmp_path):
    file = write_file(job)
    manifest = merge_manifest(PublishedManifest(dataset="toy"), "all", [file], FACTS)
    assert find_published(job, manifest) == file
    (tmp_path / "out" / file.path).write_bytes(b"short")
    assert find_published(job, manifest) is None


def make_file(partition: str, name: str) -> PublishedFile:
    return PublishedFile(
        path=name,
        config="sft",
        partition=partition,
        fingerprint="f",
        rows=1,
        bytes=1,
        sha256="0",
    )


def test_a_partition_takes_its_own_place_and_no_other(tmp_path):
    target = Folder(str(tmp_path))
    for name in (
        "sft/a-00000-of-00002.parquet",
        "sft/b-00000-of-00001.parquet",
        "sft/stranger.parquet",
    ):
        target.write(name, b"x")
    old = PublishedManifest(
        dataset="toy",
        files=(
            make_file("a", "sft/a-00000-of-00002.parquet"),
            make_file("b", "sft/b-00000-of-00001.parquet"),
        ),
    )
    target.write("sft/a-00000-of-00001.parquet", b"x")
    new = merge_manifest(old, "a", [make_file("a", "sft/a-00000-of-00001.parquet")], FACTS)
    assert complete_target(target, old, new, "card") is True
    assert [name for name in target.list() if name.startswith("sft/")] == [
        "sft/a-00000-of-00001.parquet",
        "sft/b-00000-of-00001.parquet",
        "sft/stranger.parquet",
    ]
    assert read_manifest(target, "toy") == new


def test_nothing_is_written_when_nothing_changed(tmp_path):
    target = Folder(str(tmp_path))
    manifest = PublishedManifest(dataset="toy")
    complete_target(target, manifest, manifest, "card")
    before = {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    assert complete_target(target, manifest, manifest, "card") is False
    assert {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == before
    assert set(before) == {"README.md", MANIFEST}
