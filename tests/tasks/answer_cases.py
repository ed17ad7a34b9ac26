"""The case table of the verifier, and how one of its cases is run."""

import json
from pathlib import Path

from tasks.answers import Policy, Verdict, check_answer, type_gold

ROOT = Path(__file__).parents[2]
CASES = [json.loads(line) for line in (ROOT / "tests/cases/answers.jsonl").open(encoding="utf-8")]
GOLDS = [
    type_gold(case["gold"], case.get("options"), case.get("unit"))
    for case in {case["type"]: case for case in CASES}.values()
]
"""One of each type."""


def check_case(case: dict, prediction: str) -> Verdict:
    gold = type_gold(case["gold"], case.get("options"), case.get("unit"))
    return check_answer(gold, prediction, Policy(**case.get("policy", {})))
