"""How one problem's images become formal text: route, look with tools, bridge, write, repair.

A problem with its images comes in; a row of `formal_texts` goes out, whatever the model answers.
Each step is a request of its own, so a run that is asked again pays for none of them twice.

Source: cross-modal formalization, R1-Onevision, arXiv 2503.10615; bridging, Vision-R1,
arXiv 2503.06749, section 3.3. The check of the text and its repair are ours: none of them has one.
"""

from collections.abc import Mapping
from typing import Any

from prompts import load_prompt, render_options
from schemas.recipe import FormalizeParams
from schemas.records import ImagePart, Message, Reply, Request, SamplingParams
from tasks.formalizing.draft import WRITING, Draft, StepFailed, make_row
from tasks.formalizing.evidence import render_evidence
from tasks.formalizing.repairing import find_fault, read_writing
from tasks.formalizing.routing import Route, route_by_default, route_by_map, route_by_reply
from tasks.grounding import Tools
from tasks.sampling import ModelClient

MAX_KIND_TOKENS = 2048
"""Of a classifier's reply: a word, or a thought and a word."""
NO_QUESTION: dict[str, str | None] = {"question": None, "options": None}


class Formalizer:
    """Writes formal texts with one model, by one recipe."""

    def __init__(self, client: ModelClient, params: FormalizeParams, tools: Tools) -> None:
        """Prepare; nothing is asked yet."""
        self._client, self._params, self._tools = client, params, tools

    async def formalize(self, problem: Mapping[str, Any]) -> tuple[dict[str, Any], Reply]:
        """Write the formal text of one problem.

        Args:
            problem: `problem_id`, `images`, `image_sha256`, `question`, `options`, `gold_answer`,
                `source` and `domain` of a row of PROBLEMS.

        Returns:
            A row of FORMAL_TEXTS, and the reply that decided it.
        """
        params, model = self._params, self._client.endpoint.model
        draft = Draft(problem, list_images(problem), route_by_default(params))
        try:
            draft.route = await self._find_route(draft)
            await self._look(draft)
            draft.pseudo_cot = await self._write_pseudo_cot(draft)
            await self._write_text(draft)
            await self._repair(draft)
        except StepFailed as failed:
            return make_row(draft, failed, params, model), failed.reply
        return make_row(draft, None, params, model), draft.get_deciding_reply()

    async def _find_route(self, draft: Draft) -> Route:
        problem, params = draft.problem, self._params
        found = route_by_map(problem["source"], problem["domain"], params)
        if found is not None or params.route.classifier is None:
            return found or route_by_default(params)
        reply = await self._ask(draft, params.route.classifier, {}, max_tokens=MAX_KIND_TOKENS)
        if not reply.status.has_text:
            raise StepFailed("classify", reply)
        return route_by_reply(reply.text, params)

    async def _look(self, draft: Draft) -> None:
        """Let the tools look at every image."""
        for tool, found in (
            (self._tools.read_text, draft.lines),
            (self._tools.find_objects, draft.objects),
        ):
            for image in draft.images if tool else ():
                found.append(await tool(image.data) if tool else [])

    async def _write_pseudo_cot(self, draft: Draft) -> str | None:
        bridge = self._params.bridge
        if bridge is None:
            return None
        shown = {"gold_answer": draft.problem["gold_answer"] if bridge.show_gold else None}
        asked = self._describe_question(draft.problem) | shown
        reply = await self._ask(draft, bridge.pseudo_cot, asked, max_tokens=bridge.max_tokens)
        if not reply.status.has_text or not (reply.text or "").strip():
            raise StepFailed("pseudo_cot", reply)
        return (reply.text or "").strip()

    async def _write_text(self, draft: Draft) -> None:
        is_aware = self._params.show_question or draft.pseudo_cot is not None
        asked = self._describe_question(draft.problem) if is_aware else NO_QUESTION
        variables = asked | {"pseudo_cot": draft.pseudo_cot}
        evidence = render_evidence(draft.lines, draft.objects, draft.route.format)
        name = self._params.get_prompt(draft.route.format)
        reply = await self._ask(draft, name, variables, evidence=evidence)
        if not reply.status.has_text:
            raise StepFailed(WRITING, reply)
        draft.writing = read_writing(draft.route.format, reply)

    async def _repair(self, draft: Draft) -> None:
        """Send an invalid text back with what is wrong with it, a bounded number of times.

        After a repair that is not taken the same text goes back with another seed; without a
        temperature the seed changes nothing, and the rounds end.
        """
        format, num_lost = draft.route.format, 0
        for _ in range(self._params.max_repairs):
            before = draft.writing
            if before is None or before.text is None or not before.problems:
                return
            problems = "\n".join(before.problems)
            variables = {"format": format, "formal_text": before.text, "problems": problems}
            reply = await self._ask(draft, "formalize.repair", variables, seed=num_lost)
            if not reply.status.has_text:
                return  # The text that there is stays, with its problems.
            repair = read_writing(format, reply)
            fault = find_fault(before, repair)
            draft.add_round(repair if fault else before, fault)
            if fault is None:
                draft.writing, num_lost = repair, 0
            elif self._params.temperature > 0:
                num_lost += 1
            else:
                return

    def _describe_question(self, problem: Mapping[str, Any]) -> dict[str, str | None]:
        return {"question": problem["question"], "options": render_options(problem["options"])}

    async def _ask(
        self,
        draft: Draft,
        prompt: str,
        variables: Mapping[str, str | None],
        *,
        evidence: str = "",
        max_tokens: int | None = None,
        seed: int = 0,
    ) -> Reply:
        """Ask one prompt about the images; the evidence follows its last message."""
        *others, last = load_prompt(prompt).render(**variables)
        text = f"{last.text}\n\n{evidence}" if evidence else last.text
        sampling = SamplingParams(
            temperature=self._params.temperature,
            top_p=self._params.top_p,
            max_tokens=max_tokens or self._params.max_tokens,
        )
        messages = (*others, Message(role=last.role, text=text, images=draft.images))
        reply = await self._client.sample(Request(messages=messages, sampling=sampling, seed=seed))
        draft.replies.append(reply)
        return reply


def list_images(problem: Mapping[str, Any]) -> tuple[ImagePart, ...]:
    """Return the images of a problem as parts of a message."""
    pairs = zip(problem["images"], problem["image_sha256"], strict=True)
    return tuple(
        ImagePart(sha256=sha256, data=image["bytes"], media_type=name_media_type(image["path"]))
        for image, sha256 in pairs
    )


def name_media_type(file_name: str) -> str:
    """Return the media type of a normalized image by its file name."""
    suffix = file_name.rsplit(".", 1)[-1]
    return f"image/{'jpeg' if suffix in ('jpg', 'jpeg') else suffix}"
