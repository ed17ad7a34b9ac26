"""The embedded server as the `openai` package sees it, which is what people ask it with."""

from collections.abc import AsyncGenerator
from pathlib import Path

import openai
import pytest
import pytest_asyncio

pytest.importorskip("torch", reason="the extra 'embedded' is not installed")
pytest.importorskip("transformers", reason="the extra 'embedded' is not installed")

from tests.tasks.test_embedded_server import chat, draw_noise, open_client
from tests.tiny_checkpoint import write_vision_checkpoint

MODEL = "tiny-vl"


@pytest_asyncio.fixture
async def client(tmp_path: Path) -> AsyncGenerator[openai.AsyncOpenAI]:
    folder = write_vision_checkpoint(tmp_path / MODEL)
    async with (
        open_client(folder, max_images=1) as served,
        openai.AsyncOpenAI(
            base_url=str(served.make_url("/v1")), api_key="none", max_retries=0
        ) as one,
    ):
        yield one


async def test_models_and_completions_are_what_the_package_expects(client):
    assert [model.id async for model in client.models.list()] == [MODEL]
    asked = chat("Describe it.", [draw_noise(1, (56, 56))], n=2, seed=3, temperature=1.0)
    reply = await client.chat.completions.create(model=MODEL, logprobs=True, **asked)
    again = await client.chat.completions.create(model=MODEL, logprobs=True, **asked)
    assert [choice.index for choice in reply.choices] == [0, 1]
    assert [c.message.content for c in reply.choices] == [c.message.content for c in again.choices]
    assert {choice.finish_reason for choice in reply.choices} <= {"stop", "length"}
    assert reply.usage
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert all(choice.logprobs and choice.logprobs.content for choice in reply.choices)


async def test_a_stream_is_the_same_text_and_ends_with_its_usage(client):
    asked = chat("Hello", temperature=0)
    whole = await client.chat.completions.create(model=MODEL, **asked)
    stream = await client.chat.completions.create(
        model=MODEL, stream=True, stream_options={"include_usage": True}, **asked
    )
    text, usage = "", None
    async for chunk in stream:
        text += "".join(choice.delta.content or "" for choice in chunk.choices)
        usage = chunk.usage or usage
    assert text == whole.choices[0].message.content
    assert usage == whole.usage


@pytest.mark.parametrize(
    ("model", "asked", "kind"),
    [
        (MODEL, chat("Hi", temperature=-1), openai.BadRequestError),
        (MODEL, chat("Hi", [draw_noise(1, (56, 56))] * 2), openai.BadRequestError),
        ("another", chat("Hi"), openai.NotFoundError),
    ],
)
async def test_what_is_wrong_is_an_error_of_the_package(client, model, asked, kind):
    with pytest.raises(kind) as failed:
        await client.chat.completions.create(model=model, **asked)
    assert failed.value.body["message"]
