"""A server that cannot start says in one sentence why, under both of its commands."""

import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra 'embedded' is not installed")
pytest.importorskip("transformers", reason="the extra 'embedded' is not installed")

from flows.cli import main as run_sightline
from tasks import embedded_server
from tests.tiny_checkpoint import write_text_checkpoint

COMMANDS: list[Callable[[list[str]], int]] = [
    embedded_server.main,
    lambda arguments: run_sightline(["serve-model", *arguments]),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_text_checkpoint(tmp_path_factory.mktemp("text") / "tiny-text")


def cut_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def change_sizes(folder: Path) -> None:
    path = folder / "config.json"
    fields = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(fields | {"intermediate_size": 32}), encoding="utf-8")


def drop_weight(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    del weights["model.norm.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (cut_weights, "file not fully covered"),
        (change_sizes, "weights have other shapes than its config.json says"),
        (drop_weight, "1 weights are not in its files, such as 'model.norm.weight'"),
    ],
)
def test_a_damaged_checkpoint_is_one_sentence(
    folder: Path, tmp_path: Path, capfd: Any, command: Any, damage: Any, reason: str
):
    broken = shutil.copytree(folder, tmp_path / "broken")
    damage(broken)
    assert command([str(broken), "--port=0"]) in (1, 2)
    said = capfd.readouterr().err.strip()
    assert "cannot serve the model in 'broken'" in said
    assert reason in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("port", ["99999", "-1", "http", "65536"])
def test_no_port_is_wrong_usage(folder: Path, capfd: Any, command: Any, port: str):
    with pytest.raises(SystemExit) as ended:
        command([str(folder), f"--port={port}"])
    assert ended.value.code == 2
    assert f"must be a port from 0 to 65535, got '{port}'" in capfd.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_taken_port_and_a_bad_host_name_their_remedy(folder: Path, capfd: Any, command: Any):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert command([str(folder), f"--port={port}"]) == 1
    said = capfd.readouterr().err
    assert f"cannot serve on 127.0.0.1:{port}: Address already in use; take another --port" in said
    assert command([str(folder), "--port=0", f"--host={'a' * 80}"]) == 1
    assert "take another --host" in capfd.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_before_it_is_ready_says_so(
    folder: Path, capfd: Any, command: Any, monkeypatch: pytest.MonkeyPatch
):
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(embedded_server, "_load", interrupt)
    assert command([str(folder), "--port=0"]) == 1
    assert "stopped before the server was ready" in capfd.readouterr().err
