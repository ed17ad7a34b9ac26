"""The judge: a model that is asked where the rules cannot tell.

Comes in: verdicts with their rollouts and problems, and a client of the judge. Goes out: the same
verdicts with the judge's text. Only a verdict of `cannot tell` may change; a share of the decided
ones is judged, too, where an audit is asked for. What cannot be parsed stays as it was.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from prompts import Prompt, load_prompt, render_options
from schemas.recipe import JudgeParams
from schemas.records import Reply, Request, SamplingParams, Status
from tasks.answers import split_thought
from tasks.faults import stop_if_failing
from tasks.sampling import ModelClient

JUDGE_RULE = "judge"
MAX_QUESTION_CHARS = 8_000
MAX_ANSWER_CHARS = 4_000
"""Of what follows the thought, from its end, where the final answer stands."""
MAX_GOLD_CHARS = 2_000

_VERDICT_LINE = re.compile(r"^[ \t>*_#-]{0,8}verdict\b.*$", re.IGNORECASE | re.MULTILINE)
_VERDICT = re.compile(
    r"\**verdict: ?\**(?P<word>correct|incorrect|cannot tell)\.?\**", re.IGNORECASE
)
_MEANINGS = {"correct": True, "incorrect": False, "cannot tell": None}


def parse_judgement(text: str) -> bool | None:
    """Read what a judge decided; None where it cannot tell, or where its text cannot be parsed.

    The last line, and no other, must be `Verdict: correct`, `Verdict: incorrect` or
    `Verdict: cannot tell`: a judge that repeats a verdict from the answer has none of its own.
    """
    _, said = split_thought(text)
    lines = _VERDICT_LINE.findall(said)
    last = said.rstrip().rpartition("\n")[2].strip()
    found = _VERDICT.fullmatch(last)
    return _MEANINGS[found["word"].lower()] if found and len(lines) == 1 else None


def is_audited(problem_id: str, rollout_index: int, fraction: float) -> bool:
    """Draw a decided verdict for the audit: always the same ones, and more with a larger share."""
    digest = hashlib.sha256(f"audit {problem_id} {rollout_index}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < fraction * 2**64


def make_mark(texts: Mapping[str, str]) -> str:
    """Make the mark of the tags around texts that strangers wrote.

    It is made from the texts themselves: the same question gets the same reply, and no text can
    hold it.
    """
    return hashlib.sha256(repr(texts).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def make_judge_request(
    problem: Mapping[str, Any], answer_text: str, prompt: Prompt, params: JudgeParams
) -> Request:
    """Ask about one rollout; its text stands between tags that it cannot know.

    Args:
        problem: question, options, gold_answer and unit of PROBLEMS.
        answer_text: what follows the thought.
        prompt: the judge's prompt.
        params: how the judge is asked.
    """
    texts = {
        "question": problem["question"][:MAX_QUESTION_CHARS],
        "options": render_options(problem["options"])[:MAX_QUESTION_CHARS],
        "gold_answer": problem["gold_answer"][:MAX_GOLD_CHARS],
        "unit": (problem["unit"] or "")[:MAX_GOLD_CHARS],
        "answer_text": answer_text[-MAX_ANSWER_CHARS:],
    }
    mark = make_mark(texts)
    sampling = SamplingParams(
        temperature=params.temperature, top_p=params.top_p, max_tokens=params.max_tokens
    )
    return Request(messages=prompt.render(mark=mark, **texts), sampling=sampling, seed=0)


def judge_verdict(verdict: Mapping[str, Any], reply: Reply) -> dict[str, Any]:
    """Add a judge's reply to a verdict, which changes only where the rules could not tell."""
    if reply.status is Status.OVER_BUDGET and verdict["is_correct"] is None:
        return {**verdict, "rule": reply.status.value}
    text = reply.text if reply.status.has_text else None
    is_whole = reply.status is Status.OK and text is not None
    judged = parse_judgement(text) if is_whole and text else None
    added = {"judge_text": text, "judge_is_correct": judged}
    if verdict["is_correct"] is None and judged is not None:
        added |= {"is_correct": judged, "rule": JUDGE_RULE}
    return {**verdict, **added}


def choose_verdicts(
    verdicts: Sequence[Mapping[str, Any]], answer_texts: Sequence[str | None], audit_fraction: float
) -> list[int]:
    """Choose the verdicts that the judge is asked about: undecided ones, and those of the audit.

    A rollout without a text is never asked about.
    """
    return [
        place
        for place, (row, text) in enumerate(zip(verdicts, answer_texts, strict=True))
        if text
        and (
            row["is_correct"] is None
            or is_audited(row["problem_id"], row["rollout_index"], audit_fraction)
        )
    ]


async def judge_verdicts(
    verdicts: Sequence[dict[str, Any]],
    answer_texts: Sequence[str | None],
    problems: Mapping[str, Mapping[str, Any]],
    client: ModelClient,
    params: JudgeParams,
) -> list[dict[str, Any]]:
    """Ask the judge about the verdicts that need it; all come back in their order.

    Args:
        verdicts: rows of VERDICTS.
        answer_texts: of the same rollouts.
        problems: problem id to question, options, gold_answer and unit.
        client: the judge.
        params: how it is asked.

    Raises:
        ServerError: most requests failed; nobody is judged by a server that does not answer.
    """
    prompt = load_prompt(params.prompt)
    places = choose_verdicts(verdicts, answer_texts, params.audit_fraction)
    replies = await client.sample_all(
        make_judge_request(
            problems[verdicts[place]["problem_id"]], answer_texts[place] or "", prompt, params
        )
        for place in places
    )
    stop_if_failing(replies, client.endpoint.model)
    judged = list(verdicts)
    for place, reply in zip(places, replies, strict=True):
        judged[place] = judge_verdict(verdicts[place], reply)
    return judged
