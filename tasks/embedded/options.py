"""How a checkpoint is served: names and limits, as the command line and the pipeline set them."""

import argparse
from dataclasses import dataclass, fields

_MAX_PORT = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """Options of the embedded server; each is a flag of its command of the same name."""

    name: str | None = None
    """The model's name in the protocol; the folder's name if not given."""
    threads: int | None = None
    """Threads of one matrix product; if not given, one for a small model and else all cores."""
    max_running: int = 64
    """Completions in one batch; more wait."""
    max_model_len: int = 8192
    """Longest prompt and completion together, in tokens; at most what the checkpoint allows."""
    max_images: int = 8
    """Images in one prompt."""
    max_body_bytes: int = 32 * 1024 * 1024
    """Largest request."""
    stream_interval: int = 1
    """Tokens in one event of a stream."""
    dtype: str = "float32"
    """Type of the weights: float32, or bfloat16 for checkpoints that would not fit otherwise."""
    parent_pid: int | None = None
    """The process that started this one; the server ends when that does."""

    def to_arguments(self) -> list[str]:
        """The flags that say what differs from the defaults."""
        changed = [
            (field.name, value)
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
        ]
        return [f"--{name.replace('_', '-')}={value}" for name, value in changed]


def read_port(text: str) -> int:
    """Read the number of a port, as a type of argparse."""
    if text.isdecimal() and text.isascii() and int(text) <= _MAX_PORT:
        return int(text)
    raise argparse.ArgumentTypeError(f"must be a port from 0 to {_MAX_PORT}, got {text!r}")
