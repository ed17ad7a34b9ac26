"""The OpenAI chat protocol as the embedded server speaks it: payloads, errors and replies.

A request comes in as bytes and goes out as a `ChatRequest` or a `RequestError` that says in one
sentence what is wrong. Fields that would change the reply and are not implemented are refused
rather than ignored. No model and no socket here.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, NoReturn, cast

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

_ERROR_TYPES = {400: "BadRequestError", 404: "NotFoundError", 413: "RequestTooLargeError"}
_MAX_SAMPLES = 128
_MAX_TOP_LOGPROBS = 20
_MAX_MESSAGES = 1024
_MAX_PARTS = 256
_MAX_STOPS = 16
_MAX_STOP_CHARS = 1000
_MAX_SHOWN_CHARS = 80
_REASONS = {
    "model_type": "Input should be an object",
    "model_attributes_type": "Input should be an object",
    "union_tag_not_found": "type: Field required",
}
_MAX_REASON_CHARS = 300


class RequestError(ValueError):
    """This request cannot be served; its sender must change it."""

    def __init__(self, message: str, *, status: int = 400, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.param = param


class _Payload(BaseModel):
    """An object of a request."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_fields(cls, value: Any) -> Any:
        # One fault, however many unknown fields there are: a stranger chooses their number.
        if isinstance(value, dict):
            fields = cast("dict[str, Any]", value)
            name = next((one for one in fields if one not in cls.model_fields), None)
            if name is not None:
                _refuse(name, f"{name[:_MAX_SHOWN_CHARS]!r} is not supported by this server")
        return value


class TextPart(_Payload):
    """A piece of text of a message."""

    type: Literal["text"]
    text: str


class ImageURL(_Payload):
    """Where an image is; only data URLs are read."""

    url: str
    detail: str | None = None


class ImagePart(_Payload):
    """An image of a message."""

    type: Literal["image_url"]
    image_url: ImageURL
    uuid: str | None = None
    """vLLM's cache key of an image; accepted and not used."""


ContentPart = Annotated[TextPart | ImagePart, Field(discriminator="type")]


class Message(_Payload):
    """One turn of the conversation."""

    role: Literal["system", "user", "assistant"]
    content: str | Annotated[list[ContentPart], Field(max_length=_MAX_PARTS, fail_fast=True)]
    name: str | None = None


StopText = Annotated[str, Field(min_length=1, max_length=_MAX_STOP_CHARS)]


class StreamOptions(_Payload):
    """What a stream carries besides text."""

    include_usage: bool = False
    continuous_usage_stats: bool = False


class TextFormat(_Payload):
    """The only response format there is."""

    type: Literal["text"]


class ChatRequest(_Payload):
    """The body of POST /v1/chat/completions."""

    messages: Annotated[
        list[Message], Field(min_length=1, max_length=_MAX_MESSAGES, fail_fast=True)
    ]
    model: str | None = None
    n: Annotated[int, Field(ge=1, le=_MAX_SAMPLES)] | None = None
    seed: int | None = None
    temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=-1)] | None = None
    """Most likely tokens to choose from; 0 and -1 mean all."""
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    stop: (
        StopText | Annotated[list[StopText], Field(max_length=_MAX_STOPS, fail_fast=True)] | None
    ) = None
    ignore_eos: bool = False
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=_MAX_TOP_LOGPROBS)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    # Accepted because they change nothing.
    user: str | None = None
    metadata: dict[str, Any] | None = None
    store: bool | None = None
    service_tier: str | None = None
    priority: int | None = None
    request_id: str | None = None
    # Accepted at the value that means nothing; anything else would be ignored silently.
    frequency_penalty: Annotated[float, Field(ge=0, le=0)] | None = None
    presence_penalty: Annotated[float, Field(ge=0, le=0)] | None = None
    repetition_penalty: Annotated[float, Field(ge=1, le=1)] | None = None
    min_p: Annotated[float, Field(ge=0, le=0)] | None = None
    min_tokens: Annotated[int, Field(ge=0, le=0)] | None = None
    response_format: TextFormat | None = None

    @model_validator(mode="after")
    def _check_combinations(self) -> "ChatRequest":
        if self.top_logprobs and not self.logprobs:
            _refuse("top_logprobs", "top_logprobs needs logprobs: true")
        if self.stream_options is not None and not self.stream:
            _refuse("stream_options", "stream_options needs stream: true")
        return self

    @property
    def stops(self) -> tuple[str, ...]:
        """The texts that end a completion."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())

    @property
    def token_limit(self) -> int | None:
        """The cap of one completion in tokens, under either of its names."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def image_urls(self) -> list[str]:
        """The images in the order in which the messages show them."""
        parts = [p for m in self.messages if not isinstance(m.content, str) for p in m.content]
        return [part.image_url.url for part in parts if isinstance(part, ImagePart)]


def parse_request(body: bytes) -> ChatRequest:
    """Read a request body.

    Raises:
        RequestError: The body is no JSON object, or a field is missing, unknown or wrong.
    """
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RequestError(f"the body is not JSON: {error}") from error
    if not isinstance(payload, dict):
        raise RequestError(f"the body must be a JSON object, got {type(payload).__name__}")
    try:
        return ChatRequest.model_validate(payload)
    except ValidationError as error:
        raise _explain(error, payload) from error


def _refuse(field: str, sentence: str) -> NoReturn:
    raise PydanticCustomError("refused", "{sentence}", {"field": field, "sentence": sentence})


def _explain(error: ValidationError, payload: Any) -> RequestError:
    faults = error.errors(include_url=False, include_input=False)
    # Where several readings of a value failed, the one that got furthest was meant.
    fault = max(faults, key=lambda one: (len(one["loc"]), not one["type"].endswith("_type")))
    path = _find_path(fault, payload)
    if fault["type"] == "refused":
        path.append(fault.get("ctx", {})["field"][:_MAX_SHOWN_CHARS])
        return RequestError(fault["msg"], param=".".join(path))
    reason = _REASONS.get(fault["type"], fault["msg"].replace(" after validation", ""))
    param = ".".join(path)
    return RequestError(f"{param or 'request'}: {reason[:_MAX_REASON_CHARS]}", param=param or None)


def _find_path(fault: ErrorDetails, payload: Any) -> list[str]:
    # Between the steps into the payload pydantic names the readings that it tried.
    path: list[str] = []
    value, is_item = payload, False
    for step in fault["loc"]:
        is_reading = is_item and isinstance(value, dict) and value.get("type") == step
        is_item = isinstance(value, list) and isinstance(step, int)
        if not is_reading and (is_item or (isinstance(value, dict) and step in value)):
            value = cast(Any, value)[step]
            path.append(str(step))
    return [*path, str(fault["loc"][-1])] if fault["type"] == "missing" else path


def error_body(error: RequestError) -> bytes:
    """The JSON body that carries an error."""
    kind = _ERROR_TYPES.get(error.status, "InternalServerError" if error.status > 499 else "Error")
    detail = {"message": str(error), "type": kind, "param": error.param, "code": error.status}
    return orjson.dumps({"error": detail})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyHead:
    """What every part of one reply repeats."""

    id: str
    created: int
    model: str

    def complete(self, choices: list[dict[str, Any]], usage: dict[str, int]) -> bytes:
        """The body of a reply that is sent in one piece."""
        return orjson.dumps(self._fields("chat.completion", choices) | {"usage": usage})

    def chunk(self, choices: list[dict[str, Any]], usage: dict[str, int] | None = None) -> bytes:
        """One server-sent event of a stream."""
        fields = self._fields("chat.completion.chunk", choices)
        return b"data: " + orjson.dumps(fields | ({"usage": usage} if usage else {})) + b"\n\n"

    def _fields(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }


def count_usage(num_prompt_tokens: int, num_completion_tokens: int) -> dict[str, int]:
    """The usage object of the protocol."""
    return {
        "prompt_tokens": num_prompt_tokens,
        "completion_tokens": num_completion_tokens,
        "total_tokens": num_prompt_tokens + num_completion_tokens,
    }
