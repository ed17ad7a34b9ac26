"""The command line and the environment of `vllm serve`."""

import os

import pytest

from schemas.errors import AccessError
from tasks.server.command import (
    VllmSpec,
    check_spec,
    find_program,
    make_arguments,
    make_defaults,
    make_environment,
)


def make_spec(**changes) -> VllmSpec:
    return VllmSpec(**({"path": "org/model", "names": ("m",)} | changes))


def test_flags_are_written_as_vllm_reads_them():
    flags = {
        "tensor-parallel-size": 2,
        "enforce-eager": True,
        "enable-prefix-caching": False,
        "limit-mm-per-prompt": {"image": 2, "video": 0},
        "lora-modules": ("a=b", "c=d"),
        "chat-template": "-{{ x }}",
    }
    words = make_arguments(make_spec(names=("m", "n"), flags=flags, revision="r1"), "/v/vllm", 8000)
    assert words == [
        *("/v/vllm", "serve", "org/model", "--host=127.0.0.1", "--port=8000"),
        *("--served-model-name", "m", "n", "--revision=r1"),
        *("--tensor-parallel-size=2", "--enforce-eager", "--no-enable-prefix-caching"),
        '--limit-mm-per-prompt={"image": 2, "video": 0}',
        *("--lora-modules", "a=b", "c=d", "--chat-template=-{{ x }}"),
    ]


def test_a_folder_has_no_revision_of_the_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir()
    words = make_arguments(make_spec(path="model", revision="r1"), "vllm", 8000)
    assert words[2] == str(tmp_path / "model")
    assert not [word for word in words if word.startswith("--rev")]


def test_defaults_suit_what_the_model_does():
    vlm, llm = (make_defaults({role}, max_images=3) for role in ("vlm", "llm"))
    assert vlm["limit-mm-per-prompt"] == {"image": 3, "video": 0}
    assert "enable-prefix-caching" not in vlm
    assert llm["enable-prefix-caching"] is True
    assert "limit-mm-per-prompt" not in llm
    assert make_defaults({"vlm", "judge"}, max_images=3) == vlm | llm
    # Sampling is what the recipe says, and the context as long as the memory allows.
    assert all((d["generation-config"], d["max-model-len"]) == ("vllm", "auto") for d in (vlm, llm))


def test_the_environment_is_vllms_own(monkeypatch):
    for name in ("PYTHONPATH", "VIRTUAL_ENV", "VLLM_API_KEY", "VLLM_PORT"):
        monkeypatch.setenv(name, "mine")
    monkeypatch.setenv("HF_TOKEN", "hf_x")
    monkeypatch.setenv("KEY", " sk-1\n")
    made = make_environment(make_spec(), "/opt/vllm/bin/vllm")
    assert not {"PYTHONPATH", "VIRTUAL_ENV", "VLLM_API_KEY", "VLLM_PORT"} & set(made)
    assert made["HF_TOKEN"] == "hf_x"
    assert made["PATH"].split(os.pathsep)[0] == "/opt/vllm/bin"
    assert make_environment(make_spec(api_key_env="KEY"), "vllm")["VLLM_API_KEY"] == "sk-1"


def test_the_program_is_a_path_an_environment_or_on_the_path(tmp_path, monkeypatch):
    program = tmp_path / "bin" / "vllm"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    for command in (str(program), str(tmp_path), "vllm"):
        assert find_program(make_spec(command=command)) == str(program)


@pytest.mark.parametrize("command", ["/nowhere/vllm", "no-such-vllm", "/", ""])
def test_a_program_that_is_not_there_is_named(command):
    with pytest.raises(AccessError, match=f"no vLLM at '{command}'; install it .*models.vlm.comm"):
        find_program(make_spec(command=command))


def test_a_folder_without_a_model_is_named(tmp_path):
    program = tmp_path / "vllm"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for path in (str(tmp_path), "/nowhere/model", "./nowhere"):
        with pytest.raises(AccessError, match=r"not a folder with config\.json; correct models"):
            check_spec(make_spec(path=path, command=str(program)))
    check_spec(make_spec(command=str(program)))
    (tmp_path / "config.json").write_text("{}")
    check_spec(make_spec(path=str(tmp_path), command=str(program)))
