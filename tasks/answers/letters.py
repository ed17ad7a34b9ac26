"""The letter of a choice, in any decoration.

A normalized answer comes in; the one letter that it picks goes out, or None where it picks none or
several, or speaks against it. What the options say is not known here.
"""

import re

from tasks.answers.denials import MARK, denies_mark, find_conclusion, is_denial
from tasks.answers.kinds import LETTERS

MAX_SENTENCE_CHARS = 2_000

_LETTER = re.compile(
    r"(?:(?:the )?(?:correct )?(?:option|choice|answer)(?: is)?:? ?)?"
    r"[(\[]?(?P<letter>[A-Za-z])[)\]]?!?",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:(?:option|choice|answer):? )?"
    r"(?:[(\[](?P<bracketed>[A-Za-z])[)\]][.:,]?|(?P<marked>[A-Za-z])[.):]|(?P<bare>[A-Z])(?= )"
    r"|(?-i:(?P<listed>[A-HJ-Z])),)"
    r" ?(?:- )?(?P<rest>.+)",
    re.IGNORECASE,
)
_NAMED_LETTER = re.compile(
    r"\b(?:option|choice)s? [(\[]?([A-Z])\b|\(([A-Z])\)"
    r"|\b([A-Z]) is (?:the )?(?:correct|right|best)|\b(?i:it|that) (?:is|must be) ([A-Z])$"
)
_STATED = re.compile(r"\b(?:option|choice)s? [(\[]?[A-Z]\b[)\]]?|\([A-Z]\)")
_ONE = r"[(\[]?(?:[B-HJ-Z](?![\w'])|A(?=[),.]|$| or | and ))[)\]]?"
_LONE = r"(?<![\w'])[(\[]?[A-Z](?![\w'])[)\]]?"
_OTHER_LETTER = re.compile(rf"(?<![\w']){_ONE}|\([A-Za-z]\)")
_LISTS = re.compile(r"\b(?:or|and)\b|[,/&]|\(")
_ADDED_LETTER = re.compile(
    r"(?:^(?i:-|to|vs\.?|versus|with|through)?|[.+]"
    r"|\b(?i:also|plus|maybe|perhaps|possibly|alternatively|else|then|or|and|as)) ?"
    rf"({_ONE})"
)
_DENIED_LETTERS = re.compile(
    rf"\b(?:not|rather than|instead of|unlike|than) (?:(?:option|choice)s? )?{_ONE}"
    rf"(?:(?:,? or |,? and |,? nor |, ){_ONE}){{0,25}}"
    rf"|(?:{_LONE}(?:,? and |, )){{0,25}}{_LONE} (?:is|are|was|were) "
    r"(?:wrong|incorrect|false|too|not)\b"
)
_REASON = re.compile(r"(?:^|(?<=[ ,]))(?:because|since|(?<!well )as) (?!well as)", re.IGNORECASE)
_SAYS_OF_LETTER = re.compile(
    r"(?:is|was|are|has|can|could|might|may|would|does|seems|looks|fails)\b|.{0,9}n't"
)
_OR = re.compile(r"\b(?:or|except)\b", re.IGNORECASE)


def pick_letter(text: str) -> str | None:
    """Find the one letter that an answer picks where the options are not known."""
    if len(text) > MAX_SENTENCE_CHARS:
        return None
    letter, rest = split_label(text)
    if letter is None:
        return find_letter(text)
    # Of an unknown option `B. False` may be the text; `B: wrong` says that it is.
    if not rest or rest.lower() == "false":
        return letter
    return letter if not speaks_against(letter, drop_reason(rest)) else None


def find_letter(text: str) -> str | None:
    """Find the one letter that a sentence names, without denying it."""
    if denies_letter(text):
        conclusion = find_conclusion(text)
        return pick_letter(conclusion) if conclusion else None
    named = {next(filter(None, found.groups())) for found in _NAMED_LETTER.finditer(text)}
    return named.pop() if len(named) == 1 else None


def denies_letter(text: str) -> bool:
    """Tell whether a sentence denies, doubts or offers the letters and marks that it holds."""
    text = _STATED.sub(MARK, text)
    return bool(is_denial(text) or _OR.search(text) or denies_mark(text))


def split_label(text: str) -> tuple[str | None, str]:
    """Split `(B) 3 cm` into its letter and the rest; no letter where the text has no label."""
    alone = _LETTER.fullmatch(text)
    if alone:
        return alone["letter"].upper(), ""
    found = _LABEL.fullmatch(text)
    if found is None or (found["bare"] and not _is_bare_label(found["bare"], found["rest"])):
        return None, text
    letter = found["bracketed"] or found["marked"] or found["bare"] or found["listed"]
    return letter.upper(), found["rest"].strip()


def speaks_against(letter: str, rest: str, num_options: int = 26) -> bool:
    """Tell whether what follows a letter names another one, or speaks against this one.

    A reason may name the others (`drop_reason`), and so may a denial: `C, not A`.
    """
    if re.match(r"(?:or|and|/|,|&)\b", rest, re.IGNORECASE):
        return True
    if denies_mark(f"{MARK} {rest}") or (_SAYS_OF_LETTER.match(rest) and is_denial(rest)):
        return True
    if len(rest) == 1 and rest.isalpha():
        return rest.upper() != letter
    rest = _DENIED_LETTERS.sub("", rest)
    others = {found.strip("()[], ").upper() for found in _OTHER_LETTER.findall(rest)}
    added = {found.strip("()[]") for found in _ADDED_LETTER.findall(rest)}
    named = added | (others if _LISTS.search(rest) else set())
    return bool(named & set(LETTERS[:num_options]) - {letter})


def drop_reason(text: str) -> str:
    """Drop what follows `because`: `C, since A and B are wrong` says C."""
    return _REASON.split(text, maxsplit=1)[0].rstrip(" ,")


def _is_bare_label(letter: str, rest: str) -> bool:
    """Tell `B 3 cm` from a sentence that begins with `A` or `I`."""
    if _SAYS_OF_LETTER.match(rest):
        return False
    return letter.isupper() and (letter not in "AI" or rest[0].isdigit() or rest[0] in "-$")
