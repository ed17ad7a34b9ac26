"""Look at this machine as a run would use it: packages, disk, tools, Hub token, vLLM, GPU."""

import importlib.util
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError

from schemas.checks import Check
from schemas.recipe import ModelParams, Recipe
from tasks.storage import Folder

MIN_FREE_BYTES = 5 << 30
MAX_FOUND_CHARS = 300
PINS = {
    "fastapi": ("0.139", "0.151", "Prefect's server does not start with a newer one"),
    "sqlalchemy": ("2.0", "2.1", "with 2.1 Prefect's scheduler makes no runs, without a word"),
}
"""Package to (from, below, why)."""


def check_packages() -> Iterator[Check]:
    """Check the packages that must not be newer."""
    for name, (lowest, below, why) in PINS.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "nothing"
        numbers = _read_version(found)
        is_good = _read_version(lowest) <= numbers < _read_version(below)
        remedy = None if is_good else f'{why}; pip install "{name}>={lowest},<{below}"'
        yield Check(
            subject=f"package {name}",
            verdict="ok" if is_good else "fault",
            found=found,
            remedy=remedy,
        )


def _read_version(text: str) -> tuple[int, ...]:
    parts = (part for part in text.split(".")[:2])
    return tuple(int(part) if part.isdecimal() else -1 for part in parts)


def check_workspace(url: str) -> Iterator[Check]:
    """Check that the workspace can be written, and that there is room."""
    folder, subject = Folder(url), f"workspace {url}"
    try:
        folder.write(".doctor", b"")
        folder.remove(".doctor")
    except Exception as error:  # The back ends of fsspec raise what they like.
        words = getattr(error, "strerror", None) or str(error) or type(error).__name__
        remedy = "give a --workspace that this user may write, and its credentials"
        yield Check(subject=subject, verdict="fault", found=words, remedy=remedy)
        return
    yield Check(subject=subject, verdict="ok", found="can be written")
    if folder.is_local:
        free = shutil.disk_usage(folder.path()).free
        found = f"{free / (1 << 30):,.0f} GB free"
        is_low = free < MIN_FREE_BYTES
        remedy = "free some, or give another --workspace" if is_low else None
        verdict = "warning" if is_low else "ok"
        yield Check(subject=f"{subject}, disk", verdict=verdict, found=found, remedy=remedy)


def check_hub(recipe: Recipe) -> Iterator[Check]:
    """Check the Hub token, where the recipe reads from the Hub or writes to it."""
    is_written = (recipe.publish.target or "").startswith("hf://")
    if not is_written and not any(_is_on_hub(source.path) for source in recipe.source):
        return
    token = get_token()
    if token is None:
        verdict = "fault" if is_written else "warning"
        remedy = "log in with: hf auth login" + ("" if is_written else " (only for gated data)")
        yield Check(subject="Hub token", verdict=verdict, found="there is none", remedy=remedy)
        return
    try:
        yield _describe_token(HfApi(token=token).whoami(), is_written)
    except HfHubHTTPError as error:
        words = _shorten(str(error).replace(token, "[token]"))
        remedy = "log in anew with: hf auth login"
        yield Check(subject="Hub token", verdict="fault", found=words, remedy=remedy)
    except Exception as error:  # The HTTP client below raises its own; some words hold the token.
        found = f"the Hub cannot be asked: {type(error).__name__}"
        remedy = "look at the network and at HF_ENDPOINT, and try again"
        yield Check(subject="Hub token", verdict="fault", found=found, remedy=remedy)


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_FOUND_CHARS else f"{line[:MAX_FOUND_CHARS]}..."


def _describe_token(who: dict[str, object], is_written: bool) -> Check:
    auth = who.get("auth")
    access = auth.get("accessToken") if isinstance(auth, dict) else None
    role = str(access.get("role", "unknown")) if isinstance(access, dict) else "unknown"
    found = _shorten(f"of {who.get('name')}, role {role}")
    if is_written and role == "read":
        remedy = "it may not write; make one with the role write, or fine-grained for one data set"
        return Check(subject="Hub token", verdict="fault", found=found, remedy=remedy)
    return Check(subject="Hub token", verdict="ok", found=found)


def _is_on_hub(path: str) -> bool:
    return path.count("/") == 1 and not path.startswith((".", "/")) and not Path(path).exists()


def check_tools(recipe: Recipe, *urls: str) -> Iterator[Check]:
    """Check the packages of what the recipe and its places ask for beyond the base."""
    paths = [*urls, recipe.publish.target or "", *(source.path for source in recipe.source)]
    is_embedded = any(model.kind == "embedded" for _, model in list_models(recipe))
    yield from _check_extra("embedded", ("torch", "transformers"), is_embedded)
    yield from _check_extra("ocr", ("rapidocr", "onnxruntime"), recipe.formalize.ocr)
    is_detecting = recipe.formalize.detector is not None
    yield from _check_extra("detection", ("torch", "transformers"), is_detecting)
    yield from _check_extra("s3", ("s3fs",), any(path.startswith("s3://") for path in paths))
    has_charts = recipe.formalize.enabled and "chart_spec" in recipe.formalize.formats
    for check in _check_extra("charts", ("vl_convert",), has_charts):
        # Chart specs are checked without it; the report shows their text.
        yield replace(check, verdict="ok" if check.verdict == "ok" else "warning")


def _check_extra(extra: str, packages: tuple[str, ...], is_wanted: bool) -> Iterator[Check]:
    if not is_wanted:
        return
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    yield Check(
        subject=f"extra {extra}",
        verdict="fault" if missing else "ok",
        found=f"{missing[0]} is not installed" if missing else f"{packages[0]} is installed",
        remedy=f'pip install "sightline[{extra}]"' if missing else None,
    )


def list_models(recipe: Recipe) -> list[tuple[str, ModelParams]]:
    """Return the models of a recipe by role."""
    roles = type(recipe.models).model_fields
    found = [(role, getattr(recipe.models, role)) for role in roles]
    return [(role, model) for role, model in found if model is not None]


def check_vllm(role: str, model: ModelParams) -> Iterator[Check]:
    """Check that vLLM can be started here, without starting it."""
    command = shutil.which(model.command) or shutil.which(str(Path(model.command) / "bin/vllm"))
    subject = f"{role}: vLLM"
    if command is None:
        remedy = f"install vLLM in an environment of its own, and give models.{role}.command"
        found = f"no program {model.command!r}"
        yield Check(subject=subject, verdict="fault", found=found, remedy=remedy)
    else:
        yield Check(subject=subject, verdict="ok", found=command)
    yield _check_gpu(role)


def _check_gpu(role: str) -> Check:
    subject, query = f"{role}: GPU", ["--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        listed = subprocess.run(
            ["nvidia-smi", *query], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        remedy = "without one vLLM needs its CPU build, or give --vlm and --llm of running servers"
        return Check(subject=subject, verdict="warning", found="none is seen", remedy=remedy)
    names = "; ".join(line.strip() for line in listed.stdout.splitlines()[:8])
    return Check(subject=subject, verdict="ok", found=names)
