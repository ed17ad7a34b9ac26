"""Which of the options, or which of yes and no, an answer picks.

A normalized answer comes in; the one pick it makes goes out, or None where it makes none or
several: "A or B or C" picks nothing.
"""

import re
from functools import lru_cache

from tasks.answers.kinds import LETTERS, YES_NO
from tasks.answers.normalization import to_key
from tasks.answers.options import find_option, key_options

MAX_SENTENCE_CHARS = 2_000

_LETTER = re.compile(
    r"(?:(?:the )?(?:correct )?(?:option|choice|answer)(?: is)?:? ?)?"
    r"[(\[]?(?P<letter>[A-Za-z])[)\]]?",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:(?:option|choice|answer):? )?"
    r"(?:[(\[](?P<bracketed>[A-Za-z])[)\]][.:,]?|(?P<marked>[A-Za-z])[.):]|(?P<bare>[A-Z])(?= ))"
    r" ?(?:- )?(?P<rest>.+)",
    re.IGNORECASE,
)
_NAMED_LETTER = re.compile(
    r"\b(?:option|choice)s? [(\[]?([A-Z])\b|\(([A-Z])\)"
    r"|\b([A-Z]) is (?:the )?(?:correct|right|best)"
)
_OTHER_LETTER = re.compile(
    r"(?<![\w'])[B-HJ-Z](?![\w'])|(?<![\w'])A(?=[),.]|$| or | and )|\([A-Za-z]\)"
)
_REASON = re.compile(r"(?:^|(?<=[ ,]))(?:because|since|as) ", re.IGNORECASE)
_NEGATION = re.compile(
    r"\b(?:not|never|neither|nor|except|cannot|either|or|whether|incorrect|wrong|unlikely)\b|n't\b",
    re.IGNORECASE,
)
_SAYS_OF_LETTER = re.compile(
    r"(?:is|was|are|has|can|could|might|may|would|does|seems|looks)\b|.{0,9}n't"
)
_VERB = re.compile(r"\b(?:is|are|was|were|be|would be) |: ")
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
    r"|doubt|question)\b",
    re.IGNORECASE,
)
_VAGUE_VERBS = {"seem", "appear", "know", "say", "show", "provide", "specify", "tell", "give",
                "mention", "indicate", "contain", "matter", "not", "so"}  # fmt: skip
_YES_NO_WORD = re.compile(r"\b(?:yes|no|true|false)\b", re.IGNORECASE)


def pick_option(text: str, options: tuple[str, ...]) -> int | None:
    """Find the one option that an answer picks: by letter, by text, or named in a sentence."""
    whole = find_option(text, options)
    if whole is not None or len(text) > MAX_SENTENCE_CHARS:
        return whole
    letter, rest = split_label(text)
    if letter is None:
        return _pick_in_sentence(text, options)
    index = LETTERS.index(letter)
    if index >= len(options):
        return None
    named = find_option(rest, options) if rest else index
    if named is not None:
        return index if named == index else None
    return index if _agrees(letter, rest, options) else None


def pick_letter(text: str) -> str | None:
    """Find the one letter that an answer picks where the options are not known."""
    if len(text) > MAX_SENTENCE_CHARS:
        return None
    letter, rest = split_label(text)
    if letter is not None:
        return letter if not rest or not _names_other(letter, rest) else None
    if _NEGATION.search(text):
        return None
    named = {found[1] or found[2] or found[3] for found in _NAMED_LETTER.finditer(text)}
    return named.pop() if len(named) == 1 else None


def split_label(text: str) -> tuple[str | None, str]:
    """Split `(B) 3 cm` into its letter and the rest; no letter where the text has no label."""
    alone = _LETTER.fullmatch(text)
    if alone:
        return alone["letter"].upper(), ""
    found = _LABEL.fullmatch(text)
    if found is None or (found["bare"] and not _is_bare_label(found["bare"], found["rest"])):
        return None, text
    return (found["bracketed"] or found["marked"] or found["bare"]).upper(), found["rest"].strip()


def pick_yes_no(text: str) -> bool | None:
    """Find which of yes and no an answer says first or after its verb, and says alone."""
    text = text[:MAX_SENTENCE_CHARS]
    said = {YES_NO[word.lower()] for word in _YES_NO_WORD.findall(text)}
    if len(said) == 2:
        return None
    for part in (split_label(text)[1] or text, *_VERB.split(text)[-1:]):
        found = _YES_NO_START.match(part.strip("('\" "))
        if found:
            return YES_NO[found["word"].lower()]
    return _read_claim(text)


def _read_claim(text: str) -> bool | None:
    """Read `Liam does have enough money.` as yes, and `does not have` as no.

    Only `does`, `do` and `did` with their verb, and `has enough`, answer a question that is not
    seen; a sentence that asks, supposes, hedges or reports ignorance answers none.
    """
    found = _CLAIM.fullmatch(text)
    if found is None or _NO_CLAIM.search(found["subject"]) or _NEGATION.search(found["rest"]):
        return None
    if (found["verb"] or "").lower() in _VAGUE_VERBS:
        return None
    return not found["negation"]


def _is_bare_label(letter: str, rest: str) -> bool:
    """Tell `B 3 cm` from a sentence that begins with `A` or `I`."""
    if _SAYS_OF_LETTER.match(rest):
        return False
    return letter.isupper() and (letter not in "AI" or rest[0].isdigit() or rest[0] in "-$")


def _agrees(letter: str, rest: str, options: tuple[str, ...]) -> bool:
    """Tell whether what follows a letter speaks for it, or at least for no other option."""
    if _names_other(letter, rest):
        return False
    named = _list_named(rest, options)
    return not named or named == {LETTERS.index(letter)}


def _names_other(letter: str, rest: str) -> bool:
    """Tell whether what follows a letter names another one, or speaks against this one.

    Reasons may name the others: `C, since A and B are wrong`.
    """
    rest = _REASON.split(rest, maxsplit=1)[0]
    if re.match(r"(?:or|and|/|,|&)\b", rest, re.IGNORECASE):
        return True
    if _SAYS_OF_LETTER.match(rest) and _NEGATION.search(rest):
        return True
    if len(rest) == 1 and rest.isalpha():
        return rest.upper() != letter
    others = {found.strip("(), ").upper() for found in _OTHER_LETTER.findall(rest)}
    return bool(others - {letter}) and bool(re.search(r"\b(?:or|and)\b|[,/&]|\(", rest))


def _pick_in_sentence(text: str, options: tuple[str, ...]) -> int | None:
    if set(key_options(options)) <= set(YES_NO) and len(options) == 2:
        said = pick_yes_no(text)
        matching = [i for i, key in enumerate(key_options(options)) if YES_NO[key] is said]
        return matching[0] if len(matching) == 1 else None
    if _NEGATION.search(text):
        return None
    verbs = list(_VERB.finditer(text))
    if verbs:
        tail = find_option(text[verbs[-1].end() :], options)
        if tail is not None:
            return tail
    named = _list_named(text, options)
    letter = pick_letter(text)
    if letter is not None and letter in LETTERS[: len(options)]:
        named.add(LETTERS.index(letter))
    return named.pop() if len(named) == 1 else None


def _list_named(text: str, options: tuple[str, ...]) -> set[int]:
    """List the options whose text stands in a sentence; the longest wins where they overlap."""
    keys = key_options(options)
    found = _compile_options(keys).findall(to_key(text)[:MAX_SENTENCE_CHARS])
    return {keys.index(key) for key in found}


@lru_cache(maxsize=2048)
def _compile_options(keys: tuple[str, ...]) -> re.Pattern[str]:
    usable = sorted((re.escape(key) for key in keys if len(key) > 1 or key.isdigit()), key=len)
    return re.compile(rf"(?<![\w:.$-])({'|'.join(reversed(usable)) or '(?!)'})(?![\w:-]|\.[0-9])")
