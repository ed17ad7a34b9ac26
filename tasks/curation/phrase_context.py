"""Where a phrase of the replacement table stays: what stands beside it gives it another meaning.

"The description of the problem" is no image, "the description mentioned earlier" says nothing,
"the woman in the picture says" speaks of the woman; and what a replacement would leave must read
well: no "both the image and the image", no "a image".
"""

import re
from collections.abc import Set

from tasks.curation.phrase_table import SUBJECTS
from tasks.curation.words import fold_word, split_words

CONTEXT_CHARS = 40
_OTHER_MEANING = re.compile(
    r"\s+(?:(?:given|provided|mentioned|stated|described|shown|listed)\s+)?(?:earlier|above|below)\b"
    r"|\s+of\s+(?:(?:the|this|that|a|an|each|every)\s+)?"
    r"(?:problem|question|task|exercise|text|passage|answer|option|choice|item)s?\b"
    r"|[-\u2010\u2011]\w",
    re.IGNORECASE,
)
"""After a phrase: where it stands in a text, or what else is described."""
_PARTICIPLE = re.compile(r"\s+(?:in|by|at|before|previously|earlier|above|below)\b", re.IGNORECASE)
"""After "mentioned": it was the description that somebody mentioned."""
_PREPOSITION = re.compile(r"\b(?:in|of|on|from|by|under|below|above|near|with)\s+$", re.IGNORECASE)
"""Before "the picture says": somebody in it does."""
_VERB = re.compile(r"\b(?:show|shows|showed)$")
_BAD_JOINT = re.compile(
    r"\b(?:image|picture|photo)(?:\s+\w+){0,2}\s+(?:the|this|an?)\s+image\b"
    r"|\ba\s+image\b|\b(?:an?|the|this|his|her|their|its)\s+(?:the|an?)\s+image\b"
    r"|\bimage\s+image\b",
    re.IGNORECASE,
)
_BEFORE_HAN = frozenset("题題目问問项項文段句话話字述这這那种種个個的")
"""Before a description in Chinese: it is that of a problem, an option or a passage."""
_AFTER_HAN = {
    "述": frozenset("的了着著出过過性符中里裡"),
    "说": frozenset("明法"),
    "說": frozenset("明法"),
    "中": frozenset("点點线線心位间間"),
}
"""The last character of a phrase, and what makes another word of it."""


def list_subjects(text: str) -> Set[str]:
    """List what a text speaks of among the nouns of the table; Han ones as written."""
    words = {fold_word(word) for word in split_words(text)}
    return {
        name
        for forms, name in SUBJECTS
        if any(form in (words if form.isascii() else text) for form in forms)
    }


def has_other_meaning(text: str, start: int, end: int, after: str) -> bool:
    """Tell whether a phrase at [start, end) means something else than its replacement `after`."""
    left, right = text[max(0, start - CONTEXT_CHARS) : start], text[end : end + CONTEXT_CHARS]
    if not text[start].isascii():
        is_of_other = text[start] == "的" or left[-1:] in _BEFORE_HAN
        return is_of_other or right[:1] in _AFTER_HAN.get(text[end - 1], ())
    return bool(
        _OTHER_MEANING.match(right)
        or (after.endswith("showed") and _PARTICIPLE.match(right))
        or (_VERB.search(after) and _PREPOSITION.search(left))
    )


def reads_well(left: str, after: str, right: str) -> bool:
    """Tell whether a replacement fits between what stands left and right of it."""
    left, right = left[-CONTEXT_CHARS:], right[:CONTEXT_CHARS]
    window = f"{left}{after}{right}"
    start, end = len(left), len(left) + len(after)
    return not any(
        joint.start() < end and joint.end() > start for joint in _BAD_JOINT.finditer(window)
    )
