"""Base URLs of model servers: what one may look like, told before anything is sent to it."""

import re

from yarl import URL

_EXAMPLE = "http://127.0.0.1:8000/v1"
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_MAX_HOST_CHARS = 253
SECRET_IN_URL = (
    "a URL here has no user, password, query or fragment;"
    " give api_key_env, the name of an environment variable that holds the key"
)


def may_hold_secret(url: str) -> bool:
    """Whether a URL has a place for a password or key, so that it must not be shown."""
    return any(sign in url for sign in "@?#")


def check_url(url: str) -> None:
    """Make sure that requests can be sent to what begins with a URL.

    Raises:
        ValueError: They cannot; the message shows no user, password, query or fragment.
    """
    if may_hold_secret(url):
        raise ValueError(SECRET_IN_URL)
    if not _has_host(url):
        raise ValueError(f"expected a URL such as {_EXAMPLE}, got {url!r}")


def _has_host(url: str) -> bool:
    if not (url.startswith(("http://", "https://")) and url.isprintable()):
        return False
    try:
        parsed = URL(url)
    except ValueError:  # No port, no IPv6 address, no name in any script.
        return False
    host = (parsed.raw_host or "").removesuffix(".")
    if ":" in host:
        return True  # An IPv6 address, which was parsed.
    return len(host) <= _MAX_HOST_CHARS and all(map(_LABEL.fullmatch, host.split(".")))
