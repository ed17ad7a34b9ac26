"""The main job as a whole: what a person gets, and what a second run costs."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import fsspec
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from flows.build import BuildReport
from schemas.errors import ContractError
from tests.conftest import draw_image, make_row
from tests.fakes import FakeModelServer
from tests.flows.conftest import (
    build_arguments,
    read_data,
    read_files,
    read_times,
    run_build,
    run_command,
    write_source,
)

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("prefect_server")]

NUM_GOOD = 12
K = 4


@pytest.fixture
def server() -> Iterator[FakeModelServer]:
    with FakeModelServer() as running:
        yield running


@pytest.fixture
def source(tmp_path) -> Path:
    return write_source(tmp_path / "source", range(NUM_GOOD))


@pytest.fixture(scope="module")
def mixed(tmp_path_factory) -> Path:
    """Write a source of good rows and of every kind of bad one."""
    folder = write_source(tmp_path_factory.mktemp("mixed") / "source", range(NUM_GOOD))
    (folder / "images/broken.png").write_bytes(draw_image(1)[:60])
    bad = [
        make_row(0),
        make_row(1) | {"question": "Another question"},
        make_row(20),
        make_row(2) | {"file_name": "images/broken.png", "id": "b"},
        make_row(3) | {"question": " ", "id": "c"},
        make_row(4) | {"answer": None, "id": "d"},
    ]
    asked = [
        make_row(5) | {"question": "Is it rejected? [[404]]", "id": "e"},
        make_row(6) | {"question": "Does it refuse? [[refusal]]", "id": "f"},
        make_row(7) | {"question": "Is it cut? [[length]]", "id": "g"},
    ]
    with (folder / "metadata.jsonl").open("a") as stream:
        stream.write("".join(json.dumps(row) + "\n" for row in [*bad, *asked]) + "{not JSON\n")
    return folder


@pytest.fixture(scope="module")
def built(mixed, tmp_path_factory, prefect_server) -> BuildReport:
    """Build the mixed source once, in several shards."""
    with FakeModelServer() as server:
        workspace = tmp_path_factory.mktemp("built") / "w"
        return run_build(server, [mixed], workspace, "ingest.shard_rows=5")


def read_config(report: BuildReport, config: str) -> pl.DataFrame:
    return pl.read_parquet(f"{report.target}/{config}/*.parquet")


def count_rows(report: BuildReport, config: str) -> int:
    files = Path(report.target).glob(f"{config}/*.parquet")
    return sum(pq.read_metadata(file).num_rows for file in files)


def test_every_step_of_the_funnel_adds_up(built):
    steps = built.funnel
    for step in steps:
        assert step["num_in"] == step["num_out"] + sum(step["reasons"].values()), step
    rows, screens, texts, rollouts, verdicts, curated = steps
    assert rows["num_in"] == NUM_GOOD + 10
    assert texts["num_in"] == screens["num_out"] == rows["num_out"] == NUM_GOOD + 3
    assert rollouts["num_in"] == texts["num_out"] * K
    assert verdicts["num_in"] == rollouts["num_in"]
    assert curated["num_in"] == rows["num_out"]
    assert built.rows["sft"] + built.rows["grpo"] == curated["num_out"]


def test_every_dropped_row_problem_and_rollout_is_published_with_its_reason(built):
    rows, _, _, rollouts, _, curated = built.funnel
    expected = {
        "duplicate": 1,
        "duplicate_id": 1,
        "missing_image": 1,
        "empty_question": 1,
        "no_gold_answer": 1,
        "unreadable_row": 1,
    }
    assert rows["reasons"].items() >= expected.items()
    rejects = read_config(built, "rejects")
    dropped_rollouts = rollouts["num_in"] - built.rows["sft"]
    lost = sum(rows["reasons"].values()) + sum(curated["reasons"].values())
    assert len(rejects) == built.rows["rejects"] == lost + dropped_rollouts
    assert rejects["drop_reason"].null_count() == 0
    of_rows = rejects.filter(pl.col("stage") == "ingest")
    assert dict(of_rows["drop_reason"].value_counts().rows()) == rows["reasons"]
    broken = rejects.filter(pl.col("detail").str.contains("line 22"))
    assert broken["drop_reason"].to_list() == ["unreadable_row"]
    assert set(rejects["source_id"].drop_nulls()) >= {"e", "f"}


def test_each_problem_is_in_one_config_and_the_shortest_correct_rollout_is_kept(built):
    sft, grpo = read_config(built, "sft"), read_config(built, "grpo")
    assert not set(sft["problem_id"]) & set(grpo["problem_id"])
    assert sft["problem_id"].is_unique().all()
    assert (sft["pass_rate"] > 0).all()
    assert (grpo["pass_rate"] == 0).all()
    workspace = Path(built.target).parent / "openvlthinker/all"
    rollouts = pl.read_parquet(workspace / "rollouts/*/*.parquet")
    verdicts = pl.read_parquet(workspace / "verdicts/*/*.parquet")
    correct = rollouts.join(verdicts.filter("is_correct"), on=["problem_id", "rollout_index"])
    shortest = correct.group_by("problem_id").agg(pl.col("completion_tokens").min())
    pairs = sft.select("problem_id", "completion_tokens").rows()
    assert sorted(pairs) == sorted(shortest.rows())


def test_a_second_run_asks_nothing_and_rewrites_nothing(server, source, tmp_path):
    first = run_build(server, [source], tmp_path / "w", "ingest.shard_rows=5")
    asked, before = server.counts["requests"], (read_files(tmp_path), read_times(tmp_path))
    again = run_build(server, [source], tmp_path / "w", "ingest.shard_rows=5")
    assert (first.num_requests, first.is_changed) == (NUM_GOOD * (1 + K), True)
    assert (again.num_requests, again.is_changed) == (0, False)
    assert server.counts["requests"] == asked
    assert (read_files(tmp_path), read_times(tmp_path)) == before
    assert again.rows == first.rows
    assert again.funnel == first.funnel


def test_the_order_of_answers_changes_no_byte(source, tmp_path):
    with FakeModelServer() as server:
        run_build(server, [source], tmp_path / "a")
    with FakeModelServer(latency_seconds=0.02) as server:
        run_build(server, [source], tmp_path / "b")
    assert read_data(tmp_path / "a") == read_data(tmp_path / "b")


def test_another_selection_asks_no_model(server, source, tmp_path):
    run_build(server, [source], tmp_path / "w", "reason.race=false")
    others = ("reason.race=false", "curate.select=first")
    report = run_build(server, [source], tmp_path / "w", *others)
    assert (report.num_requests, report.is_changed) == (0, True)
    assert set(read_config(report, "rejects")["drop_reason"]) == {"wrong", "later_than_first"}


def test_more_rollouts_ask_only_for_the_new_ones(server, source, tmp_path):
    run_build(server, [source], tmp_path / "w", "reason.num_rollouts=2")
    report = run_build(server, [source], tmp_path / "w", "reason.num_rollouts=5")
    assert report.num_requests == NUM_GOOD * 3
    assert server.stats()["repeats"] == 0
    fewer = run_build(server, [source], tmp_path / "w", "reason.num_rollouts=3")
    assert fewer.num_requests == 0


def test_another_prompt_temperature_or_model_asks_again(server, source, tmp_path):
    run_build(server, [source], tmp_path / "w")
    warmer = run_build(server, [source], tmp_path / "w", "reason.temperature=0.9")
    assert warmer.num_requests == NUM_GOOD * K
    other = run_build(server, [source], tmp_path / "w", "models.llm.name=fake-vlm")
    assert other.num_requests == NUM_GOOD * K


def test_a_changed_source_asks_only_for_what_is_new(server, source, tmp_path):
    run_build(server, [source], tmp_path / "w")
    (source / "images/12.png").write_bytes(draw_image(12))
    with (source / "metadata.jsonl").open("a") as stream:
        stream.write(json.dumps(make_row(12)) + "\n")
    report = run_build(server, [source], tmp_path / "w")
    assert report.num_requests == 1 + K
    assert report.funnel[0]["num_out"] == NUM_GOOD + 1


def test_datasets_loads_every_config_with_decoded_images(built, mixed, tmp_path):
    datasets = pytest.importorskip("datasets")
    loaded = {
        config: datasets.load_dataset(built.target, config, split="train", cache_dir=str(tmp_path))
        for config in ("sft", "grpo", "rejects")
    }
    assert {config: len(rows) for config, rows in loaded.items()} | {"test": 0} == built.rows
    row = loaded["sft"][0]
    assert isinstance(row["image"], Image.Image)
    original = Image.open(mixed / f"images/{row['source_id'].removeprefix('id-')}.png")
    assert row["image"].convert("RGB").tobytes() == original.convert("RGB").tobytes()
    assert [turn["role"] for turn in row["prompt"] + row["completion"]] == ["user", "assistant"]
    assert row["completion"][0]["content"].startswith("<think>\n")
    assert row["completion"][0]["content"].endswith(f"<answer>{row['gold_answer']}</answer>")
    for config in ("sft", "grpo"):
        assert isinstance(loaded[config].features["image"], datasets.Image)
    assert {"prompt", "image", "solution"} <= set(loaded["grpo"].column_names)
    default = datasets.load_dataset(built.target, split="train", cache_dir=str(tmp_path))
    assert default.column_names == loaded["sft"].column_names


def test_rows_are_what_trls_trainers_take(built):
    data_utils = pytest.importorskip("trl.data_utils")
    for config, keys in (("sft", ("prompt", "completion")), ("grpo", ("prompt",))):
        row = read_config(built, config).row(0, named=True)
        assert data_utils.is_conversational({key: row[key] for key in keys})
        prepared = data_utils.prepare_multimodal_messages(
            row["prompt"], images=[Image.open(io.BytesIO(row["image"]["bytes"]))]
        )
        assert [part["type"] for part in prepared[0]["content"]] == ["image", "text"]


def test_published_files_have_row_groups_page_indexes_and_raw_image_bytes(
    server, tmp_path, prefect_server
):
    source = write_source(tmp_path / "source", range(70))
    report = run_build(server, [source], tmp_path / "w", "reason.num_rollouts=1")
    (file,) = Path(report.target).glob("sft/*.parquet")
    meta = pq.read_metadata(file)
    assert meta.num_row_groups == 2
    for group in range(meta.num_row_groups):
        for place in range(meta.num_columns):
            column = meta.row_group(group).column(place)
            is_image = column.path_in_schema == "image.bytes"
            assert column.compression == ("UNCOMPRESSED" if is_image else "ZSTD")
            assert column.has_offset_index
            assert column.has_column_index or is_image
    docs = [field.metadata[b"doc"] for field in pq.read_schema(file)]
    assert all(docs)


def test_no_path_and_no_key_is_in_any_file(source, tmp_path, monkeypatch):
    key = "canary-5f1e7a"
    rows = [make_row(number) for number in range(NUM_GOOD)]
    rows[0]["question"] = "Does it repeat my key? [[echo_key]]"
    (source / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    named = ("models.vlm.api_key_env=SIGHTLINE_KEY", "models.llm.api_key_env=SIGHTLINE_KEY")
    with FakeModelServer(api_key=key) as server:
        arguments = build_arguments(server.url, source, tmp_path / "w", "--verbose")
        for setting in named:
            arguments += ["--set", setting]
        ended = run_command(arguments, SIGHTLINE_KEY=key)
    assert ended.code == 0, ended.err
    files = {path: path.read_bytes() for path in (tmp_path / "w").rglob("*") if path.is_file()}
    assert any(path.suffix == ".log" for path in files)
    assert not [path for path, data in files.items() if key.encode() in data]
    assert key not in ended.out + ended.err
    here = str(tmp_path).encode()
    assert not [path for path, data in files.items() if here in data]
    table = pl.read_parquet(tmp_path / "w/published/rejects/*.parquet")
    assert "[key]" in "".join(table["detail"].drop_nulls())


def test_partitions_stand_side_by_side_in_one_target(server, tmp_path):
    reports = {}
    for number, name in enumerate(("2026-11-19", "2026-11-20")):
        numbers = range(number * 10, number * 10 + 5)
        source = write_source(tmp_path / name, numbers)
        reports[name] = run_build(server, [source], tmp_path / "w", partition=name)
    target = Path(reports[name].target)
    manifest = json.loads((target / "sightline.json").read_text())
    assert set(manifest["partitions"]) == set(reports)
    for config in ("sft", "grpo", "rejects"):
        total = sum(report.rows[config] for report in reports.values())
        assert count_rows(reports[name], config) == total
        assert f"| `{config}` | {total} |" in (target / "README.md").read_text() or not total
    assert {file["path"] for file in manifest["files"]} == {
        str(path.relative_to(target)) for path in target.glob("*/*.parquet")
    }


def test_a_rerun_replaces_its_own_files_only(server, tmp_path):
    sources = {name: write_source(tmp_path / name, range(9)) for name in ("a", "b")}
    for name, source in sources.items():
        settings = ("ingest.shard_rows=3",)
        report = run_build(server, [source], tmp_path / "w", *settings, partition=name)
    target = Path(report.target)
    strangers = {"NOTES.txt": b"mine", "sft/extra.txt": b"mine too"}
    for name, data in strangers.items():
        (target / name).write_bytes(data)
    kept = {path: data for path, data in read_files(target).items() if "/b-" in path}
    # As a run leaves them that is killed after its files and before its manifest.
    for name in ("sft/a-00000-of-00007.parquet", "rejects/a-00006-of-00007.parquet"):
        (target / name).write_bytes((target / "sft/a-00000-of-00003.parquet").read_bytes())
    changed = "curate.layout=think_answer"
    again = run_build(server, [sources["a"]], tmp_path / "w", changed, partition="a")
    assert again.num_requests == 0
    files = read_files(target)
    assert {path: data for path, data in files.items() if "/b-" in path} == kept
    assert {name: files[name] for name in strangers} == strangers
    own = [path for path in files if "/a-" in path]
    assert own
    assert all(path.endswith("-00000-of-00001.parquet") for path in own)


def test_a_target_that_is_not_of_this_data_set_is_refused_before_anything_is_spent(
    server, source, tmp_path
):
    run_build(server, [source], tmp_path / "w")
    for name in ("foreign", "broken"):
        (tmp_path / name).mkdir()
    (tmp_path / "foreign/README.md").write_text("# My project")
    (tmp_path / "broken/sightline.json").write_text("{}")
    asked, before = server.counts["requests"], read_files(tmp_path)
    with pytest.raises(ContractError, match="holds the data set 'openvlthinker', not 'other'"):
        run_build(server, [source], tmp_path / "w", "name=other")
    for name, words in (("foreign", "README.md that is not ours"), ("broken", "is no manifest")):
        with pytest.raises(ContractError, match=words):
            run_build(server, [source], tmp_path / "other", publish=str(tmp_path / name))
    assert server.counts["requests"] == asked
    assert read_files(tmp_path) == before


def test_several_sources_are_mixed_by_weight_and_named(server, tmp_path):
    sources = [write_source(tmp_path / "one", range(8)), tmp_path / "two"]
    write_source(sources[1], range(20, 28))
    weights = ("source.0.weight=3", "source.1.weight=1", "source.1.license=mit")
    report = run_build(server, sources, tmp_path / "w", *weights)
    assert report.funnel[0]["num_in"] == 8 + 2
    kept = pl.concat(
        read_config(report, config).select("source", "license", "source_id")
        for config in ("sft", "grpo")
        if report.rows[config]
    )
    assert dict(kept["source"].value_counts().rows()) == {"one": 8, "two": 2}
    assert set(kept.filter(pl.col("source") == "two")["license"]) == {"mit"}
    assert set(kept.filter(pl.col("source") == "one")["license"]) == {None}


def test_a_limit_takes_the_first_rows(server, source, tmp_path):
    report = run_build(server, [source], tmp_path / "w", limit=3)
    assert report.funnel[0]["num_in"] == 3
    assert report.num_requests == 3 * (1 + K)
    whole = run_build(server, [source], tmp_path / "w")
    assert whole.num_requests == (NUM_GOOD - 3) * (1 + K)


@pytest.fixture
def s3(tmp_path, monkeypatch) -> Iterator[str]:
    """Run a local S3 server and return the URL of its bucket."""
    moto = pytest.importorskip("moto.server")
    s3fs = pytest.importorskip("s3fs")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"key": "test", "secret": "test", "endpoint_url": f"http://{host}:{port}"}
    monkeypatch.setitem(fsspec.config.conf, "s3", keys)
    s3fs.S3FileSystem.clear_instance_cache()
    fsspec.filesystem("s3").makedirs(f"bucket-{os.getpid()}", exist_ok=True)
    yield f"s3://bucket-{os.getpid()}/{tmp_path.name}"
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


def read_remote(url: str) -> dict[str, bytes]:
    """Return the data files below a URL."""
    fs, root = fsspec.core.url_to_fs(url)
    fs.invalidate_cache()
    names = [str(name) for name in fs.find(root)]
    kept = [name for name in names if name.endswith(".parquet") or "/published/" in name]
    return {name[len(root) :]: fs.cat_file(name) for name in kept if not name.endswith(".lock")}


@pytest.mark.parametrize("kind", ["memory", "s3"])
def test_a_workspace_may_be_any_fsspec_url(server, source, tmp_path, kind, request):
    url = f"memory://{tmp_path.name}" if kind == "memory" else request.getfixturevalue("s3")
    first = run_build(server, [source], f"{url}/w", "ingest.shard_rows=5")
    files = read_remote(f"{url}/w")
    again = run_build(server, [source], f"{url}/w", "ingest.shard_rows=5")
    assert (again.num_requests, again.is_changed) == (0, False)
    assert read_remote(f"{url}/w") == files
    local = run_build(server, [source], tmp_path / "w", "ingest.shard_rows=5")
    assert local.rows == first.rows
    data = {name.lstrip("/"): found for name, found in files.items() if "report.html" not in name}
    assert data == read_data(tmp_path / "w")
    fewer = run_build(server, [source], f"{url}/w", limit=5)
    assert fewer.num_requests == 0
    published = [name for name in read_remote(f"{url}/w") if "/published/sft/" in name]
    assert published == ["/published/sft/all-00000-of-00001.parquet"]


def test_a_target_may_be_remote_while_the_workspace_is_local(server, source, tmp_path, s3):
    options = {"publish": f"{s3}/published"}
    report = run_build(server, [source], tmp_path / "w", **options)
    assert run_build(server, [source], tmp_path / "w", **options).is_changed is False
    local = run_build(server, [source], tmp_path / "w")
    remote = {name: data for name, data in read_remote(s3).items()}
    assert remote == {
        f"/published/{name}": data for name, data in read_files(Path(local.target)).items()
    }
    assert report.target == f"{s3}/published"


UPLOAD = """
import sys
from huggingface_hub import HfApi
api = HfApi()
api.create_repo("tester/sums", repo_type="dataset")
api.upload_file(
    path_or_fileobj=sys.argv[1], path_in_repo="data/train-00000-of-00001.parquet",
    repo_id="tester/sums", repo_type="dataset",
)
"""


@pytest.mark.shared
def test_a_source_may_be_a_data_set_of_the_hub(server, tmp_path, shared):
    rows = [make_row(number) for number in range(5)]
    images = [{"bytes": draw_image(number), "path": None} for number in range(5)]
    columns = {name: [row[name] for row in rows] for name in ("id", "question", "answer")}
    pq.write_table(pa.table(columns | {"image": images}), tmp_path / "train.parquet")
    hub = subprocess.Popen(
        [sys.executable, shared / "tools/hub_server.py", "--root", tmp_path / "hub"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert hub.stdout is not None
        place = json.loads(hub.stdout.readline())
        home = {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_XET": "1"}
        upload = [sys.executable, "-c", UPLOAD, tmp_path / "train.parquet"]
        subprocess.run(upload, env=os.environ | place | home, check=True, capture_output=True)
        arguments = build_arguments(server.url, "tester/sums", tmp_path / "w", "--json")
        first = run_command(arguments, **place, **home)
        assert first.code == 0, first.err
        again = run_command(arguments, **place, **home)
        absent = build_arguments(server.url, "tester/absent", tmp_path / "w")
        refused = run_command(absent, **place, **home)
    finally:
        hub.terminate()
        hub.wait()
    report = json.loads(first.out)
    assert report["funnel"][0] == report["funnel"][0] | {"num_in": 5, "num_out": 5}
    assert json.loads(again.out)["num_requests"] == 0
    assert refused.code == 2
    assert "is neither a path nor a data set that the Hub shows" in refused.sentence
