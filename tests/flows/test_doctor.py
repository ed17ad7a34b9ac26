"""`sightline doctor`: what is there is ok, what is not is named with its remedy, nothing is run."""

import importlib.util
import json

import pytest

from flows.cli import main
from flows.recipe_files import load_recipe
from tasks.checkup import check_tools
from tests.clients import dead_url
from tests.fakes import FakeModelServer
from tests.flows.conftest import write_source


@pytest.fixture
def server():
    with FakeModelServer() as running:
        yield running


@pytest.fixture
def source(tmp_path):
    return write_source(tmp_path / "sums", range(3))


def examine(capsys, source, tmp_path, *more: str) -> tuple[int, dict[str, dict]]:
    arguments = ["doctor", "openvlthinker", "--source", str(source), "--json", *more]
    code = main([*arguments, "--workspace", str(tmp_path / "w")])
    checks = json.loads(capsys.readouterr().out)
    return code, {check["subject"]: check for check in checks}


def find(checks: dict[str, dict], *words: str) -> dict:
    (found,) = [check for name, check in checks.items() if all(word in name for word in words)]
    return found


def test_all_is_well_where_all_is_there(server, source, tmp_path, capsys):
    models = ["--vlm", f"fake-vlm@{server.url}", "--llm", f"fake-llm@{server.url}"]
    code, checks = examine(capsys, source, tmp_path, *models)
    assert code == 0, checks
    assert {check["verdict"] for check in checks.values()} == {"ok"}
    assert find(checks, "source")["found"] == "sums: 3 rows"
    assert "2048 pixels" in find(checks, "vlm", "images")["found"]
    assert find(checks, "llm", "stream")["found"] == "answered, tokens counted"


def test_a_wrong_model_a_dead_server_and_a_missing_source_are_told_apart(server, tmp_path, capsys):
    models = ["--vlm", f"other@{server.url}", "--llm", f"fake-llm@{dead_url()}"]
    code, checks = examine(capsys, tmp_path / "nowhere", tmp_path, *models)
    assert code == 1
    vlm, llm, source = find(checks, "vlm at"), find(checks, "llm at"), find(checks, "source")
    assert "does not serve 'other'; it serves 'fake-vlm'" in vlm["found"]
    assert "--vlm" in vlm["remedy"]
    assert llm["found"] == "cannot be reached"
    assert "does not exist" in source["found"]
    assert {vlm["verdict"], llm["verdict"], source["verdict"]} == {"fault"}


def test_a_model_without_a_server_says_which_option_names_it(source, tmp_path, capsys):
    code, checks = examine(capsys, source, tmp_path)
    assert code == 1
    assert "--llm" in checks["llm"]["remedy"]


def test_a_vllm_that_is_not_there_is_a_fault_with_its_key(source, tmp_path, capsys):
    settings = ["--set", "models.vlm.kind=vllm", "--set", "models.vlm.command=/nowhere/vllm"]
    code, checks = examine(capsys, source, tmp_path, *settings)
    assert code == 1
    assert "models.vlm.command" in find(checks, "vlm: vLLM")["remedy"]


def test_a_key_is_never_shown(source, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TOY_KEY", "sk-secret-value")
    with FakeModelServer(api_key="another") as server:
        models = ["--vlm", f"fake-vlm@{server.url}", "--llm", f"fake-llm@{server.url}"]
        keys = ["--set", "models.vlm.api_key_env=TOY_KEY"]
        code, checks = examine(capsys, source, tmp_path, *models, *keys)
    assert code == 1
    assert "TOY_KEY" in find(checks, "vlm at")["remedy"]
    assert "sk-secret-value" not in json.dumps(checks)


def test_a_workspace_that_cannot_be_written_is_a_fault(server, source, tmp_path, capsys):
    (tmp_path / "w").write_text("a file")
    models = ["--vlm", f"fake-vlm@{server.url}", "--llm", f"fake-llm@{server.url}"]
    code, checks = examine(capsys, source, tmp_path, *models)
    assert code == 1
    assert find(checks, "workspace")["verdict"] == "fault"


def test_an_extra_that_a_recipe_needs_and_lacks_is_named(source, tmp_path, capsys, monkeypatch):
    there = importlib.util.find_spec
    absent = {"rapidocr", "vl_convert", "s3fs"}
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in absent else there(name)
    )
    settings = ["--set", "formalize.ocr=true", "--set", "formalize.format=chart_spec"]
    _, checks = examine(capsys, source, tmp_path, *settings)
    assert find(checks, "extra ocr")["verdict"] == "fault"
    assert find(checks, "extra ocr")["remedy"] == 'pip install "sightline[ocr]"'
    # The report shows a chart's text where it cannot draw it: no reason not to run.
    assert find(checks, "extra charts")["verdict"] == "warning"
    assert not any("extra s3" in name or "extra detection" in name for name in checks)
    checks = {check.subject: check for check in check_tools(load_recipe("embedded"), "s3://b/w")}
    assert checks["extra s3"].verdict == "fault"
