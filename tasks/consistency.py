"""Ask a model whether a reasoning agrees with what is known of the image, step by step.

Comes in: selected reasonings with their formal texts, and a client of the judge. Goes out: what
the judge wrote of each, and its objections. A text that cannot be parsed objects to nothing.
Source: quality assurance by a model, R1-Onevision, arXiv 2503.10615; its prompt is not published.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from prompts import Prompt, load_prompt
from schemas.recipe import ConsistencyParams
from schemas.records import Reply, Request, SamplingParams, Status
from tasks.answers import split_thought
from tasks.budgeted import BudgetedClient
from tasks.faults import stop_if_failing
from tasks.judge import make_mark

MAX_CHARS = 20_000
"""Of each text that the judge is shown."""
INCONSISTENT = "inconsistent"
"""drop_reason of a reasoning that the judge objects to."""
_VERDICT = re.compile(r"\**verdict: ?\**(?P<word>consistent|inconsistent)\.?\**", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A reasoning, and what it must agree with."""

    question: str
    formal_text: str
    reasoning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What the judge said of a reasoning."""

    text: str | None
    """None: it did not answer."""
    is_consistent: bool | None
    """None: its text cannot be parsed."""


def parse_opinion(reply: Reply) -> Opinion:
    """Read a judge's reply: its last line, and no other, is its verdict."""
    text = reply.text if reply.status.has_text else None
    if text is None or reply.status is not Status.OK:
        return Opinion(text=text, is_consistent=None)
    last = split_thought(text)[1].rstrip().rpartition("\n")[2].strip()
    found = _VERDICT.fullmatch(last)
    is_consistent = found["word"].lower() == "consistent" if found else None
    return Opinion(text=text, is_consistent=is_consistent)


def make_request(statement: Statement, prompt: Prompt, params: ConsistencyParams) -> Request:
    """Ask about one reasoning; its texts stand between tags that they cannot know."""
    texts = {
        "question": statement.question[:MAX_CHARS],
        "formal_text": statement.formal_text[:MAX_CHARS],
        "reasoning": statement.reasoning[:MAX_CHARS],
    }
    sampling = SamplingParams(temperature=0.0, top_p=1.0, max_tokens=params.max_tokens)
    return Request(
        messages=prompt.render(mark=make_mark(texts), **texts), sampling=sampling, seed=0
    )


async def judge_statements(
    statements: Sequence[Statement], client: BudgetedClient, params: ConsistencyParams
) -> list[Opinion]:
    """Ask the judge about every statement; opinions come back in their order.

    Raises:
        ServerError: most requests failed.
    """
    prompt = load_prompt(params.prompt)
    replies = await client.sample_all(make_request(one, prompt, params) for one in statements)
    stop_if_failing(replies, client.endpoint.model)
    return [parse_opinion(reply) for reply in replies]
