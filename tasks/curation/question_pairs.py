"""Pairs of questions that ask the same: MinHash finds candidates, an edit ratio confirms them.

"Find x." asks something else of every image: questions of few words, and those that many problems
share word for word, link nothing. Two questions whose numbers differ are two problems, however
much alike ("2x + 3 = 7", "2x + 3 = 9").
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from rapidfuzz import fuzz, process

from tasks.curation.banding import Keys, Pairs, pair_across, pair_within
from tasks.curation.minhash import MinHashPlan, make_keys, sign_texts
from tasks.curation.shingles import hash_text, mix
from tasks.curation.words import fold_text, split_words

MAX_CHARS = 4000
MAX_PARTNERS = 16
"""Candidates of a question in each band, where a template gives it very many."""
_BLOCK_PAIRS = 1 << 18
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_MARK = re.compile(r"<image>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionRule:
    """When two questions count as one."""

    min_words: int = 8
    """Shorter questions say little without their image."""
    max_repeats: int = 8
    """A question that more problems than this share word for word is a template."""
    min_ratio: float = 0.9
    """Least edit ratio, 0 to 1: 1 - insertions and deletions / characters of both."""
    has_same_numbers: bool = True
    """Whether the numbers must be the same, in any order."""
    plan: MinHashPlan = field(default_factory=MinHashPlan)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionPair:
    """Two rows that ask the same."""

    first: int
    second: int
    """Row numbers."""
    ratio: float
    """1: word for word."""


def link_questions(questions: Sequence[str], rule: QuestionRule) -> Iterator[QuestionPair]:
    """Yield links between the rows of one table; a text's own rows are linked to its first."""
    rows = group_questions(questions, rule)
    texts = list(rows)
    for places in rows.values():
        for place in places[1:]:
            yield QuestionPair(first=places[0], second=place, ratio=1.0)
    pairs = pair_within(_make_keys(texts, rule), MAX_PARTNERS)
    for first, second, ratio in _confirm(texts, texts, pairs, rule):
        yield QuestionPair(first=rows[texts[first]][0], second=rows[texts[second]][0], ratio=ratio)


def match_questions(
    questions: Sequence[str], others: Sequence[str], rule: QuestionRule
) -> Iterator[QuestionPair]:
    """Yield every pair of a row and a row of the other table that ask the same."""
    rows, other_rows = group_questions(questions, rule), group_questions(others, rule)
    texts, other_texts = list(rows), list(other_rows)
    pairs = pair_across(_make_keys(texts, rule), _make_keys(other_texts, rule), MAX_PARTNERS)
    for place, other, ratio in _confirm(texts, other_texts, pairs, rule):
        for first in rows[texts[place]]:
            for second in other_rows[other_texts[other]]:
                yield QuestionPair(first=first, second=second, ratio=ratio)


def group_questions(questions: Sequence[str], rule: QuestionRule) -> dict[str, list[int]]:
    """Map each folded question that can link rows to its rows; in alphabetical order."""
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for place, question in enumerate(questions):
        rows[fold_question(question)].append(place)
    return {
        text: places
        for text, places in sorted(rows.items())
        if len(places) <= rule.max_repeats and _has_words(text, rule.min_words)
    }


def fold_question(question: str) -> str:
    """Fold a question for comparison; image marks and what is beyond 4,000 characters go."""
    return fold_text(_MARK.sub(" ", question[:MAX_CHARS]))


def _has_words(text: str, min_words: int) -> bool:
    return len(split_words(text)) >= max(1, min_words)


def _make_keys(texts: list[str], rule: QuestionRule) -> Keys:
    """Make keys of MinHash bands; the numbers go into them where they must be the same."""
    keys = make_keys(sign_texts(texts, rule.plan), rule.plan)
    if rule.has_same_numbers:
        numbers = [hash_text(" ".join(sorted(_NUMBER.findall(text)))) for text in texts]
        keys = mix(keys + np.array(numbers, dtype=np.uint64)[:, None])
    return keys


def _confirm(
    texts: list[str], others: list[str], pairs: Pairs, rule: QuestionRule
) -> Iterator[tuple[int, int, float]]:
    cutoff = 100 * rule.min_ratio
    for block in np.split(pairs, range(_BLOCK_PAIRS, len(pairs), _BLOCK_PAIRS)):
        ratios = process.cpdist(
            [texts[first] for first in block[:, 0].tolist()],
            [others[second] for second in block[:, 1].tolist()],
            scorer=fuzz.ratio,
            score_cutoff=cutoff,
            dtype=np.float64,
        )
        for place in np.flatnonzero(ratios >= max(cutoff, 1e-9)).tolist():
            first, second = block[place].tolist()
            yield first, second, float(ratios[place]) / 100
