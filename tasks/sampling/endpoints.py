"""Where a model is served, and the check that it is, before anything is spent."""

import asyncio
import os
from dataclasses import dataclass
from itertools import islice
from typing import Self

from yarl import URL

from schemas.errors import AccessError, ContractError
from schemas.urls import check_url
from tasks.sampling.retries import ACCESS_CODES, Fault, Patience
from tasks.sampling.transport import Answer, Transport
from tasks.sampling.wire import one_line, parse_models

_SHOWN_MODELS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One model and the servers that have it."""

    model: str
    """Model name that requests carry; with `revision` its identity."""
    urls: tuple[str, ...]
    """Base URLs of OpenAI-protocol servers, each usually ending in /v1."""
    revision: str | None = None
    api_key_env: str | None = None
    """Environment variable that holds the API key."""
    rpm: float | None = None
    """Requests per minute that the provider allows."""
    tpm: float | None = None
    """Tokens per minute, in and out, that the provider allows."""
    price_in: float | None = None
    """US dollars per million tokens of prompts."""
    price_out: float | None = None
    """US dollars per million tokens of completions."""
    option: str | None = None
    """Command-line option that names the model, such as `--vlm`; for messages only."""

    def __post_init__(self) -> None:
        for url in self.urls:
            try:
                check_url(url)
            except ValueError as fault:
                raise ContractError(str(fault)) from None

    def price(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """Return what tokens cost in US dollars; None where there is no price."""
        if self.price_in is None and self.price_out is None:
            return None
        dear = prompt_tokens * (self.price_in or 0) + completion_tokens * (self.price_out or 0)
        return dear / 1e6

    @property
    def remedy(self) -> str:
        """What a person corrects."""
        return f"correct {self.option}" if self.option else "correct its URL"


class UnfitEndpointError(AccessError):
    """A model cannot be asked as it is; the text is one sentence with the remedy."""

    found: str = ""
    remedy: str = ""
    """What a person does about it."""

    @classmethod
    def make(cls, found: str, remedy: str, *, subject: str = "") -> Self:
        """Make the error; a sentence of `subject`, where there is one, and what was found."""
        error = cls(f"{subject} {found}; {remedy}".lstrip())
        error.found, error.remedy = found, remedy
        return error


def read_api_key(endpoint: Endpoint) -> str | None:
    """Return the API key from the environment.

    Raises:
        UnfitEndpointError: The variable is not set, or holds what no HTTP header may.
    """
    name = endpoint.api_key_env
    if name is None:
        return None
    key = os.environ.get(name, "").strip()
    if not key:
        remedy = f"set the environment variable {name}"
        raise UnfitEndpointError.make(f"no API key for {endpoint.model!r}", remedy)
    if not (key.isascii() and key.isprintable()):
        found = f"the API key in {name} holds characters that no HTTP header may"
        raise UnfitEndpointError.make(found, "set it anew")
    return key


def make_refusal(url: str, answer: Answer, endpoint: Endpoint, words: str) -> UnfitEndpointError:
    """Make the error that a server refuses this run (401, 402, 403)."""
    remedy = (
        f"check the key in {endpoint.api_key_env}"
        if endpoint.api_key_env
        else "name the environment variable that holds its key in api_key_env"
    )
    found = f"refuses access to {endpoint.model!r} ({answer.code}: {words})"
    return UnfitEndpointError.make(found, remedy, subject=url)


async def check_endpoint(endpoint: Endpoint, transport: Transport, patience: Patience) -> None:
    """Make sure that a server of the endpoint can be reached and has the model.

    A server that cannot be reached is passed over where another can.

    Raises:
        UnfitEndpointError: No server can be reached, or one refuses access or lacks the model.
    """
    if not endpoint.urls:
        where = endpoint.option or "its URL"
        raise UnfitEndpointError.make(f"no server for {endpoint.model!r}", f"name one with {where}")
    outcomes = await asyncio.gather(
        *(find_model(url, endpoint, transport, patience) for url in endpoint.urls)
    )
    absent = [outcome for outcome in outcomes if isinstance(outcome, Absent)]
    if len(absent) == len(outcomes):
        raise UnfitEndpointError(absent[0].sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A model in the list of a server."""

    context_tokens: int | None
    """How long prompt and completion together may be; None where the server does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """A server that gives no list of models: it cannot be reached, or fails."""

    found: str
    remedy: str
    sentence: str
    """Both, and which server it is."""


async def find_model(
    base_url: str, endpoint: Endpoint, transport: Transport, patience: Patience
) -> Listed | Absent:
    """Find the model in the list of one server.

    Raises:
        UnfitEndpointError: It refuses access, or answers and has not the model.
    """
    url = URL(f"{base_url.rstrip('/')}/models")
    absent = None
    for attempt in range(patience.check_attempts):
        if attempt:
            await asyncio.sleep(patience.base_seconds * attempt)
        try:
            answer = await transport.send("GET", url, None, patience.check_seconds)
        except Fault as fault:
            remedy = f"start the server or {endpoint.remedy}"
            sentence = f"cannot reach {base_url}: {fault.reason}; {remedy}"
            found = f"cannot be reached: {fault.reason}"
            absent = Absent(found=found, remedy=remedy, sentence=sentence)
            continue
        if answer.code < 500 and answer.code != 429:
            return _read_models(base_url, answer, endpoint, transport)
        found = f"answers {answer.code}: {transport.describe(answer)}"
        remedy = f"mend the server or {endpoint.remedy}"
        absent = Absent(found=found, remedy=remedy, sentence=f"{base_url} {found}; {remedy}")
    assert absent is not None
    return absent


def _read_models(url: str, answer: Answer, endpoint: Endpoint, transport: Transport) -> Listed:
    words = transport.describe(answer)
    if answer.code in ACCESS_CODES:
        raise make_refusal(url, answer, endpoint, words)
    models = parse_models(transport.redact(answer.data)) if answer.code == 200 else None
    if models is None:
        found = f"has no list of models ({answer.code}: {one_line(words, 200)})"
        remedy = f"the URL of an OpenAI-protocol server usually ends in /v1, {endpoint.remedy}"
        raise UnfitEndpointError.make(found, remedy, subject=url)
    if endpoint.model not in models:
        names = [repr(one_line(name, 100)) for name in islice(models, _SHOWN_MODELS)]
        more = f" and {len(models) - _SHOWN_MODELS} more" if len(models) > _SHOWN_MODELS else ""
        served = f"{', '.join(names) or 'nothing'}{more}"
        found = f"does not serve {endpoint.model!r}; it serves {served}"
        raise UnfitEndpointError.make(found, endpoint.remedy, subject=url)
    return Listed(context_tokens=models[endpoint.model])
