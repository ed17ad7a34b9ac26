"""Find what a path or a Hub id means, and check its columns before anything is spent."""

import re

import huggingface_hub
from huggingface_hub.errors import HfHubHTTPError

from schemas.errors import SourceError
from schemas.recipe import SourceParams
from tasks.sources.json_lines import JsonLines
from tasks.sources.parquet_rows import ParquetRows
from tasks.sources.source import Source
from tasks.storage import Folder

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


def open_source(params: SourceParams) -> Source:
    """Open a source and count its rows.

    Raises:
        SourceError: there is nothing to read, or its columns are not those of the recipe.
    """
    if not params.path:
        raise SourceError("no source: give --source FOLDER, FILE or HUB_ID, or set source.path")
    source = _find_source(params)
    if not source.num_rows:
        raise SourceError(f"source {params.path!r} has no rows")
    _check_columns(params, source)
    return source


def image_column(params: SourceParams, columns: list[str]) -> str:
    """Return the column that holds the image; `file_name` is the ImageFolder convention."""
    if params.image not in columns and "image" not in params.model_fields_set:
        return "file_name"
    return params.image


def _find_source(params: SourceParams) -> Source:
    path = params.path
    try:
        folder = Folder(path)
        kind = "" if "*" in path else _kind(folder)
        if not kind and "*" not in path and HUB_ID.fullmatch(path):
            return _open_folder(_hub_folder(params), params)
        if kind == "directory":
            return _open_folder(folder, params)
        return _open_files(folder, params, kind)
    except SourceError:
        raise
    except Exception as error:  # The back ends of fsspec raise what they like.
        raise SourceError(f"cannot read source {path!r}: {error}") from error


def _kind(folder: Folder) -> str:
    try:
        return str(folder.fs.info(folder.path())["type"])
    except FileNotFoundError:
        return ""


def _open_folder(folder: Folder, params: SourceParams) -> Source:
    names = folder.list()
    for metadata in ("metadata.jsonl", f"{params.split}/metadata.jsonl"):
        if metadata in names:
            root = folder.join(params.split) if "/" in metadata else folder
            return JsonLines(root, ["metadata.jsonl"], _image_root(params, root))
    parquet = [name for name in names if name.endswith(".parquet")]
    wanted = [name for name in parquet if _is_of_split(name, params)] or (
        parquet if not params.subset else []
    )
    if not wanted:
        raise SourceError(
            f"source {params.path!r} has neither metadata.jsonl nor *.parquet"
            f" of split {params.split!r}"
        )
    return ParquetRows(folder, wanted, _image_root(params, folder))


def _open_files(folder: Folder, params: SourceParams, kind: str) -> Source:
    fs, pattern = folder.fs, folder.path()
    paths = sorted(str(path) for path in fs.glob(pattern)) if not kind else [pattern]
    if not paths:
        raise SourceError(f"source {params.path!r} does not exist; give a folder, file or Hub id")
    scheme = folder.url.split("://")[0] + "://" if "://" in folder.url else ""
    root = Folder(scheme + paths[0].rsplit("/", 1)[0])
    prefix = root.path() + "/"
    names = [path.removeprefix(prefix) for path in paths]
    if any(name.startswith("/") for name in names):
        raise SourceError(f"source {params.path!r} spans several folders; give one source each")
    if all(name.endswith(".parquet") for name in names):
        return ParquetRows(root, names, _image_root(params, root))
    if all(name.endswith((".jsonl", ".ndjson")) for name in names):
        return JsonLines(root, names, _image_root(params, root))
    raise SourceError(f"source {params.path!r}: expected .jsonl or .parquet files, got {names[:3]}")


def _hub_folder(params: SourceParams) -> Folder:
    """Return a Hub data set at a pinned revision as a folder."""
    try:
        found = huggingface_hub.HfApi().dataset_info(params.path, revision=params.revision)
    except (HfHubHTTPError, OSError) as error:
        cause = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise SourceError(
            f"source {params.path!r} is neither a path nor a data set that the Hub shows: {cause}"
        ) from None
    return Folder(f"hf://datasets/{params.path}@{found.sha}")


def _is_of_split(name: str, params: SourceParams) -> bool:
    parts = name.split("/")
    if params.subset and params.subset not in parts:
        return False
    is_named = re.match(rf"{re.escape(params.split)}[-.]", parts[-1]) is not None
    return is_named or params.split in parts[:-1]


def _image_root(params: SourceParams, root: Folder) -> Folder:
    return Folder(params.image_root) if params.image_root else root


def _check_columns(params: SourceParams, source: Source) -> None:
    columns = source.columns()
    wanted = {"question": params.question, "answer": params.answer}
    wanted["image"] = image_column(params, columns)
    for key in ("choices", "id", "unit", "domain"):
        if key in params.model_fields_set:
            wanted[key] = getattr(params, key)
    for key, name in wanted.items():
        if name not in columns:
            raise SourceError(
                f"source {params.path!r} has no column {name!r} (source.{key});"
                f" its columns: {columns}"
            )
