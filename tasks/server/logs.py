"""The log of a server, read from its end, and what the kernel says of its death."""

import os
from pathlib import Path

from tasks.server.diagnosis import clean_line

TAIL_BYTES = 256 * 1024
"""Enough for the last words of eight workers, each with its traceback."""
_SHORT_BYTES = 4 * 1024
_SHOWN_CHARS = 160
_MIN_SECRET_CHARS = 8
_SECRETS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")


def read_tail(path: Path, start: int, max_bytes: int = TAIL_BYTES) -> str:
    """Return the end of a file, of what was written after byte `start`."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(start, size - max_bytes))
            return file.read(max_bytes).decode("utf-8", "replace")
    except OSError:
        return ""


def read_last_line(path: Path, start: int) -> str:
    """Return the last line that says something, for a line of progress."""
    lines = read_tail(path, start, _SHORT_BYTES).replace("\r", "\n").splitlines()
    cleaned = (clean_line(line) for line in reversed(lines))
    return next((line[:_SHOWN_CHARS] for line in cleaned if line), "it has written nothing yet")


def hide_secrets(text: str, api_key_env: str | None) -> str:
    """Return text without the values of the variables that hold secrets."""
    for name in (*_SECRETS, api_key_env or ""):
        secret = os.environ.get(name, "").strip()
        if len(secret) >= _MIN_SECRET_CHARS:
            text = text.replace(secret, f"[{name}]")
    return text


def count_oom_kills() -> int:
    """Return how many processes the kernel has killed for want of memory; 0 where unknown."""
    try:
        lines = Path("/proc/vmstat").read_text("ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
