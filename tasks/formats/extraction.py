"""The formal text in a model's reply: without its thoughts, code fence and accompanying words.

1. Thoughts: what stands before the last `</think>` goes; a thought that never ends leaves nothing.
2. Code fences: of several, the last whose name fits the format, else the last; a fence that is cut
   off runs to the end. A caption is taken out only if it is all fence; the sections of `mixed` are
   each taken out of a fence of their own.
3. Without a fence, the format's own beginning and end are looked for (`@startuml`, a bracket, a
   tag, the name of a diagram), and a first line that only announces the text goes.

Takes time linear in the reply. A reply that holds no formal text gives "".
"""

import re

MAX_REPLY_CHARS = 1_000_000
FENCE_NAMES: dict[str, tuple[str, ...]] = {
    "csv": ("csv",),
    "json": ("json",),
    "chart_spec": ("json", "vega-lite", "vegalite", "vega", "chart_spec"),
    "html": ("html",),
    "spice": ("spice", "netlist", "cir"),
    "mermaid": ("mermaid",),
    "plantuml": ("plantuml", "puml", "uml"),
    "latex": ("latex", "tex", "math"),
    "geometry": ("geometry",),
    "boxes": ("json", "boxes"),
    "ocr": ("ocr",),
    "mixed": ("mixed",),
    "caption": ("caption",),
}
"""What a model writes after the opening fence, by format."""
SECTION_HEAD = re.compile(r"=== ?([A-Za-z]\w{0,20}) ?(?::\s*(\S.{0,200}?) ?)?===\s*")
"""The line that begins a section of `mixed`: `=== csv: prices ===`."""
MERMAID_HEADS = (
    "flowchart", "graph", "sequenceDiagram", "classDiagram", "stateDiagram", "erDiagram", "pie",
    "gantt", "mindmap",
)  # fmt: skip
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})\s*([\w.+-]{0,40})[^`]*")
_LEAD = re.compile(
    r"\s*(?:here(?:'s| is| are)|sure|certainly|of course|okay|ok\b|the following|below|this is"
    r"|output|answer|result|\u4ee5\u4e0b|\u4e0b\u9762).{0,300}[:\uff1a]\**\s*",
    re.IGNORECASE,
)


def extract_formal_text(format: str, reply: str) -> str:
    """Take the formal text out of a model's reply; see the module's docstring."""
    text = reply[:MAX_REPLY_CHARS].replace("\r\n", "\n").replace("\r", "\n")
    text = _drop_thoughts(text).strip("\n")
    if format == "mixed":
        return _unfence_sections(text)
    fences = _find_fences(text)
    if fences and (format != "caption" or _is_all_fence(text)):
        names = FENCE_NAMES.get(format, ())
        fitting = [body for name, body in fences if name.lower() in names]
        return (fitting or [body for _, body in fences])[-1].strip("\n").rstrip()
    return _find_bounds(format, text).strip("\n").rstrip()


def _drop_thoughts(text: str) -> str:
    _, mark, after = text.rpartition("</think>")
    if mark:
        return after
    return "" if text.lstrip().startswith("<think>") else text


def _find_fences(text: str) -> list[tuple[str, str]]:
    """Return (name, body) of the code fences; the last may be cut off."""
    fences: list[tuple[str, str]] = []
    mark, name, body = "", "", list[str]()
    for line in text.split("\n"):
        found = _FENCE.fullmatch(line)
        if mark and line.strip().startswith(mark) and not line.strip().strip(mark[0]):
            fences.append((name, "\n".join(body)))
            mark = ""
        elif mark:
            body.append(line)
        elif found:
            mark, name, body = found.group(1), found.group(2), []
    if mark and body:
        fences.append((name, "\n".join(body)))
    return fences


def _is_all_fence(text: str) -> bool:
    lines = text.strip().split("\n")
    return bool(_FENCE.fullmatch(lines[0])) and lines[-1].strip() in ("```", "~~~")


def _unfence_sections(text: str) -> str:
    """Drop a fence around the whole text or around a section, and words before the first."""
    lines = text.split("\n")
    heads = [index for index, line in enumerate(lines) if SECTION_HEAD.fullmatch(line)]
    if not heads:
        return text.strip()
    kept: list[str] = []
    for start, end in zip(heads, [*heads[1:], len(lines)], strict=True):
        body = "\n".join(lines[start + 1 : end])
        is_only_close = body.strip().endswith("```") and body.count("```") == 1
        plain = body.strip().removesuffix("```") if is_only_close else body
        fences = _find_fences(plain)
        kept += [lines[start].rstrip(), (fences[0][1] if fences else plain).strip("\n").rstrip()]
    return "\n".join(kept)


def _find_bounds(format: str, text: str) -> str:
    """Cut a text without fence at the marks of its format."""
    if format in ("json", "chart_spec", "boxes"):
        return _cut(text, re.search(r"^[ \t]*[\[{]", text, re.MULTILINE), "]}")
    if format == "html":
        return _cut(text, re.search(r"<!doctype|<[a-z]", text, re.IGNORECASE), ">")
    if format == "plantuml":
        start, end = text.find("@start"), text.rfind("@end")
        stop = text.find("\n", end) if end > start else -1
        return text[max(0, start) :] if stop < 0 else text[max(0, start) : stop]
    if format == "mermaid":
        heads = "|".join(MERMAID_HEADS)
        found = re.search(rf"^[ \t]*(?:---[ \t]*$|%%\{{|(?:{heads})\b)", text, re.MULTILINE)
        return text[found.start() :] if found else text
    first, _, rest = text.partition("\n")
    return rest if rest.strip() and _LEAD.fullmatch(first) else text


def _cut(text: str, start: re.Match[str] | None, ends: str) -> str:
    """Return what stands from `start` to the last of the characters `ends`."""
    if not start:
        return text
    end = max(text.rfind(end) for end in ends) + 1
    return text[start.start() : end] if end > start.start() else text[start.start() :]
