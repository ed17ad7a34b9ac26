"""Read prompt files. A missing variable raises; values are inserted once, never rendered again."""

import hashlib
import string
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2

from schemas.errors import RecipeError
from schemas.records import Message

PROMPT_DIR = Path(__file__).parent
ROLES = ("system", "user")

# Prompts are plain text for a model, not HTML: escaping would change the question.
_ENVIRONMENT = jinja2.Environment(
    undefined=jinja2.StrictUndefined, autoescape=False, keep_trailing_newline=False
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """The messages of one prompt, ready to be filled in."""

    name: str
    templates: tuple[tuple[str, jinja2.Template], ...]
    """(role, template) in the order in which they are sent."""
    sha256: str
    """Of all files of the prompt; it stands for the prompt in fingerprints and manifests."""

    def render(self, **variables: str | None) -> tuple[Message, ...]:
        """Fill in the variables.

        Raises:
            jinja2.UndefinedError: a variable that the prompt uses is not given.
        """
        return tuple(
            Message(role=role, text=template.render(**variables))
            for role, template in self.templates
        )


@cache
def load_prompt(name: str) -> Prompt:
    """Load all messages of the prompt `name`.

    Raises:
        RecipeError: there is no such prompt; the message lists those that exist.
    """
    files = [(role, PROMPT_DIR / f"{name}.{role}.jinja") for role in ROLES]
    texts = [(role, file.read_text("utf-8")) for role, file in files if file.is_file()]
    if not texts or "/" in name:
        raise RecipeError(f"no prompt {name!r}; known prompts: {list_prompts()}")
    digest = hashlib.sha256(repr(texts).encode()).hexdigest()
    templates = tuple((role, _ENVIRONMENT.from_string(text)) for role, text in texts)
    return Prompt(name=name, templates=templates, sha256=digest)


def list_prompts() -> list[str]:
    """Return the names of all prompts, sorted."""
    return sorted({file.name.rsplit(".", 2)[0] for file in PROMPT_DIR.glob("*.jinja")})


def render_options(options: Sequence[str] | None) -> str:
    """Write options as lines `(A) text`; past Z as `(27) text`."""
    letters = string.ascii_uppercase
    names = [letters[i] if i < len(letters) else str(i + 1) for i in range(len(options or ()))]
    return "\n".join(f"({name}) {text}" for name, text in zip(names, options or (), strict=True))
