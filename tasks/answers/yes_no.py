"""Which of yes and no an answer says.

A normalized answer comes in; True, False or None (neither, or both) goes out. The question being
unknown, only a truth value that is said, and the few claims that answer any question, count.
"""

import re

from tasks.answers.denials import MARK, is_denial
from tasks.answers.kinds import YES_NO
from tasks.answers.letters import split_label

MAX_SENTENCE_CHARS = 2_000

_VERB = re.compile(r"\b(?:is|are|was|were|be|would be) |: ", re.IGNORECASE)
_YES_NO_START = re.compile(
    r"(?P<word>yes|no|true|false)(?=$|[.,;:!-]|\s(?:it|he|she|they|there|the|we|i|this|because|since)\b|\s-)",
    re.IGNORECASE,
)
_CLAIM = re.compile(
    r"(?P<subject>[^.,;:?!]{1,60}?) (?:(?:does|do|did)(?P<negation> not|n't)?"
    r" (?:indeed |actually |really |still )?(?P<verb>[a-z]+)|(?:has|have|had) enough)\b"
    r"(?P<rest>[^;?]{0,200})",
    re.IGNORECASE,
)
_NO_CLAIM = re.compile(
    r"\b(?:if|whether|when|what|who|which|how|why|that|not|never|neither|no|none|i|we|you|nobody"
    r"|doubt|question|few|hardly|would|could|should|might|may|can|must)\b",
    re.IGNORECASE,
)
_VAGUE_VERBS = {"seem", "appear", "know", "say", "show", "provide", "specify", "tell", "give",
                "mention", "indicate", "contain", "matter", "not", "so", "fail", "lack",
                "refuse", "miss"}  # fmt: skip
_OPEN = re.compile(r"\b(?:or|except|no|nothing|none|nobody|trouble)\b", re.IGNORECASE)
_YES_NO_WORD = re.compile(r"\b(?:yes|no|true|false)\b", re.IGNORECASE)


def pick_yes_no(text: str) -> bool | None:
    """Find which of yes and no an answer says first or after its verb, and says alone."""
    text = text[:MAX_SENTENCE_CHARS]
    said = {YES_NO[word.lower()] for word in _YES_NO_WORD.findall(text)}
    if len(said) == 2:
        return None
    for part in (split_label(text)[1] or text, *_list_tails(text)):
        found = _YES_NO_START.match(part.strip("('\" "))
        if found:
            return YES_NO[found["word"].lower()]
    return _read_claim(text)


def _list_tails(text: str) -> list[str]:
    """List what follows the last verb; nothing where its clause denies or doubts."""
    clause = _YES_NO_WORD.sub(MARK, text.rpartition(",")[2])
    return [] if is_denial(clause.strip()) else _VERB.split(text)[-1:]


def _is_open(rest: str) -> bool:
    return is_denial(rest) or _OPEN.search(rest) is not None


def _read_claim(text: str) -> bool | None:
    """Read `Liam does have enough money.` as yes, and `does not have` as no.

    Only `does`, `do` and `did` with their verb, and `has enough`, answer a question that is not
    seen; a sentence that asks, supposes, hedges or reports ignorance answers none.
    """
    found = _CLAIM.fullmatch(text)
    if found is None or _NO_CLAIM.search(found["subject"]) or _is_open(found["rest"]):
        return None
    if (found["verb"] or "").lower() in _VAGUE_VERBS:
        return None
    return not found["negation"]
