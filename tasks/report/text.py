"""Texts of strangers on a page: what a browser or a reader could take amiss is made visible.

Escaping for HTML is the template's work; here control characters, terminal escapes and marks that
turn the direction of writing become plain signs, and long texts are cut to a size in bytes.
"""

import html

_VISIBLE = (
    {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"}
    | {0x7F: 0x2421}
    | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
    | dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], 0xFFFD)
    | dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)
)
"""Control pictures for controls; the replacement sign for bidirectional marks and surrogates."""


def clean_text(text: str) -> str:
    """Replace what is not text by signs that show it; tabs and line ends stay."""
    return text.replace("\r\n", "\n").translate(_VISIBLE)


def clip(text: str, max_bytes: int) -> str:
    """Cut a text so that it takes at most about `max_bytes` of a page, and say how much is gone."""
    room = max_bytes
    for place, sign in enumerate(text[: max_bytes + 1]):
        room -= len(html.escape(clean_text(sign)).encode())
        if room < 0:
            return f"{text[:place]} ... ({len(text) - place:,} more characters)"
    return text


def write_word(name: str) -> str:
    """Write the name of a reason, a rule or an answer type as people do."""
    return {"yes_no": "yes/no"}.get(name) or name.replace("_", " ")


def count_noun(count: int, noun: str) -> str:
    """Write a count with its noun, such as `1 token` or `1,200 tokens`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def write_percent(part: int, whole: int) -> str:
    """Write a share; neither 0% nor 100% where it is not quite that."""
    if not whole:
        return "-"
    share = 100 * part / whole
    if 0 < share < 0.5:
        return "<1%"
    return ">99%" if 99.5 <= share < 100 else f"{share:.0f}%"
