"""Measure the small model on held-out problems of the world, and write its card.

    python -m tasks.world.evaluation [--model data/model] [--num 500] [--temperature 1.0]

Four figures a kind: formal text exactly right, reasoning from the true formal text, the pipeline
(own formal text, then k sampled rollouts), and the answer directly from the image. Answers are
graded by the verifier that the pipeline uses.
"""

import argparse
import json
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from prompts import load_prompt, render_options
from tasks.answers import check_answer, split_thought, type_gold
from tasks.world.card import render_card
from tasks.world.completion import Ask, Completer
from tasks.world.problems import KINDS, WorldProblem, list_problems

NUM_ROLLOUTS = 4
MAX_TOKENS = 144
MAX_ANSWER_TOKENS = 16
WELL_FORMED = re.compile(r"<think>[^<]+</think>\n\\boxed\{[^{}]+\}")
VALID_FORMS = {
    "scene": r'\[(\{"id":\d,"is":"\w+ \w+ \w+","at":\[\d,\d\]\}(,\n(?=\{)|(?=\])))+\]',
    "bars": r"label,value(\n[A-Z],\d+)+",
    "table": r"item(,\w+){2}(\n\w+(,\d+){2})+",
    "geometry": r"(Triangle|Quadrilateral)\([A-Z](,[A-Z])+\)(\nLength\([A-Z]{2}\)=\d+){3,4}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Rates of one kind, each in 0..1."""

    num_problems: int
    formal_exact: float
    formal_valid: float
    reasoning_right: float
    well_formed: float
    """Of the greedy reasonings from the true formal text."""
    rollout_right: float
    """Of the pipeline's rollouts."""
    any_right: float
    """Problems with at least one right rollout."""
    mixed: float
    """Problems with right and wrong rollouts."""
    direct_right: float


def is_right(problem: WorldProblem, completion: str) -> bool:
    """Grade a completion with the verifier of the pipeline."""
    question = problem.question
    gold = type_gold(question.answer, question.options or None)
    return check_answer(gold, split_thought(completion)[1]).is_correct is True


def ask_to_formalize(problem: WorldProblem) -> Ask:
    """Ask for the formal text of the image."""
    return Ask(load_prompt("formalize.world").render()[0].text, problem.image)


def ask_to_reason(problem: WorldProblem, formal_text: str) -> Ask:
    """Ask for reasoning over a formal text."""
    messages = load_prompt("reason.world").render(
        formal_text=formal_text,
        question=problem.question.text,
        options=render_options(problem.question.options),
    )
    return Ask(messages[0].text)


def ask_directly(problem: WorldProblem) -> Ask:
    """Ask for the answer at once."""
    messages = load_prompt("answer.world").render(
        question=problem.question.text, options=render_options(problem.question.options)
    )
    return Ask(messages[0].text, problem.image)


def evaluate_kind(completer: Completer, kind: str, num: int, temperature: float) -> Scores:
    """Measure everything on `num` problems of the benchmark."""
    problems = list_problems(num, "benchmark", (kind,))
    formal = completer.complete([ask_to_formalize(p) for p in problems], max_tokens=MAX_TOKENS)
    true_asks = [ask_to_reason(problem, problem.formal_text) for problem in problems]
    reasonings = completer.complete(true_asks, max_tokens=MAX_TOKENS)
    direct = completer.complete([ask_directly(p) for p in problems], max_tokens=MAX_ANSWER_TOKENS)
    rollouts = sample_rollouts(completer, problems, formal, temperature)
    num_right = [
        sum(is_right(problem, text) for text in texts)
        for problem, texts in zip(problems, rollouts, strict=True)
    ]
    return Scores(
        num_problems=num,
        formal_exact=_mean([f == p.formal_text for f, p in zip(formal, problems, strict=True)]),
        formal_valid=_mean([bool(re.fullmatch(VALID_FORMS[kind], text)) for text in formal]),
        reasoning_right=_mean([is_right(p, r) for p, r in zip(problems, reasonings, strict=True)]),
        well_formed=_mean([bool(WELL_FORMED.fullmatch(text)) for text in reasonings]),
        rollout_right=sum(num_right) / (num * NUM_ROLLOUTS),
        any_right=_mean([right > 0 for right in num_right]),
        mixed=_mean([0 < right < NUM_ROLLOUTS for right in num_right]),
        direct_right=_mean([is_right(p, d) for p, d in zip(problems, direct, strict=True)]),
    )


def sample_rollouts(
    completer: Completer, problems: list[WorldProblem], formal: list[str], temperature: float
) -> list[list[str]]:
    """Sample the rollouts of each problem from the model's own formal texts."""
    pairs = zip(problems, formal, strict=True)
    asks = [ask_to_reason(p, text) for p, text in pairs for _ in range(NUM_ROLLOUTS)]
    texts = completer.complete(asks, max_tokens=MAX_TOKENS, temperature=temperature)
    return [texts[i : i + NUM_ROLLOUTS] for i in range(0, len(texts), NUM_ROLLOUTS)]


def _mean(values: list[bool]) -> float:
    return sum(values) / len(values)


def main() -> None:
    """Measure, print, and write the card."""
    parser = argparse.ArgumentParser(description="Measure the small model and write its card.")
    parser.add_argument("--model", type=Path, default=Path("data/model"))
    parser.add_argument("--num", type=int, default=500, help="problems of each kind")
    parser.add_argument("--temperature", type=float, default=1.0, help="of the rollouts")
    parser.add_argument("--dry-run", action="store_true", help="leave the card as it is")
    args = parser.parse_args()
    completer = Completer(args.model)
    scores: dict[str, dict[str, float]] = {}
    for kind in KINDS:
        measured = asdict(evaluate_kind(completer, kind, args.num, args.temperature))
        scores[kind] = {name: round(value, 4) for name, value in measured.items()}
        sys.stdout.write(f"{kind} {json.dumps(scores[kind])}\n")
        sys.stdout.flush()
    if not args.dry_run:
        card = render_card(args.model, scores, args.temperature, NUM_ROLLOUTS)
        (args.model / "README.md").write_text(card, encoding="utf-8")


if __name__ == "__main__":
    main()
