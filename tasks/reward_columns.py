"""Read what a trainer hands to a reward: completions, gold answers, options.

Each comes as the data set and the trainer hold it (strings, chat messages, lists, NumPy arrays);
plain text goes out, or None where it holds none.
"""

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

Completion = str | Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


def read_text(completion: Completion) -> str:
    """Return what the model wrote: of a chat, the text of the assistant's last message.

    Messages of tools and users are not the model's; one without a role is.
    """
    if isinstance(completion, str):
        return completion
    for message in reversed([completion] if isinstance(completion, Mapping) else completion or []):
        if message.get("role", "assistant") == "assistant":
            return _read_content(message.get("content"))
    return ""


def _read_content(content: Any) -> str:
    """Join the texts of a message: a string, or parts such as `{"type": "text", "text": "5"}`."""
    if content is None or isinstance(content, str):
        return content or ""
    texts = [part.get("text") if isinstance(part, Mapping) else part for part in content]
    return "".join(text for text in texts if isinstance(text, str))


def read_gold(value: Any) -> str | None:
    """Take a gold answer as text; a whole number is its digits, anything else is no gold answer."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, Integral) else None


def read_options(value: Any) -> tuple[str, ...] | None:
    """Take the options of one problem, a list or an array of texts.

    Raises:
        TypeError: They are one text: a column of JSON would else be left out unseen.
    """
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, str | bytes):
        raise TypeError(
            f"options must be a list of texts for each problem, got the text {value[:80]!r}; "
            "where the column holds JSON, parse it with json.loads"
        )
    return tuple(map(str, value)) if isinstance(value, Sequence) else None
