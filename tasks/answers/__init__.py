"""The verifier: one set of rules for the filter, the rewards and the benchmark grades.

A kernel: no Prefect, no input or output, no algebra system, nothing evaluated. `checking` says
what counts as equal; `extraction` finds what a model stated; `kinds` types the gold answer;
`rules` holds one rule a type.
"""

from tasks.answers.checking import Verdict, check_answer
from tasks.answers.extraction import (
    Extraction,
    ExtractionStatus,
    extract_answer,
    split_thought,
)
from tasks.answers.golds import type_gold
from tasks.answers.judgement import Compare
from tasks.answers.kinds import AnswerType, Gold
from tasks.answers.policy import DEFAULT_POLICY, Policy, UnitPolicy

__all__ = [
    "DEFAULT_POLICY",
    "AnswerType",
    "Compare",
    "Extraction",
    "ExtractionStatus",
    "Gold",
    "Policy",
    "UnitPolicy",
    "Verdict",
    "check_answer",
    "extract_answer",
    "split_thought",
    "type_gold",
]
