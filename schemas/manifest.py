"""The manifest: the JSON written last, which makes a table complete."""

from pydantic import BaseModel, ConfigDict


class ShardEntry(BaseModel):
    """One shard as it was when its table was completed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    rows: int
    bytes: int
    sha256: str
    counts: dict[str, int]
    num_unfinished: int = 0
    """What the shard lacks; above 0 the table is made anew by the next run."""


class Manifest(BaseModel):
    """What a complete table consists of and where it came from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    fingerprint: str
    identity: dict[str, object]
    """Everything the fingerprint was made of: parameters, prompt hashes, models, upstream."""
    run_id: str
    code_version: str
    shards: tuple[ShardEntry, ...]
