"""What an HTML page may hold: text and layout, but no program, no frame, nothing from elsewhere.

Looks at the tree of lxml, as a browser would see it, not at the tags as written.
"""

import re
from collections.abc import Iterator

from lxml import etree, html  # pyright: ignore[reportAttributeAccessIssue]

from tasks.formats.problems import Problem, quote

FORBIDDEN = {
    "script": "programs",
    "noscript": "programs",
    "iframe": "other pages",
    "frame": "other pages",
    "frameset": "other pages",
    "object": "other files",
    "embed": "other files",
    "applet": "programs",
    "link": "other files",
    "base": "other files",
    "foreignobject": "other pages",
    "audio": "other files",
    "video": "other files",
    "template": "programs",
    "xmp": "hidden tags",
    "plaintext": "hidden tags",
    "listing": "hidden tags",
    "noembed": "hidden tags",
    "noframes": "hidden tags",
}
"""Element to what it would bring in."""
LOADING = frozenset((
    "src", "srcset", "poster", "background", "data", "ping", "manifest", "longdesc", "lowsrc",
    "dynsrc", "action", "formaction", "xlink:href", "imagesrcset", "archive", "codebase", "classid",
    "profile", "usemap",
))  # fmt: skip
"""Attributes that name something to load or to send to."""
_LOCAL = re.compile(r"\s*(?:#[^\s]*)?\s*|data:image/(?:png|jpeg|gif|webp);base64,[\w+/=\s]*")
_LINK = re.compile(r"\s*(?:(?:https?|mailto|tel):|#|[^:]*$)", re.IGNORECASE)
_STYLE = re.compile(
    r"url\s*\(|@import|expression\s*\(|image-set\s*\(|\\|-moz-binding", re.IGNORECASE
)
_PROGRAM = re.compile(r"(?:java|vb)script:", re.IGNORECASE)
_RAW = ("style", "title", "textarea")
"""Elements whose text holds no tags in HTML, but does inside of a drawing or a formula."""
_SHOWN = ("alt", "value", "placeholder", "title", "aria-label", "label")


def check_content(text: str) -> Iterator[Problem]:
    """Yield elements and attributes that a page must not have, and a page without any text."""
    try:
        root = html.document_fromstring(text, parser=html.HTMLParser(encoding=None))
    except (etree.ParserError, ValueError):
        yield Problem(1, "The page is empty; write its text.")
        return
    has_text = False
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        line = int(element.sourceline or 1)
        for message in _find_problems(element):
            yield Problem(line, message)
        has_text = has_text or _shows_text(element)
    if not has_text:
        yield Problem(1, "The page has no text; write down all text that the image shows.")


def _find_problems(element: etree._Element) -> Iterator[str]:
    """Yield what is wrong with one element."""
    name = str(element.tag).lower()
    if name in FORBIDDEN:
        yield f"Remove <{name}>: a page must not bring in {FORBIDDEN[name]}."
    if name == "meta" and element.get("http-equiv") is not None:
        yield "Remove <meta http-equiv>: a page must not act by itself."
    if name == "style" and _STYLE.search(element.text or ""):
        yield "Remove url(), @import and backslashes from <style>: a page must not load files."
    if name in _RAW and "<" in (element.text or "") and _is_read_in_two_ways(element, name):
        yield f"Remove < from <{name}>: browsers read it in two ways."
    for attribute, value in element.attrib.items():
        if problem := _find_attribute_problem(name, str(attribute).lower(), str(value)):
            yield problem


def _is_read_in_two_ways(element: etree._Element, name: str) -> bool:
    return name == "style" or any(outer.tag in ("svg", "math") for outer in element.iterancestors())


def _find_attribute_problem(element: str, attribute: str, value: str) -> str | None:
    shown = quote(f"{attribute}={value}")
    if attribute.startswith("on"):
        return f"Remove {shown} from <{element}>: a page must not hold programs."
    if attribute == "style" and _STYLE.search(value):
        return f"Remove {shown} from <{element}>: a style must not load files."
    if attribute not in _SHOWN and _PROGRAM.search("".join(value.split())):
        return f"Remove {shown} from <{element}>: a page must not hold programs."
    if attribute == "srcdoc":
        return f"Remove {shown} from <{element}>: a page must not bring in other pages."
    if attribute in LOADING and not _LOCAL.fullmatch(value):
        return f"Remove {shown} from <{element}>: describe a picture in alt instead of loading it."
    is_link = element in ("a", "area")
    if attribute == "href" and not (_LINK.match if is_link else _LOCAL.fullmatch)(value):
        return f"Remove {shown} from <{element}>: only links in <a> may name a page."
    return None


def _shows_text(element: etree._Element) -> bool:
    if element.tag not in ("style", "title") and (element.text or "").strip():
        return True
    return bool((element.tail or "").strip()) or any(
        (element.get(name) or "").strip() for name in _SHOWN
    )
