"""Reflection markers and words of the reasoning, for the tables of a data card.

Vision-R1 counts five words in its data and in two others, as a sign that the thoughts reflect
(arXiv 2503.06749, Table 2): in 200k rows 585,719 "Wait", 75,853 "Hmm", 26,697 "Mistake", 188,187
"Alternatively" and 100,148 "Check". Its way of counting is not published; here whole words count,
in any case. Tables in, tables out.
"""

from collections.abc import Mapping

import polars as pl

VISION_R1_MARKERS = {
    "Wait": r"wait",
    "Hmm": r"hm+",
    "Mistake": r"mistakes?",
    "Alternatively": r"alternatively",
    "Check": r"check(?:s|ed|ing)?",
}
"""Label to the pattern of its words, in the order of Table 2."""
REFLECTION_MARKERS = VISION_R1_MARKERS | {
    "Let me check": r"let(?:'s| me| us) (?:double[- ]|re-?)?(?:check|verify)",
    "Let me think": r"let(?:'s| me| us) (?:think|see|re-?think|reconsider)",
    "But wait": r"but wait|but the question",
    "Another way": r"another (?:way|approach|method)",
    "Verify": r"(?:re-?)?verif(?:y|ies|ied|ying|ication)",
}
"""The same and what other thoughts say when they turn back."""
VISION_R1_PER_1000 = {
    "Wait": 585_719 / 200,
    "Hmm": 75_853 / 200,
    "Mistake": 26_697 / 200,
    "Alternatively": 188_187 / 200,
    "Check": 100_148 / 200,
}
"""Vision-R1-cold's counts per 1,000 rows, from Table 2 (200K rows), for comparison."""


def count_markers(
    reasoning: pl.Series, markers: Mapping[str, str] = REFLECTION_MARKERS
) -> pl.DataFrame:
    """Count reflection markers.

    Args:
        reasoning: One thought a row; nulls count as empty.
        markers: Label to a pattern of the words, in polars' syntax (linear in the text).

    Returns:
        (markers; marker, num_marks, num_rows), in their order: times that it occurs, and rows in
        which it does.
    """
    patterns = [rf"(?i)\b(?:{pattern})\b" for pattern in markers.values()]
    thoughts = reasoning.fill_null("").rename("reasoning").to_frame()
    counts = thoughts.select(
        pl.col("reasoning").str.count_matches(pattern).alias(label)
        for label, pattern in zip(markers, patterns, strict=True)
    )
    return pl.DataFrame(
        {
            "marker": list(markers),
            "num_marks": [int(counts[label].sum()) for label in markers],
            "num_rows": [int((counts[label] > 0).sum()) for label in markers],
        },
        schema={"marker": pl.String, "num_marks": pl.Int64, "num_rows": pl.Int64},
    )


def count_words(texts: pl.Series) -> pl.Series:
    """Count the words between blanks of each text, as OpenVLThinker's limit of 500 does."""
    return texts.fill_null("").str.count_matches(r"\S+").cast(pl.Int64)
