"""Refusals: a text that says that there is no image, or that the model will not describe it.

English and Chinese. What is visible in the image may read the same (a chat, an error page), so a
hit in quotes, or after `says`, `reads:` or `bubble:`, is none.
"""

import re

REFUSAL_CHARS = 300
"""A refusal stands in the beginning."""
_CANNOT = "(?:can(?:'|\u2019)t|cannot|can not|could not|couldn(?:'|\u2019)t|am unable to)"
_DO_NOT = "(?:do not|don(?:'|\u2019)t|did not|didn(?:'|\u2019)t|does not|doesn(?:'|\u2019)t)"
_HELP = "(?:see|view|assist|help|describe|provide|access|process|open|identify|analy[sz]e)"
_JUDGE = "(?:determine|tell|make out|recogni[sz]e|interpret|read)"
_IMAGE = "(?:image|picture|photo|photograph|screenshot|figure|attachment)s?"
_ENGLISH = (
    "\\b(?:"
    "(?:i(?:'|\u2019)?m|i am) (?:\\w+ )?(?:sorry|unable|not able)"
    f"|(?:i|we) {_CANNOT} (?:\\w+ )?{_HELP}"
    f"|(?:i|we) {_CANNOT} {_JUDGE} (?:\\w+ ){{0,5}}{_IMAGE}"
    f"|(?:i|we) {_DO_NOT} (?:\\w+ )?(?:see|have|find|receive|have access to|get) "
    f"(?:an?|any|the|your) (?:\\w+ )?{_IMAGE}"
    f"|there (?:{_DO_NOT} (?:seem|appear) to be|is not|isn(?:'|\u2019)t) (?:an?|any) {_IMAGE}"
    "|as an? (?:ai|language model|text-based)"
    f"|(?:no|without an?) {_IMAGE} (?:was |is |has been )?(?:provided|attached|given|uploaded)"
    f"|please (?:provide|upload|attach|share) (?:an?|the|your) {_IMAGE})\\b"
)
# In Chinese: image, picture, photo, screenshot
_TU = "(?:\u56fe\u7247|\u56fe\u50cf|\u7167\u7247|\u622a\u56fe|\u56fe(?=\\W|\\Z))"
_CHINESE = (
    # sorry; excuse me; (I) cannot (look at, see, provide, describe, process)
    "\\A\\W*(?:(?:\u5f88|\u975e\u5e38|\u5341\u5206)?\u62b1\u6b49|\u5bf9\u4e0d\u8d77|\u4e0d\u597d\u610f\u601d"
    "|\u6211?(?:\u65e0\u6cd5|\u4e0d\u80fd)(?:\u67e5\u770b|\u770b|\u63d0\u4f9b|\u63cf\u8ff0|\u5904\u7406))"
    # at the beginning, or of a clause
    "|(?:\\A\\W*|[,.;!\\n\uff0c\u3002\uff1b\uff01]\\s*)(?:"
    # as an AI, a language model
    "\u4f5c\u4e3a(?:\u4e00[\u4e2a\u540d\u6b3e\u79cd])?\\s*(?:ai|\u4eba\u5de5\u667a\u80fd|(?:\u5927\u578b?)?\u8bed\u8a00\u6a21\u578b)"
    # I cannot look at, see, recognize, describe, process (this, your) image
    "|\u6211(?:\u65e0\u6cd5|\u4e0d\u80fd|\u6ca1\u6cd5)(?:\u67e5\u770b|\u770b\u5230|\u770b\u89c1|\u770b|\u8bc6\u522b|\u63cf\u8ff0|\u5904\u7406|\u5206\u6790)"
    f"(?:\u5230|\u8fd9\u5f20|\u8be5|\u60a8\u7684|\u4f60\u7684|\u4efb\u4f55)?{_TU}"
    # (I) do not see (the, your, any) image
    f"|\u6211?\u770b\u4e0d[\u5230\u89c1\u6e05](?:\u60a8\u7684|\u4f60\u7684|\u8fd9\u5f20|\u8be5|\u4efb\u4f55)?{_TU}"
    # please provide, upload, send (an, the, your) image; please upload
    f"|\u8bf7(?:\u60a8|\u4f60)?(?:\u5148|\u91cd\u65b0)?(?:\u63d0\u4f9b|\u4e0a\u4f20|\u53d1\u9001|\u9644\u4e0a)(?:\u4e00\u5f20|\u60a8\u7684|\u4f60\u7684|\u8be5|\u76f8\u5173)?{_TU}"
    # you, the user, I did not upload, provide, receive, see an image
    "|(?:\u7528\u6237|\u60a8|\u4f60|\u6211)(?:\u4f3c\u4e4e|\u597d\u50cf|\u8fd8|\u5e76|\u5c1a)?(?:\u6ca1\u6709|\u6ca1|\u672a)(?:\u4e0a\u4f20|\u63d0\u4f9b|\u53d1\u9001|\u9644\u4e0a|\u6536\u5230|\u770b\u5230)"
    f"(?:\u4efb\u4f55|\u4e00\u5f20)?{_TU})"
)
_REFUSAL = re.compile(f"{_ENGLISH}|{_CHINESE}", re.IGNORECASE)
_QUOTED = re.compile(
    '"[^"\n]*"|\u201c[^\u201d\n]*\u201d|\u300c[^\u300d\n]*\u300d'
    "|(?<!\\w)['\u2018](?:[^'\u2019\n]|(?<=\\w)['\u2019](?=\\w))*['\u2019](?!\\w)"
)
_SAID = re.compile(
    "\\b(?:says?|saying|reads?|reading|states?|stating|asks?|bubble|written)"
    "(?:\\s*:[^\n]{0,120}|\\W{1,4}(?:sorry\\W{1,3})?)\\Z",
    re.IGNORECASE,
)


def find_refusal(text: str) -> re.Match[str] | None:
    """Return the first refusal in the beginning of a text, or None."""
    quoted = [found.span() for found in _QUOTED.finditer(text[: 2 * REFUSAL_CHARS])]
    for found in _REFUSAL.finditer(text, 0, REFUSAL_CHARS):
        is_quoted = any(start < found.start() < end for start, end in quoted)
        if not is_quoted and not _SAID.search(text[: found.start()]):
            return found
    return None


def is_refusal(text: str) -> bool:
    """Say whether a text begins with a refusal."""
    return find_refusal(text) is not None
