"""What a person sees when something is wrong: one sentence, an exit code, no traceback."""

import json
import os
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import fsspec
import polars as pl
import pytest

import flows.build
from flows.cli import main
from tasks.lock import hold
from tasks.sampling.retries import Patience
from tasks.storage import Folder
from tests.fakes import FakeModelServer
from tests.flows.conftest import (
    Ended,
    build_arguments,
    read_data,
    read_files,
    run_build,
    write_source,
)

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("prefect_server")]

NOWHERE = "http://127.0.0.1:9/v1"
ONE_SHARD = ("--set", "ingest.shard_rows=100")


@pytest.fixture
def source(tmp_path) -> Path:
    return write_source(tmp_path / "source", range(6))


@pytest.fixture(scope="module")
def server() -> Iterator[FakeModelServer]:
    with FakeModelServer() as running:
        yield running


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has no rows"),
        ("\n\n", "has no rows"),
        ('{"file_name": "images/0.png", "ask": "x", "answer": "1"}\n', "no column 'question'"),
        ('{"image": "images/0.png", "question": "x"}\n', "no column 'answer' (source.answer)"),
    ],
)
def test_a_source_without_rows_or_columns_is_named(
    source, server, sightline, tmp_path, text, sentence
):
    (source / "metadata.jsonl").write_text(text)
    ended = sightline.run(build_arguments(server.url, source, tmp_path / "w"))
    assert ended.code == 2
    assert sentence in ended.sentence
    assert str(source) in ended.sentence
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("absent/folder/deep", "does not exist"),
        ("*.jsonl", "does not exist"),
        ("memory://absent.parquet", "does not exist"),
        ("nowhere://x", "cannot read source 'nowhere://x'"),
        ("text.txt", "expected .jsonl or .parquet files"),
        ("broken.parquet", "cannot read source"),
        ("folder", "has neither metadata.jsonl nor *.parquet"),
        ("\0", "cannot read source"),
    ],
)
def test_a_source_that_cannot_be_read_is_named(
    server, sightline, tmp_path, monkeypatch, path, sentence
):
    (tmp_path / "text.txt").write_text("text")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 is not enough")
    (tmp_path / "folder").mkdir()
    place = path if "://" in path else str(tmp_path / path)
    ended = sightline.run(build_arguments(server.url, place, tmp_path / "w"))
    assert ended.code == 2
    assert sentence in ended.sentence


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "cannot reach http://127.0.0.1:9/v1: connection refused; start the server or"),
        ({"models_fault": "html"}, "has no list of models (200: Sign in)"),
        ({"models_fault": "401"}, "refuses access to 'fake-vlm' (401: fault 401"),
        ({"models_fault": "404"}, "has no list of models (404: fault 404"),
        ({"models_fault": "not_http"}, "the answer is not HTTP"),
        ({"models": ["other"]}, "does not serve 'fake-vlm'; it serves 'other'"),
        ({"api_key": "secret"}, "name the environment variable that holds its key in api_key_env"),
    ],
)
def test_a_server_of_no_use_is_named_before_anything_is_spent(
    source, sightline, tmp_path, options, sentence
):
    with FakeModelServer(**options) as server:
        url = server.url if options else NOWHERE
        ended = sightline.run(build_arguments(url, source, tmp_path / "w"))
    assert ended.code == 1
    assert sentence in ended.sentence
    assert not server.asked
    assert not [name for name in read_files(tmp_path / "w") if name.endswith(".parquet")]


def test_an_api_key_that_is_not_set_is_named(source, server, sightline, tmp_path):
    setting = ("--set", "models.llm.api_key_env=SIGHTLINE_ABSENT_KEY")
    ended = sightline.run(build_arguments(server.url, source, tmp_path / "w", *setting))
    assert ended.code == 1
    assert ended.sentence.endswith("set the environment variable SIGHTLINE_ABSENT_KEY")


@pytest.mark.parametrize("code", [401, 403])
def test_a_server_that_withdraws_access_ends_the_run(source, sightline, tmp_path, code):
    with FakeModelServer(fault=str(code)) as server:
        ended = sightline.run(build_arguments(server.url, source, tmp_path / "w"))
    assert ended.code == 1
    assert f"refuses access to 'fake-vlm' ({code}: fault {code}" in ended.sentence
    assert server.counts["requests"] <= 6


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--set", "reason.num_rollout=8"], "unknown key 'reason.num_rollout'"),
        (["--set", "ingest.max_side=wide"], "'ingest.max_side' is 'wide'"),
        (["--vlm", "no-url"], "--vlm: expected NAME@URL, got 'no-url'"),
        (["--partition", "../up"], "--partition: expected letters, digits and . _ -, got '../up'"),
        (["--partition", "replies"], "--partition: 'replies' is a folder of Sightline's own"),
        (["--partition", "estimate"], "--partition: 'estimate' is a folder of Sightline's own"),
    ],
)
def test_a_wrong_recipe_exits_2_and_writes_nothing(source, tmp_path, capsys, arguments, sentence):
    given = build_arguments(NOWHERE, source, tmp_path / "w", *arguments)
    assert main(given) == 2
    shown = capsys.readouterr().err
    assert sentence in shown
    assert len(shown.strip().splitlines()) == 1
    assert not (tmp_path / "w").exists()


def test_a_wrong_option_exits_2(source, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(build_arguments(NOWHERE, source, tmp_path / "w", "--limit", "0"))
    assert ended.value.code == 2
    assert "expected" in capsys.readouterr().err


def test_models_without_a_server_are_named(source, capsys):
    assert main(["build", "openvlthinker", "--source", str(source)]) == 2
    assert "has no server; start one and give --vlm" in capsys.readouterr().err


def test_an_interrupt_while_the_source_is_read_is_one_sentence(
    source, tmp_path, capsys, monkeypatch
):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("flows.plan.plan_build", interrupt)
    assert main(build_arguments(NOWHERE, source, tmp_path / "w")) == 1
    assert capsys.readouterr().err.strip() == "error: stopped; the same command goes on from here"


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/w"])
def test_a_workspace_that_cannot_be_written_is_named(source, server, sightline, tmp_path, place):
    (tmp_path / "file").write_text("in the way")
    ended = sightline.run(build_arguments(server.url, source, tmp_path / place))
    assert ended.code == 1
    assert "cannot write a log: " in ended.sentence
    assert str(tmp_path / place) in ended.sentence


@pytest.mark.parametrize("option", ["--workspace", "--publish"])
def test_a_place_on_no_known_file_system_is_named_before_anything_is_spent(
    source, server, sightline, tmp_path, option
):
    asked = server.counts["requests"]
    given = [*build_arguments(server.url, source, tmp_path / "w"), option, "nowhere://x"]
    ended = sightline.run(given)
    assert ended.code == 2
    assert f"{option}: cannot write to 'nowhere://x" in ended.sentence
    assert server.counts["requests"] == asked


@pytest.fixture
def locked_bucket(monkeypatch) -> str:
    """Give the URL of an object store that asks for credentials, of which there are none."""
    s3fs = pytest.importorskip("s3fs", reason="needs the extra s3")
    monkeypatch.setitem(fsspec.config.conf, "s3", {"endpoint_url": NOWHERE.removesuffix("/v1")})
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    s3fs.S3FileSystem.clear_instance_cache()
    return "s3://bucket/runs"


@pytest.mark.parametrize("option", ["--workspace", "--publish", "--source"])
def test_an_object_store_without_credentials_is_named_before_anything_is_spent(
    source, server, sightline, tmp_path, locked_bucket, option
):
    asked = server.counts["requests"]
    given = build_arguments(server.url, source, tmp_path / "w")
    if option == "--source":
        given = build_arguments(server.url, locked_bucket, tmp_path / "w")
    ended = sightline.run([*given, *([option, locked_bucket] if option != "--source" else [])])
    assert ended.code == 2
    assert f"'{locked_bucket}': Unable to locate credentials" in ended.sentence
    assert "bug" not in ended.sentence
    assert server.counts["requests"] == asked


def test_a_workspace_that_another_run_holds_is_left_alone(source, server, sightline, tmp_path):
    arguments = build_arguments(server.url, source, tmp_path / "w")
    with hold(Folder(str(tmp_path / "w/openvlthinker/all"))):
        ended = sightline.run(arguments)
        assert ended.code == 1
        assert f"another run (process {os.getpid()} on " in ended.sentence
        assert not read_files(tmp_path / "w")
        elsewhere = sightline.run([*arguments, "--partition", "other"])
        assert elsewhere.code == 0, elsewhere.err
    assert sightline.run(arguments).code == 0


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """Mount a disk of 64 kB, or skip."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if not set_size(disk, 64, "-t", "tmpfs"):
        pytest.skip("this user may not mount a tmpfs")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def set_size(disk: Path, kilobytes: int, *options: str) -> bool:
    """Mount or resize a disk; return whether that is allowed."""
    how = options or ("-o", "remount")
    command = ["mount", *how, "-o", f"size={kilobytes}k", "tmpfs", str(disk)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_a_full_disk_is_one_sentence_and_the_run_goes_on_when_there_is_space(
    source, server, sightline, tmp_path, small_disk
):
    ended = sightline.run(build_arguments(server.url, source, tmp_path / "whole"))
    assert ended.code == 0, ended.err
    whole = read_data(tmp_path / "whole")
    needed = used_kilobytes(tmp_path / "whole")
    arguments = build_arguments(server.url, source, small_disk / "w")
    stages = []
    for share in (0.02, 0.2, 0.4, 0.6, 0.8):
        assert set_size(small_disk, int(needed * share))
        ended = sightline.run(arguments)
        assert ended.code == 1, ended.err
        assert "No space left on device" in ended.sentence
        stages.append(len(read_data(small_disk / "w")))
    assert stages == sorted(stages)
    assert stages[0] < stages[-1], "no run got further"
    assert set_size(small_disk, 4 * needed)
    ended = sightline.run(arguments)
    assert ended.code == 0, ended.err
    assert read_data(small_disk / "w") == whole


def used_kilobytes(folder: Path) -> int:
    return sum(-(-file.stat().st_size // 4096) * 4 for file in folder.rglob("*") if file.is_file())


def test_a_server_that_fails_every_request_ends_the_run_after_retries(
    source, tmp_path, capsys, monkeypatch
):
    patience = partial(Patience, base_seconds=0.01, max_attempts=3)
    monkeypatch.setattr("tasks.sampling.client.Patience", patience)
    hasty = flows.build.formalize_shard.with_options(retry_delay_seconds=0.01)
    monkeypatch.setattr(flows.build, "formalize_shard", hasty)
    with FakeModelServer(fault="500") as server:
        assert main(build_arguments(server.url, source, tmp_path / "w")) == 1
    shown = Ended(1, "", capsys.readouterr().err)
    assert shown.sentence.startswith("fake-vlm: 6 of 6 requests failed, most often with '500: ")
    assert shown.sentence.endswith("mend the server and run the same command again")
    tries_of_shard, tries_of_request = 3, 3
    assert server.counts["requests"] == 6 * tries_of_shard * tries_of_request
    with FakeModelServer() as server:
        report = run_build(server, [source], tmp_path / "w")
    assert report.rows["sft"] + report.rows["grpo"] == 6


def ask_badly(source: Path, index: int, fault: str) -> None:
    """Have the server fail whenever it is asked the question of one row."""
    rows = [json.loads(line) for line in (source / "metadata.jsonl").read_text().splitlines()]
    rows[index]["question"] += f" [[{fault}]]"
    (source / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize("code", [400, 404, 413, 422])
def test_rows_that_a_server_rejects_are_kept_with_their_reason(source, tmp_path, code):
    ask_badly(source, 1, str(code))
    with FakeModelServer() as server:
        report = run_build(server, [source], tmp_path / "w", "reason.num_rollouts=3")
        assert server.counts["requests"] == 6 + 6 * 3
    assert report.funnel[3]["reasons"]["rejected"] == 3
    assert report.funnel[4]["reasons"]["no_reply"] == 3
    table = pl.read_parquet(f"{report.target}/rejects/*.parquet")
    lost = table.filter(pl.col("drop_reason") == "no_verdict")
    assert lost["source_id"].to_list() == ["id-1"]


def test_a_server_that_rejects_every_request_ends_the_run_and_another_one_is_asked_anew(
    source, tmp_path, capsys, monkeypatch
):
    hasty = flows.build.formalize_shard.with_options(retry_delay_seconds=0.01)
    monkeypatch.setattr(flows.build, "formalize_shard", hasty)
    with FakeModelServer(fault="404") as server:
        assert main(build_arguments(server.url, source, tmp_path / "w")) == 1
    shown = Ended(1, "", capsys.readouterr().err)
    assert shown.sentence.startswith("fake-vlm: 6 of 6 requests failed, most often with '404: ")
    with FakeModelServer() as server:
        report = run_build(server, [source], tmp_path / "w")
    assert report.rows["sft"] + report.rows["grpo"] == 6


def test_what_fails_alone_in_a_shard_among_others_is_a_row(source, tmp_path):
    ask_badly(source, 5, "null_content")
    with FakeModelServer() as server:
        report = run_build(server, [source], tmp_path / "w", "ingest.shard_rows=1")
    assert report.rows["sft"] + report.rows["grpo"] == 5
    table = pl.read_parquet(f"{report.target}/rejects/*.parquet")
    lost = table.filter(pl.col("drop_reason") == "no_verdict")
    assert lost["source_id"].to_list() == ["id-5"]
