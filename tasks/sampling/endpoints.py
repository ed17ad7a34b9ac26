"""Where a model is served, and the check that it is, before anything is spent."""

import asyncio
import os
from dataclasses import dataclass

from yarl import URL

from schemas.errors import AccessError, ContractError
from tasks.sampling.retries import Fault, Patience
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
            if not url.startswith(("http://", "https://")) or not URL(url).host:
                raise ContractError(f"expected a URL such as http://127.0.0.1:8000/v1, got {url!r}")

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


def read_api_key(endpoint: Endpoint) -> str | None:
    """Return the API key from the environment.

    Raises:
        AccessError: The variable is not set, or holds what no HTTP header may.
    """
    name = endpoint.api_key_env
    if name is None:
        return None
    key = os.environ.get(name, "").strip()
    if not key:
        raise AccessError(f"no API key for {endpoint.model!r}: set the environment variable {name}")
    if not (key.isascii() and key.isprintable()):
        raise AccessError(f"the API key in {name} holds characters that no HTTP header may; set it")
    return key


def describe_refusal(url: str, answer: Answer, endpoint: Endpoint, words: str) -> str:
    """Say in one sentence that a server refuses this run (401, 402, 403)."""
    remedy = (
        f"check the key in {endpoint.api_key_env}"
        if endpoint.api_key_env
        else "name the environment variable that holds its key in api_key_env"
    )
    return f"{url} refuses access to {endpoint.model!r} ({answer.code}: {words}); {remedy}"


def hide_credentials(url: str) -> str:
    """Return a URL as it may be shown and logged."""
    return str(URL(url).with_user(None))


async def check_endpoint(endpoint: Endpoint, transport: Transport, patience: Patience) -> None:
    """Make sure that a server of the endpoint can be reached and has the model.

    A server that cannot be reached is passed over where another can.

    Raises:
        AccessError: No server can be reached, or one refuses access or lacks the model.
    """
    if not endpoint.urls:
        where = endpoint.option or "its URL"
        raise AccessError(f"no server for {endpoint.model!r}; name one with {where}")
    outcomes = await asyncio.gather(
        *(_check_url(url, endpoint, transport, patience) for url in endpoint.urls)
    )
    unreachable = [outcome for outcome in outcomes if outcome]
    if len(unreachable) == len(outcomes):
        raise AccessError(unreachable[0])


async def _check_url(
    base_url: str, endpoint: Endpoint, transport: Transport, patience: Patience
) -> str | None:
    """Return why a server cannot be reached; raise where it answers and is of no use."""
    url = URL(f"{base_url.rstrip('/')}/models")
    shown = hide_credentials(base_url)
    why = ""
    for attempt in range(patience.check_attempts):
        if attempt:
            await asyncio.sleep(patience.base_seconds * attempt)
        try:
            answer = await transport.send("GET", url, None, patience.check_seconds)
        except Fault as fault:
            why = f"cannot reach {shown}: {fault.reason}; start the server or {endpoint.remedy}"
            continue
        if answer.code < 500 and answer.code != 429:
            _check_models(shown, answer, endpoint, transport)
            return None
        words = transport.describe(answer)
        why = f"{shown} answers {answer.code}: {words}; mend the server or {endpoint.remedy}"
    return why


def _check_models(shown: str, answer: Answer, endpoint: Endpoint, transport: Transport) -> None:
    words = transport.describe(answer)
    if answer.code in (401, 402, 403):
        raise AccessError(describe_refusal(shown, answer, endpoint, words))
    models = parse_models(answer.data) if answer.code == 200 else None
    if models is None:
        raise AccessError(
            f"{shown} has no list of models ({answer.code}: {one_line(words, 200)});"
            f" the URL of an OpenAI-protocol server usually ends in /v1, {endpoint.remedy}"
        )
    if endpoint.model not in models:
        known = ", ".join(repr(one_line(name, 100)) for name in models[:_SHOWN_MODELS])
        more = f" and {len(models) - _SHOWN_MODELS} more" if len(models) > _SHOWN_MODELS else ""
        raise AccessError(
            f"{shown} does not serve {endpoint.model!r}; it serves {known or 'nothing'}{more};"
            f" {endpoint.remedy}"
        )
