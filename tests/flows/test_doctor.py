"""`sightline doctor`: what is there is ok, what is not is named with its remedy, nothing is run."""

import importlib.util
import json
from dataclasses import replace

import pytest
from huggingface_hub import HfApi
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.cli import main
from flows.recipe_files import load_recipe
from tasks.checkup import check_hub, check_tools
from tasks.sampling import checkup, transport
from tests.clients import FAST, dead_url
from tests.fake_faults import FAULTS
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
    assert llm["found"] == "cannot be reached: connection refused"
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


@pytest.mark.parametrize("where", ["fault", "models_fault"])
def test_a_key_that_a_server_repeats_is_not_shown(source, tmp_path, capsys, monkeypatch, where):
    monkeypatch.setenv("TOY_KEY", "sk-secret-value")
    with FakeModelServer(**{where: "echo_key"}) as server:
        arguments = ["doctor", "openvlthinker", "--source", str(source)]
        models = ["--vlm", f"fake-vlm@{server.url}", "--llm", f"fake-llm@{server.url}"]
        keys = [f"--set=models.{role}.api_key_env=TOY_KEY" for role in ("vlm", "llm")]
        assert main([*arguments, *models, *keys, "--workspace", str(tmp_path / "w")]) == 1
    shown = "".join(capsys.readouterr())
    assert shown.count("wrong key Bearer [key]") == 2
    assert "sk-secret-value" not in shown


@pytest.mark.parametrize("url", ["http://h:99999/v1", "http://me:sk-secret@h/v1", "http://[::1/v1"])
def test_a_url_that_is_none_is_one_sentence(source, tmp_path, capsys, url):
    arguments = ["doctor", "openvlthinker", "--source", str(source), "--llm", f"m@{url}"]
    assert main([*arguments, "--workspace", str(tmp_path / "w")]) == 2
    shown = capsys.readouterr().err
    assert "models.llm.urls" in shown and len(shown.splitlines()) == 1
    assert "sk-secret" not in shown


@pytest.mark.parametrize(
    "answer",
    [
        OSError(),
        RuntimeError("Illegal header b'hf_secret'"),
        ["me"],
        {"auth": {"accessToken": None}},
    ],
)
def test_a_hub_that_answers_oddly_or_not_at_all_is_one_line(monkeypatch, answer):
    def whoami(_: object) -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setattr(HfApi, "whoami", whoami)
    (check,) = check_hub(load_recipe("openvlthinker", sources=["org/data"]))
    assert check.verdict == ("ok" if isinstance(answer, dict) else "fault")
    assert (check.verdict == "ok") == (check.remedy is None)
    assert "hf_secret" not in f"{check.found} {check.remedy}"


@pytest.mark.parametrize(
    "url", ["nonsense", "http://h:99999/api", "http://me:sk-secret@h.invalid/"]
)
def test_a_prefect_server_that_is_not_there_is_one_line(
    server, source, tmp_path, capsys, monkeypatch, url
):
    monkeypatch.setenv("PREFECT_API_URL", url)
    models = ["--vlm", f"fake-vlm@{server.url}", "--llm", f"fake-llm@{server.url}"]
    with temporary_settings({PREFECT_API_URL: url}):
        code, checks = examine(capsys, source, tmp_path, *models)
    check = find(checks, "Prefect API")
    assert (code, check["verdict"]) == (1, "fault")
    assert "PREFECT_API_URL" in check["remedy"] and "sk-secret" not in json.dumps(checks)


# Whatever a server does, each finding is one line; what is wrong is told once, with its remedy.

COMPLETES = {
    *("answer_whole", "answer_untyped", "refuse", "parts", "odd_usage", "empty_content", "length"),
    *("reasoning", "reasoning_content", "only_reasoning", "unclosed"),
}
REFUSES = {"refusal", "content_filter"}
NEVER_ENDS = {"stall", "stall_middle", "drip", "stall_stream", "linger"}


def bound_waits(monkeypatch, fault: str, **seconds: float) -> None:
    """Wait for a whole answer as long as it takes, unless there will be none."""
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 1 << 20)
    waits = seconds if fault in NEVER_ENDS else {}
    monkeypatch.setattr(checkup, "PATIENCE", replace(FAST, check_attempts=2, **waits))


def examine_server(
    capsys, source, tmp_path, server: FakeModelServer
) -> tuple[int, dict[str, list[dict]]]:
    """Return the exit code, and what was found of each role's server."""
    models = ["--vlm", f"fake-vlm@{server.url}", "--llm", f"fake-llm@{server.url}"]
    code, checks = examine(capsys, source, tmp_path, *models)
    for check in checks.values():
        assert check["found"].isprintable() and len(check["found"]) <= 300
        assert (check["verdict"] == "ok") == (check["remedy"] is None)
        assert (check["remedy"] or "x").isprintable()
    roles = ("vlm", "llm")
    return code, {role: [checks[name] for name in checks if f"{role} at" in name] for role in roles}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_whatever_a_server_says_to_a_request_is_told(source, tmp_path, capsys, monkeypatch, fault):
    bound_waits(monkeypatch, fault, attempt_seconds=0.4)
    with FakeModelServer(fault=fault) as server:
        code, found = examine_server(capsys, source, tmp_path, server)
    for checks in found.values():
        verdicts = [(check["subject"].rpartition(", ")[2], check["verdict"]) for check in checks]
        faults = [what for what, verdict in verdicts if verdict == "fault"]
        if fault in COMPLETES | REFUSES:
            assert code == 0 and not faults
            assert ("a text request", "warning" if fault in REFUSES else "ok") in verdicts
        else:
            assert code == 1 and faults == ["a text request"]
            assert verdicts[-1] == ("a text request", "fault")


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_whatever_a_server_lists_as_models_is_told(source, tmp_path, capsys, monkeypatch, fault):
    bound_waits(monkeypatch, fault, check_seconds=0.4)
    with FakeModelServer(models_fault=fault) as server:
        code, found = examine_server(capsys, source, tmp_path, server)
        assert not server.asked or fault in ("answer_whole", "answer_untyped", "refuse")
    for role, checks in found.items():
        if server.asked:
            assert code == 0
        else:
            assert code == 1
            (check,) = checks
            assert check["verdict"] == "fault" and f"--{role}" in check["remedy"]


@pytest.mark.parametrize(
    ("refused", "verdict", "found"),
    [
        ("continuous", "ok", "answered, tokens counted"),
        ("include_usage", "warning", "no count of tokens in the stream"),
        ("stream", "warning", "no stream: the server sends completions whole"),
    ],
)
def test_an_option_of_streams_that_a_server_refuses_is_no_fault(
    source, tmp_path, capsys, refused, verdict, found
):
    with FakeModelServer(fault=f"refuse:{refused}") as server:
        code, checks = examine_server(capsys, source, tmp_path, server)
    stream = checks["llm"][-1]
    assert (code, stream["verdict"], stream["found"]) == (0, verdict, found)


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
