"""Non-maximum suppression: of boxes with one label that show the same thing, the best stays.

A kernel.
"""

from collections.abc import Sequence

from tasks.grounding.evidence import Box, Finding

MAX_OVERLAP = 0.5
"""Intersection over union; from there on two boxes with one label are one thing."""
MAX_FINDINGS = 100
"""Of one image, the best ones."""


def drop_overlaps(findings: Sequence[Finding], max_overlap: float = MAX_OVERLAP) -> list[Finding]:
    """Return the best findings of each label, the best first; ties by label and place."""
    kept: list[Finding] = []
    for found in sorted(findings, key=lambda f: (-f.score, f.label, f.box)):
        same = (other.box for other in kept if other.label == found.label)
        if all(measure_overlap(found.box, box) < max_overlap for box in same):
            kept.append(found)
        if len(kept) >= MAX_FINDINGS:
            break
    return kept


def measure_overlap(one: Box, other: Box) -> float:
    """Measure the intersection over union of two boxes, in 0..1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (_measure_area(one) + _measure_area(other) - shared)


def _measure_area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
