"""Check answers: the one verifier behind the filter, the rewards and the benchmark grades.

A typed gold answer and what a model wrote after its thought come in; a three-valued verdict with
the rule that decided goes out. Plain rules only: nothing executed, linear time, and an algebra
system only where the caller hands one in. The table in `README.md` says what counts as equal.

Example:
    `check_answer(type_gold("4,656", unit="$"), "She has $4,656.00 left.")` is correct by `numeric`;
    `check_answer(type_gold("B", ["3", "5"]), "<answer>A or B</answer>")` is incorrect by `choice`.
"""

from dataclasses import dataclass

from tasks.answers.extraction import ExtractionStatus, find_answers
from tasks.answers.judgement import Compare
from tasks.answers.kinds import Gold
from tasks.answers.listings import list_options
from tasks.answers.policy import DEFAULT_POLICY, Policy
from tasks.answers.rules import judge_answer

NO_ANSWER = "no_answer"
SEVERAL_ANSWERS = "several_answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Result of checking one rollout."""

    is_correct: bool | None
    """None: these rules cannot tell."""
    rule: str
    """The rule that decided."""
    answer: str | None
    """Extracted final answer, as written but for Unicode twins and runs of white space."""
    extraction: ExtractionStatus
    policy: str
    """What applied: `tolerance 1e-06 relative; units lenient`."""


def check_answer(
    gold: Gold, text: str, policy: Policy = DEFAULT_POLICY, compare: Compare | None = None
) -> Verdict:
    """Check what a model wrote after its thought against the gold answer.

    Any text is fine: it never raises. Of several answers each must be correct.

    Args:
        gold: From `type_gold`, made once a problem.
        text: What follows the thought; a thought that is still there is left out.
        policy: What counts as equal where sources differ.
        compare: Asks an algebra system whether two mathematical texts, (gold, answer), are equal;
            None: it cannot tell, and neither can the verdict. Asked only where no cheap rule
            decides; what it raises is raised.
    """
    stated = find_answers(text)
    if not stated.answers:
        return Verdict(
            is_correct=False,
            rule=NO_ANSWER,
            answer=None,
            extraction=stated.status,
            policy=policy.description,
        )
    listed = list_options(text, gold.options) if gold.options and "\n" in text else []
    judged = [judge_answer(gold, answer, policy, compare) for answer in (*listed, *stated.answers)]
    is_correct, rule = judged[-1]
    if len(judged) > 1 and any(result is not is_correct for result, _ in judged):
        is_correct, rule = False, SEVERAL_ANSWERS
    return Verdict(
        is_correct=is_correct,
        rule=rule,
        answer=stated.answers[-1],
        extraction=stated.status,
        policy=policy.description,
    )
