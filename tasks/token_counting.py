"""Count tokens as the model counts them that will be trained: the one door to `tokenizers`."""

from functools import lru_cache
from pathlib import Path

from schemas.errors import RecipeError
from tasks.curation.lengths import TokenCounter, estimate_tokens

MISSING = 'curate.filters.tokenizer needs the package tokenizers; pip install "sightline[train]"'


@lru_cache(maxsize=4)
def open_tokenizer(name: str | None) -> TokenCounter:
    """Return a function that counts tokens.

    Args:
        name: Folder with tokenizer.json, or Hub id; None: an estimate.

    Raises:
        RecipeError: There is no such tokenizer, or the package is not installed.
    """
    if name is None:
        return estimate_tokens
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise RecipeError(MISSING) from None
    file = Path(name) / "tokenizer.json"
    try:
        tokenizer = (
            Tokenizer.from_file(str(file)) if file.is_file() else Tokenizer.from_pretrained(name)
        )
    except Exception as error:  # The package raises bare exceptions.
        raise RecipeError(
            f"curate.filters.tokenizer: cannot open {name!r}: {error}; give a folder with"
            " tokenizer.json or a Hub id"
        ) from None
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)
