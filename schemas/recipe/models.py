"""Who answers: the models of a recipe."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from schemas.recipe.base import Params
from schemas.urls import SECRET_IN_URL, check_url, may_hold_secret

HIDDEN = "hidden"
"""Type of a fault whose input may be a secret: it is never shown."""
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
KEY = re.compile(r"(?:sk|hf|gsk|r8)_[A-Za-z0-9_]{16}|AIza[A-Za-z0-9_]{16}")
"""How keys of known providers begin that could be the name of a variable."""
NO_VARIABLE = (
    "expected the name of an environment variable, such as OPENAI_API_KEY; the key itself is"
    " written into that variable only"
)
FLAG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
OWN_FLAGS = {
    "host": "the server listens on loopback only",
    "port": "a free one is taken",
    "uds": "the server listens on a port",
    "served-model-name": "give name",
    "model": "give path",
    "revision": "give revision",
    "config": "give its flags here",
    "headless": "the server must answer requests",
    "api-key": "give api_key_env, the name of an environment variable",
    "hf-token": "set the environment variable HF_TOKEN",
    "ssl-keyfile-password": "the server listens on loopback only",
}
"""Flags of `vllm serve` that a recipe may not set, and what to do instead."""


def _check_flag(text: str) -> str:
    name = text.removeprefix("--").replace("_", "-")
    if not re.match(FLAG_PATTERN, name):
        raise ValueError("expected the name of a flag, such as max-model-len")
    # The parser of vLLM takes the beginning of a flag's name for the whole.
    own = (flag for flag in OWN_FLAGS if flag.startswith(name) or name == f"no-{flag}")
    if flag := next(own, None):
        raise ValueError(f"not for a recipe: {OWN_FLAGS[flag]}")
    return name


FlagName = Annotated[str, AfterValidator(_check_flag)]
FlagText = Annotated[str, StringConstraints(max_length=65_536, pattern=r"^[^\x00]*$")]
FlagValue = bool | int | float | FlagText | tuple[int | float | FlagText, ...] | dict[str, Any]


class ModelParams(Params):
    """Where the replies of a model come from."""

    kind: Literal["endpoint", "vllm", "embedded"] = "endpoint"
    """`endpoint`: running servers; `vllm`: started here on this machine's GPUs, and stopped when
    its stage ends; `embedded`: a checkpoint folder that Sightline serves itself."""
    name: str = Field(min_length=1)
    """Model name that requests carry."""
    path: str = ""
    """Checkpoint folder of an embedded model; folder or Hub id of a vllm model (default: name)."""
    urls: tuple[str, ...] = ()
    """Base URLs of OpenAI-protocol servers, each ending in /v1."""
    revision: str | None = None
    """Revision of the weights, part of the model's identity."""
    api_key_env: str | None = None
    """Environment variable that holds the API key; the key itself is never written anywhere."""
    rpm: float | None = Field(default=None, gt=0)
    """Requests per minute that the provider allows; a server of one's own needs no figure."""
    tpm: float | None = Field(default=None, gt=0)
    """Tokens per minute, in and out, that the provider allows."""
    price_in: float | None = Field(default=None, ge=0)
    """US dollars per million tokens of prompts."""
    price_out: float | None = Field(default=None, ge=0)
    """US dollars per million tokens of completions."""
    command: str = Field(default="vllm", min_length=1, pattern=r"^[^\x00]*$")
    """Of a vllm model: the program, found on PATH, or its path, or that of its environment."""
    flags: dict[FlagName, FlagValue] = Field(default_factory=dict)
    """Of a vllm model: more flags of `vllm serve`, such as tensor-parallel-size = 2."""
    start_seconds: int = Field(default=1_800, gt=0)
    """Of a vllm model: how long it may take to answer, with the download of its weights."""

    @field_validator("urls", mode="before")
    @classmethod
    def _hide_secrets(cls, urls: Any) -> Any:
        # Before all else, since every other fault shows what was given.
        listed: list[Any] = list(urls) if isinstance(urls, list | tuple) else [urls]
        if any(isinstance(url, str) and may_hold_secret(url) for url in listed):
            raise PydanticCustomError(HIDDEN, SECRET_IN_URL)
        return urls

    @field_validator("urls")
    @classmethod
    def _check_urls(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        for url in urls:
            check_url(url)
        return tuple(url.rstrip("/") for url in urls)

    @field_validator("api_key_env", mode="before")
    @classmethod
    def _check_variable(cls, name: Any) -> Any:
        is_name = isinstance(name, str) and VARIABLE.fullmatch(name) and not KEY.match(name)
        if name is not None and not is_name:
            raise PydanticCustomError(HIDDEN, NO_VARIABLE)
        return name

    @field_validator("command", "flags", "start_seconds")
    @classmethod
    def _check_kind(cls, value: Any, info: ValidationInfo) -> Any:
        default = cls.model_fields[str(info.field_name)].get_default(call_default_factory=True)
        if value != default and info.data.get("kind") != "vllm":
            raise ValueError("only for kind = 'vllm'")
        return value


class ModelsParams(Params):
    """The models of a recipe."""

    vlm: ModelParams
    """Vision-language model that formalizes images."""
    llm: ModelParams
    """Text-only model that reasons."""
    judge: ModelParams | None = None
    """Model that is asked where the rules cannot tell; without one they stay undecided. `"llm"` or
    `"vlm"`: the model of that role, at its server."""

    @field_validator("judge", mode="before")
    @classmethod
    def _share_model(cls, value: Any, info: ValidationInfo) -> Any:
        """Let the judge be the model of another role; a faulty one is told of by itself."""
        return info.data.get(value) if value in ("llm", "vlm") else value
