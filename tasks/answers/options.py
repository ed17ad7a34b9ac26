"""The options of a choice: which of them a text is, by its letter, its words or its number."""

from functools import lru_cache

from tasks.answers.kinds import LETTERS
from tasks.answers.normalization import normalize, to_key
from tasks.answers.policy import DEFAULT_POLICY
from tasks.answers.quantities import Quantity, parse_quantity, quantities_match


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
    """Find the option that a normalized text is: by its text, else its letter, else its number."""
    keys, key = key_options(options), to_key(text)
    if key in keys:
        return keys.index(key)
    letter = text.strip("()[] .:").upper()
    if len(letter) == 1 and letter in LETTERS[: len(options)]:
        return LETTERS.index(letter)
    quantity = parse_quantity(text)
    if quantity is None:
        return None
    parsed = enumerate(_parse_options(options))
    same = [i for i, other in parsed if other is not None and _are_equal(other, quantity)]
    return same[0] if len(same) == 1 else None


def _are_equal(option: Quantity, quantity: Quantity) -> bool:
    """Compare strictly, whatever the source's policy: options lie close together."""
    return quantities_match(option, quantity, DEFAULT_POLICY)


@lru_cache(maxsize=4096)
def _parse_options(options: tuple[str, ...]) -> tuple[Quantity | None, ...]:
    return tuple(parse_quantity(normalize(option)) for option in options)
