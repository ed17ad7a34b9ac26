import json

import pytest

from flows.cli import main
from tests.fakes import FakeModelServer
from tests.flows.conftest import build_arguments, run_command, write_source


@pytest.mark.flow
def test_a_prefect_server_that_is_not_there_is_one_sentence(tmp_path):
    source = write_source(tmp_path / "source", range(2))
    with FakeModelServer() as server:
        arguments = build_arguments(server.url, source, tmp_path / "w")
        ended = run_command(arguments, PREFECT_API_URL="http://127.0.0.1:9/api")
    assert ended.code == 1
    assert "Prefect's API at http://127.0.0.1:9/api does not answer; start it with" in ended.err
    assert "Traceback" not in ended.err


def test_the_resolved_recipe_is_json(capsys):
    assert main(["build", "openvlthinker", "--print-recipe", "--set", "reason.num_rollouts=8"]) == 0
    assert json.loads(capsys.readouterr().out)["reason"]["num_rollouts"] == 8


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["bild"],
        ["build"],
        ["build", "embedded", "--limit", "0"],
    ],
)
def test_wrong_usage_exits_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: sightline" in capsys.readouterr().err


def test_a_model_folder_that_is_not_there_is_one_sentence(tmp_path, capsys):
    assert main(["serve-model", str(tmp_path / "absent")]) in (1, 2)
    said = capsys.readouterr().err
    assert "absent" in said
    assert "Traceback" not in said
