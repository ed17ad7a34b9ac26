"""What is started: the command line of `vllm serve` and its environment.

Secrets go into the environment only: a command line is shown by `ps`, and vLLM logs it.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.errors import AccessError

HOST = "127.0.0.1"
CAPTIONING: dict[str, Any] = {"mm-processor-cache-gb": 1}
"""Most images are seen once or twice, so a large cache of them would only take memory."""
REASONING: dict[str, Any] = {"enable-prefix-caching": True, "stream-interval": 16}
"""The k rollouts of a problem share their prompt; a chunk of 16 tokens costs the client little."""
ALWAYS: dict[str, Any] = {
    # The model's whole context, or as much of it as fits into the memory.
    "max-model-len": "auto",
    # Else the model's own file overrides what the recipe says of sampling.
    "generation-config": "vllm",
    # One line a request would be most of the log.
    "disable-uvicorn-access-log": True,
}
"""Chunked prefill is vLLM's own default, and so are the sizes of its batches."""
_FOREIGN = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "VLLM_API_KEY", "VLLM_PORT")
"""Variables that belong to this process's environment, or would change what is served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VllmSpec:
    """One model as vLLM serves it."""

    path: str
    """Checkpoint folder or Hub id."""
    names: tuple[str, ...]
    """Names of the model in requests."""
    revision: str | None = None
    """Of a model of the Hub."""
    command: str = "vllm"
    """Program on PATH, or the path of one, or of its environment."""
    flags: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Flags of `vllm serve` without their dashes; they win over the defaults."""
    api_key_env: str | None = None
    """Environment variable with a key that the server shall ask for."""
    start_seconds: float = 1_800.0
    """How long it may take until it answers."""
    option: str = "models.vlm"
    """Section of the recipe; for messages only."""


def make_defaults(roles: set[str], *, max_images: int) -> dict[str, Any]:
    """Return the flags that suit what a model does: `vlm` captions, the others reason."""
    flags = dict(ALWAYS)
    if "vlm" in roles:
        flags |= CAPTIONING | {"limit-mm-per-prompt": {"image": max_images, "video": 0}}
    return flags | (REASONING if roles - {"vlm"} else {})


def make_arguments(spec: VllmSpec, program: str, port: int) -> list[str]:
    """Return the whole command line."""
    is_folder = Path(spec.path).expanduser().is_dir()
    path = str(Path(spec.path).expanduser().resolve()) if is_folder else spec.path
    revision = [] if is_folder or spec.revision is None else [f"--revision={spec.revision}"]
    own = [f"--host={HOST}", f"--port={port}", "--served-model-name", *spec.names]
    flags = [text for name, value in spec.flags.items() for text in _write_flag(name, value)]
    return [program, "serve", path, *own, *revision, *flags]


def _write_flag(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    if isinstance(value, list | tuple):
        return [f"--{name}", *map(str, value)]
    return [f"--{name}={json.dumps(value) if isinstance(value, dict) else value}"]


def make_environment(spec: VllmSpec, program: str) -> dict[str, str]:
    """Return the environment of the server: this one, without what belongs to this process."""
    kept = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    own = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "PYTHONUNBUFFERED": "1"}
    if spec.api_key_env:
        own["VLLM_API_KEY"] = os.environ.get(spec.api_key_env, "").strip()
    # Compilers that vLLM calls lie beside it.
    own["PATH"] = os.pathsep.join([str(Path(program).parent), kept.get("PATH", os.defpath)])
    return kept | own


def find_program(spec: VllmSpec) -> str:
    """Return the path of the program.

    Raises:
        AccessError: It is not there, or cannot be run.
    """
    path = Path(spec.command).expanduser()
    place = path / "bin" / "vllm" if path.is_dir() else path
    found = shutil.which(str(place))
    if found is None:
        raise AccessError(
            f"no vLLM at {spec.command!r}; install it in an environment of its own"
            f" (pip install vllm) and give its path in {spec.option}.command"
        )
    return str(Path(found).absolute())


def check_spec(spec: VllmSpec) -> None:
    """Make sure, before anything is spent, that there is something to start.

    Raises:
        AccessError: The program, the model or the key is not there.
    """
    find_program(spec)
    key = spec.api_key_env
    if key and not os.environ.get(key, "").strip():
        raise AccessError(f"no API key for {spec.names[0]!r}: set the environment variable {key}")
    path = Path(spec.path).expanduser()
    is_local = path.exists() or spec.path.startswith(("/", "./", "../", "~"))
    if is_local and not (path / "config.json").is_file():
        raise AccessError(
            f"no model in {spec.path!r}: it is not a folder with config.json;"
            f" correct {spec.option}.path"
        )
