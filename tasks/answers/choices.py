"""Which of the options an answer picks.

A normalized answer comes in; the one pick it makes goes out, or None where it makes none or
several: "A or B or C" picks nothing.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from tasks.answers.denials import MARK, OTHER, find_conclusion
from tasks.answers.kinds import LETTERS, YES_NO
from tasks.answers.letters import (
    MAX_SENTENCE_CHARS,
    denies_letter,
    drop_reason,
    find_letter,
    speaks_against,
    split_label,
)
from tasks.answers.options import find_option, key_options, list_equal, parse_options
from tasks.answers.sentences import Absence, find_quantities
from tasks.answers.units import Unit
from tasks.answers.yes_no import pick_yes_no

_VERB = re.compile(r"\b(?:is|are|was|were|be|would be) |: ", re.IGNORECASE)
_DENIED_OTHER = re.compile(
    rf"\b(?:not|rather than|instead of|unlike) (?:(?:the|an?) )?{OTHER}", re.IGNORECASE
)
_HAS_SIGN = re.compile(r"[^\w\s,.;'-]|[0-9]")


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


def _agrees(letter: str, rest: str, options: tuple[str, ...]) -> bool:
    """Tell whether what follows a letter speaks for it, or at least for no other option."""
    index = LETTERS.index(letter)
    rest = drop_reason(rest)
    marked = _DENIED_OTHER.sub("", _mark_options(rest, options, index))
    if speaks_against(letter, marked, len(options)) or OTHER in marked:
        return False
    return _list_numbers(rest, options) <= {index}


def _pick_in_sentence(text: str, options: tuple[str, ...]) -> int | None:
    said = _pick_truth(text, options)
    if said is not None:
        return said if _list_named(text, options) <= {said} else None
    reasoned = drop_reason(text)
    if reasoned and reasoned != text:
        return pick_option(reasoned, options)
    if denies_letter(_mark_options(text, options)):
        conclusion = find_conclusion(text)
        return pick_option(conclusion, options) if conclusion else None
    verbs = list(_VERB.finditer(text))
    if verbs:
        tail = find_option(text[verbs[-1].end() :], options)
        if tail is not None:
            return tail
    named = _list_named(text, options)
    letter = find_letter(text)
    if letter is not None and letter in LETTERS[: len(options)]:
        named.add(LETTERS.index(letter))
    return named.pop() if len(named) == 1 else None


def _pick_truth(text: str, options: tuple[str, ...]) -> int | None:
    """Pick the option that is the yes or no which a sentence says, where both are options."""
    values = [YES_NO.get(key) for key in key_options(options)]
    if {True, False} - set(values):
        return None
    said = pick_yes_no(text)
    return values.index(said) if said is not None else None


def _list_named(text: str, options: tuple[str, ...]) -> set[int]:
    """List the options that a sentence names: numbers by value, others by their text.

    The longest text wins where they overlap.
    """
    keys = key_options(options)
    plain = text.replace("$", "")[:MAX_SENTENCE_CHARS]
    found = _compile_options(_list_words(options)).findall(plain)
    named = {keys.index(key) for key in map(str.casefold, found) if key in keys}
    return named | _list_numbers(text, options)


def _list_words(options: tuple[str, ...]) -> tuple[str, ...]:
    """List the keys of the options that are no numbers, nor yes and no."""
    parsed = zip(key_options(options), parse_options(options), strict=True)
    return tuple(key for key, number in parsed if number is None and key not in YES_NO)


def _list_numbers(text: str, options: tuple[str, ...]) -> set[int]:
    numbers = parse_options(options)
    if not any(numbers):
        return set()
    unit = next((number.unit for number in numbers if number is not None and number.unit), Unit())
    stated = find_quantities(text, unit)
    values = () if isinstance(stated, Absence) else stated
    return set[int]().union(*(list_equal(value, options) for value in values))


def _mark_options(text: str, options: tuple[str, ...], index: int | None = None) -> str:
    """Replace the texts of the options by marks, those of words but `index` by another one."""
    keys, words = key_options(options), _list_words(options)

    def mark(found: re.Match[str]) -> str:
        key = found[0].casefold()
        is_own = index is None or key == keys[index]
        return MARK if is_own else OTHER if key in words else found[0]

    return _compile_keys(keys).sub(mark, text[:MAX_SENTENCE_CHARS])


@lru_cache(maxsize=2048)
def _compile_keys(keys: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_join(keys)})(?!\w)", re.IGNORECASE)


@lru_cache(maxsize=2048)
def _compile_options(keys: tuple[str, ...]) -> re.Pattern[str]:
    """Compile the texts; one with signs or digits is none within a larger expression."""
    plain = _join([key for key in keys if not _HAS_SIGN.search(key)])
    signed = _join([key for key in keys if _HAS_SIGN.search(key)])
    return re.compile(
        rf"(?<![\w:.-])(?:{plain})(?![\w:-]|\.[0-9])"
        rf"|(?<![\w:.,^*+/(<>-])(?<![*+/^<>-] )(?:{signed})"
        r"(?![\w:^*+/(!<>=-]|[.,][0-9]| ?[*+/^<>=-])",
        re.IGNORECASE,
    )


def _join(keys: Iterable[str]) -> str:
    usable = sorted((re.escape(key) for key in keys if len(key) > 1 or key.isdigit()), key=len)
    return "|".join(reversed(usable)) or "(?!)"
