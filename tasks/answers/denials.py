"""Words that deny, doubt or change what a text states: one table for numbers, texts and choices.

A text comes in whose own words (the gold's, the options', the numerals) may be replaced by `MARK`;
the patterns here say whether the rest of it still states them. Linear in the text.
"""

import re
from functools import lru_cache

MARK = "\ufffc"
"""Stands in a text for what is picked: a number, an option, a letter."""
OTHER = "\ufffb"
"""Stands for another option."""

_WRONG = (
    r"(?:wrong|incorrect|false)(?! (?:[a-z]+s|statement|sentence|claim|equation|step)\b)"
    r"|untrue|mistaken"
)
DENIAL = (
    r"\b(?:either|whether|maybe|perhaps|might|possibly|probably|unsure|uncertain|not|cannot|never"
    r"|neither|nor|none of|unknown|impossible|unlikely|hardly|scarcely|guess|distractor"
    rf"|{_WRONG}|le(?:ss|ast) likely|(?:wor|lea)st (?:guess|answer|choice|option)|bad (?:answer|choice)"
    r"|(?:could|may) be(?! [a-z]+(?:ed|ght|ld|wn|[adk]en|de)\b)|could it|opposite of (?:it|this|that)"
    r"|i g[ai]ve up|ran out of (?:tokens|time|space)|i tried)\b|n't\b"
    r"|(?<!no )(?<!without )(?<!without a )\bdoubt"
    r"|(?:any|every)thing (?:but|except)\b|\b(?:other than|far from|all but)\b"
    r"|^(?:no(?! (?:doubt|wonder)\b)|none|nothing|nobody|few) \w|^(?:is|was|may|let) (?:it|this|that|me)\b"
    r"|可能|也许|或|不|错|没|除|并非|至少|至多|最多|最少|大于|小于|超过|之间|以[上下]"
)
"""What makes of a statement none, wherever it stands."""

_REMOVES = r"(?:eliminat|exclud|discard|reject|dismiss)(?:e[ds]?|s|ed|ing)?|rul(?:e[ds]?|ing) out"
_REMOVED = r"eliminated|excluded|discarded|rejected|dismissed|ruled out|out of the question"
_BEFORE = (
    r"\b(?:not|no|nope|except(?: for)?|excepting|excluding|without|besides|outside|beyond|but not"
    r"|instead of|rather than|opposite of|(?:south|north|east|west) of|fail(?:s|ed)? to|error|crossed out)"
    r"[,:]? (?:(?:the|an?|option|choice|answer) )*"
)
_AFTER = (
    rf"{MARK}(?:[.,:;)]* ?\(?| -) ?(?:(?:is|was|be|been|has|can|could|must|would|should) )*"
    rf"(?:{_WRONG}|too (?:small|big|large|low|high|great|few|many)|fails\b"
    rf"|{_REMOVED}|out$|not (?:it|correct|right|true|possible|valid|the|an?|{MARK})(?!\w)"
    r"|(?:maybe|perhaps|possibly|probably|i guess|not sure)$)"
)
OPTION_DENIED = re.compile(rf"(?:{_BEFORE}|(?:{_REMOVES}) ){MARK}|{_AFTER}", re.IGNORECASE)
"""A picked option that is denied by the words beside it."""

_FUNCTION = (
    r"\b(?:(?:half|doubled?|twice|tripled?|thrice|squared?|cubed?|root|reciprocal|negative|inverse"
    r"|quarter|third|(?:the|^) ?sum|(?:the|^) ?product)(?: of)?|opposite of|log|ln|sin|cos|tan|sqrt"
    r"|divisible by|multiple of|is a factor of) (?:the )?(?:number )?"
)
NUMBER_DENIED = re.compile(
    rf"(?:{_BEFORE}|{_FUNCTION}|^no,? |^see (?:page|figure|table|step) ){MARK}"
    rf"|\b(?:{_REMOVES}) {MARK}(?! ?[a-z])|{_AFTER}"
    rf"|{MARK} (?:more|less|fewer|greater|smaller) than (?:[b-z](?![\w'])|{MARK})"
    rf"|{MARK} and (?:up|above|over|more|below|under)\b"
    rf"|^(?:an? |the )?(?:max|min)imum of {MARK}|{MARK} ?(?:[倍成打折减加乘]|的?(?:一半|平方|立方))",
    re.IGNORECASE,
)
"""A number that the words beside it deny, or make another number or a bound."""

_NUMERAL = re.compile(r"-?[0-9](?:[0-9.,/]*[0-9])?")
_CONCLUSION = re.compile(
    r"(?:^|[,;.] ?|\band )(?:so|thus|therefore|hence|consequently),? |; ", re.IGNORECASE
)
_DENIAL = re.compile(DENIAL, re.IGNORECASE)


def is_denial(text: str) -> bool:
    """Tell whether a text denies or doubts what it states."""
    return _DENIAL.search(text) is not None


def denies_number(text: str) -> bool:
    """Tell whether the words beside a numeral deny it or make another number of it."""
    return NUMBER_DENIED.search(_NUMERAL.sub(MARK, text)) is not None


def blank(own: str, text: str) -> str:
    """Replace the gold's own words by a mark, so that none of them is taken for a denial."""
    return _compile_own(own).sub(MARK, text) if own else text


def find_conclusion(text: str) -> str | None:
    """Find what follows the last `so` or `therefore`: `It cannot be 4, so it is 5`."""
    last = None
    for last in _CONCLUSION.finditer(text):
        pass
    return text[last.end() :] if last and last.end() < len(text) else None


@lru_cache(maxsize=1024)
def _compile_own(own: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(own)}(?!\w)", re.IGNORECASE)
