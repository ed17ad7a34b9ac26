"""The options of a choice: which of them a text is, by its letter, words, number or mathematics."""

from functools import lru_cache

from tasks.answers.denials import denies_number, is_denial
from tasks.answers.expressions import expressions_match, is_mathematical
from tasks.answers.kinds import LETTERS
from tasks.answers.mathematics import has_prose
from tasks.answers.normalization import normalize, to_key
from tasks.answers.number_words import write_digits
from tasks.answers.policy import DEFAULT_POLICY
from tasks.answers.quantities import Quantity, parse_quantity, quantities_match

MAX_MATHEMATICS_CHARS = 100


@lru_cache(maxsize=4096)
def key_options(options: tuple[str, ...]) -> tuple[str, ...]:
    """Make the keys of the options' texts, without the letter that may stand before each."""
    keys = tuple(to_key(normalize(option)) for option in options)
    marks = [f"{letter.lower()}{mark}" for letter in LETTERS for mark in (".", ")", ":")]
    plain = [key.lstrip("(") for key in keys]
    if all(key.startswith(tuple(marks[3 * i : 3 * i + 3])) for i, key in enumerate(plain[:26])):
        return tuple(key[2:].strip() or key for key in plain)
    return keys


def find_option(text: str, options: tuple[str, ...]) -> int | None:
    """Find the option that a normalized text is: by its text, else its letter, else its value."""
    keys, key = key_options(options), to_key(text)
    if key in keys:
        return keys.index(key)
    letter = text.rstrip("!").strip("()[] .:").upper()
    if len(letter) == 1 and letter in LETTERS[: len(options)]:
        return LETTERS.index(letter)
    quantity = _read_number(text)
    same = list_equal(quantity, options) if quantity else frozenset[int]()
    same = same or _list_same(text, options)
    return next(iter(same)) if len(same) == 1 else None


def _read_number(text: str) -> Quantity | None:
    """Read a text that is one number with its unit; a denied one (`5 cm is too small`) is none."""
    text = write_digits(text)
    quantity = parse_quantity(text)
    is_worded = quantity is not None and text.count(" ") > 1
    return None if is_worded and (is_denial(text) or denies_number(text)) else quantity


def list_equal(quantity: Quantity, options: tuple[str, ...]) -> frozenset[int]:
    """List the options of this value, strictly, whatever the source's policy: they lie close."""
    parsed = enumerate(parse_options(options))
    return frozenset(
        i for i, other in parsed
        if other is not None and quantities_match(other, quantity, DEFAULT_POLICY)
    )  # fmt: skip


@lru_cache(maxsize=4096)
def parse_options(options: tuple[str, ...]) -> tuple[Quantity | None, ...]:
    """Read the options that are numbers, perhaps with a unit or a word; None for the others."""
    return tuple(parse_quantity(write_digits(normalize(option))) for option in options)


@lru_cache(maxsize=4096)
def _list_same(text: str, options: tuple[str, ...]) -> frozenset[int]:
    r"""List the options that are the same mathematics: `12 \pi` is `12\pi`."""
    if len(text) > MAX_MATHEMATICS_CHARS or not is_mathematical(text) or has_prose(text):
        return frozenset()
    key = text.casefold().replace(" ", "")
    alike = [i for i, other in enumerate(key_options(options)) if other.replace(" ", "") == key]
    equal = (i for i, option in enumerate(options) if expressions_match(normalize(option), text))
    return frozenset(alike or equal)
