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

_COUNTED = r"(?! (?:[a-z]+s|statement|sentence|claim|equation|step)\b)"
"""Not of `5 wrong answers` and `the false statement`."""
_UNDONE = r"(?! [a-z]+(?:ed|ght|ld|wn|[adk]en|de)\b)"
"""Not of `5 could be bought`."""
_BY_LETTER = {
    "a": r"nything (?:but|except)|ll but",
    "b": r"ad (?:answer|choice)",
    "c": rf"annot|ould (?:be|it){_UNDONE}",
    "d": r"(?<!no d)(?<!without d)(?<!without a d)oubt\w*|istractor",
    "e": r"ither|verything (?:but|except)",
    "f": rf"alse{_COUNTED}|ar from",
    "g": r"uess",
    "h": r"ardly",
    "i": rf"mpossible|ncorrect{_COUNTED}| g[ai]ve up| tried",
    "l": r"e(?:ss|ast) likely",
    "m": rf"aybe|ight|istaken|ay be{_UNDONE}",
    "n": r"ot|ever|either|or|one of",
    "o": r"pposite of (?:it|this|that)|ther than",
    "p": r"erhaps|ossibly|robably",
    "r": r"an out of (?:tokens|time|space)|efuse to (?:say|answer)",
    "s": r"carcely|econd[- ]best",
    "u": r"n(?:sure|certain|known|likely|true)",
    "w": rf"hether|rong{_COUNTED}|orst (?:guess|answer|choice|option)",
}
"""What follows the first letter of a word that denies; so a text is searched in one fast pass."""

DENIAL = (
    r"\b(?:"
    + "|".join(f"[{first.upper()}{first}](?i:{rest})" for first, rest in _BY_LETTER.items())
    + r")\b|[Nn]'[Tt]\b"
    r"|^(?i:(?:no(?! (?:doubt|wonder)\b)|none|nothing|nobody|few) \w)"
    r"|^(?i:(?:is|was|may|let) (?:it|this|me)\b)"
    r"|[或不错没]|除(?!以|法)|可能|也许|并非|至[少多]|最[多少]|[大小]于|超过|之间"
    rf"|[0-9{MARK}][^0-9]{{0,3}}以[上下]|^(?i:error):? (?=[-$0-9{MARK}])"
)
"""What makes of a statement none, wherever it stands."""

_ARTICLES = r"(?:(?:the|an?|option|choice|answer) )*"
_REMOVES = r"(?:eliminat|exclud|discard|reject|dismiss)(?:e[ds]?|s|ed|ing)?|rul(?:e[ds]?|ing) out"
_REMOVED = r"eliminated|excluded|discarded|rejected|dismissed|ruled out|out of the question"
_BEFORE = (
    r"\b(?:not|no|nope|except(?: for)?|excepting|excluding|without|besides|outside|beyond|but not"
    r"|instead of|rather than|opposite of|(?:south|north|east|west) of|fail(?:s|ed)? to|lacks"
    r"|crossed out)"
    rf"[,:]? {_ARTICLES}"
)
_AFTER = (
    rf"(?:[.,:;)]* ?\(?| -) ?(?:(?:is|was|be|been|has|can|could|must|would|should) )*"
    rf"(?:(?:wrong|incorrect|false){_COUNTED}|untrue|mistaken|fails\b"
    r"|too (?:small|big|large|low|high|great|few|many)"
    rf"|{_REMOVED}|out$|not (?:it|correct|right|true|possible|valid|{MARK})(?!\w)"
    r"|(?:maybe|perhaps|possibly|probably|i guess|not sure)$)"
)
_OPTION_DENIED = re.compile(rf"(?:{_BEFORE}|(?:{_REMOVES}) {_ARTICLES}){MARK}|{MARK}{_AFTER}")
"""A picked option that is denied by the words beside it."""

_FUNCTION = (
    r"\b(?:(?:half|doubled?|twice|tripled?|thrice|squared?|cubed?|root|reciprocal|negative|inverse"
    r"|quarter|third|(?:the|^) ?sum|(?:the|^) ?product|log|ln|sin|cos|tan|sqrt)(?: of)?|opposite of"
    r"|[fg] of|divisible by|multiple of|(?:^|is )a factor of) (?:the )?(?:number )?"
)
_NUMBER_DENIED = re.compile(
    rf"(?:{_BEFORE}|{_FUNCTION}|^no,? |^see (?:page|figure|table|step) ){MARK}"
    rf"|\b(?:{_REMOVES}) {MARK}(?! ?[a-z])|{MARK}(?: \w{{1,12}}(?= (?:is|was) ))?{_AFTER}"
    rf"|{MARK} (?:more|less|fewer|greater|smaller) than (?:[b-z](?![\w'])|that|this|it|{MARK})"
    rf"|{MARK} and (?:up|above|over|more|below|under)\b"
    rf"|^(?:an? |the )?(?:max|min)imum of {MARK}"
    rf"|{MARK} ?(?:[倍成打折减加乘]|的?(?:一半|平方|立方))",
)
"""A number that the words beside it deny, or make another number or a bound."""

_NUMERAL = re.compile(r"-?[0-9](?:[0-9.,/]*[0-9])?")
_CONCLUSION = re.compile(
    r"(?:^|[,;.] ?|\band )(?:so|thus|therefore|hence|consequently),? |; ", re.IGNORECASE
)
_DENIAL = re.compile(DENIAL)


def is_denial(text: str) -> bool:
    """Tell whether a text denies or doubts what it states."""
    return _DENIAL.search(text) is not None


def denies_number(text: str) -> bool:
    """Tell whether the words beside a numeral deny it or make another number of it."""
    return _NUMBER_DENIED.search(_NUMERAL.sub(MARK, text.lower())) is not None


def denies_mark(text: str) -> bool:
    """Tell whether the words beside a mark deny it."""
    return _OPTION_DENIED.search(text.lower()) is not None


def blank(own: str, text: str) -> str:
    """Replace the gold's own words by a mark, so that none of them is taken for a denial."""
    return _compile_own(own).sub(MARK, text) if own else text


def find_conclusion(text: str) -> str | None:
    """Find what follows the last `so` or `therefore`: `It cannot be 4, so it is 5`."""
    ends = [found.end() for found in _CONCLUSION.finditer(text)]
    return text[ends[-1] :] or None if ends else None


@lru_cache(maxsize=1024)
def _compile_own(own: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(own)}(?!\w)", re.IGNORECASE)
