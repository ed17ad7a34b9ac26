"""What independent sources of SPICE give: a value, AC and its size, a waveform.

Source: ngspice manual, section 4.1.
"""

from collections.abc import Container, Sequence

from tasks.formats.problems import list_names, quote
from tasks.formats.spice_values import find_rest_problem, find_value_problem, is_value

WAVEFORMS = ("sin", "pulse", "exp", "pwl", "sffm", "am")
PWL_OPTIONS = ("r", "td")


def find_source_problem(name: str, tokens: Sequence[str], params: Container[str]) -> str | None:
    """Return what is wrong with what follows the nodes of a source, or None."""
    at, value = 0, ""
    while at < len(tokens):
        word, at = tokens[at].lower(), at + 1
        if word in ("dc", "ac") and tokens[at : at + 1] == ["="]:
            at += 1
        if word in WAVEFORMS:
            at, problem = _read_waveform(name, tokens, at, params)
            if problem:
                return problem
        elif word == "ac":
            at = _skip_values(tokens, at, params, 2)
        elif word == "dc":
            if at >= len(tokens):
                return f"DC in {quote(name)} needs a value, such as DC 5."
        elif value:
            return find_rest_problem(name, value, [tokens[at - 1]], ())
        elif problem := _find_level_problem(name, tokens[at - 1], params):
            return problem
        else:
            value = tokens[at - 1]
    return None


def _find_level_problem(name: str, token: str, params: Container[str]) -> str | None:
    if token.lower() in params:
        return None
    if not token.isidentifier():
        return find_value_problem(token)
    return (
        f"{quote(token)} in {quote(name)} is no value, DC, AC or waveform "
        f"({list_names(word.upper() for word in WAVEFORMS)})."
    )


def _skip_values(tokens: Sequence[str], at: int, params: Container[str], most: int) -> int:
    end = min(len(tokens), at + most)
    while at < end and (is_value(tokens[at]) or tokens[at].lower() in params):
        at += 1
    return at


def _read_waveform(
    name: str, tokens: Sequence[str], at: int, params: Container[str]
) -> tuple[int, str | None]:
    """Return where a waveform ends, and what is wrong with it."""
    if tokens[at : at + 1] != ["("]:
        return _skip_values(tokens, at, params, len(tokens)), None
    end = next((i for i in range(at, len(tokens)) if tokens[i] == ")"), len(tokens))
    for token in tokens[at + 1 : end]:
        is_word = token in ("(", ",", "=") or token.lower() in PWL_OPTIONS
        if not is_word and (problem := _find_level_problem(name, token, params)):
            return end, problem
    return end + 1, None
