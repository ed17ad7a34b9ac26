"""The verifier: one set of rules for the filter, the rewards and the benchmark grades.

A kernel: no Prefect, no input or output, no algebra system, nothing executed. `README.md` here says
what counts as equal; `extraction` finds what a model stated, `golds` types the gold answer, `rules`
routes it to the rule of its type, and `policy` holds the choices that differ between sources.
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
