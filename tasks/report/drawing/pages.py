"""An HTML page as its structure: elements and texts of a list, in a frame that can do nothing.

The frame is sandboxed without any permission and takes the page's own policy over: no script, no
style, nothing loaded. What goes into it is written anew from the parsed tree, so an element or an
attribute that is not listed here cannot be in it.
"""

from collections.abc import Iterator
from html import escape as html_escape

from lxml import etree, html  # pyright: ignore[reportAttributeAccessIssue]
from markupsafe import Markup

from tasks.report.drawing.drawing import Drawing
from tasks.report.text import clean_text, clip

MAX_ELEMENTS = 1_500
MAX_DEPTH = 60
TEXT_BYTES = 2_000
TOTAL_BYTES = 40_000
"""Of all that the frame holds, as it stands in the attribute."""


def _read_names(text: str) -> frozenset[str]:
    return frozenset(text.split())


KEPT = _read_names(
    """
    abbr address article aside b bdi bdo blockquote br button caption center cite code col colgroup
    dd del details dfn div dl dt em fieldset figcaption figure footer h1 h2 h3 h4 h5 h6 header
    hgroup hr i input ins kbd label legend li main mark menu meter nav ol optgroup option p pre
    progress q s samp search section select small span strike strong sub summary sup table tbody td
    textarea tfoot th thead tr tt u ul var
    """
)
"""Elements that stand for themselves; of others, the contents stand alone."""
DROPPED = frozenset(("script", "style", "title", "head", "template", "svg", "math", "object"))
"""Elements that are left out with their contents."""
VOID = frozenset(("br", "hr", "input", "col"))
ATTRIBUTES = _read_names(
    "align checked colspan disabled max min open placeholder reversed rowspan selected start type"
    " value"
)
FRAME = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy"'
    " content=\"default-src 'none'\">"
)


def draw_html(text: str) -> Drawing | None:
    """Draw a valid page as its structure; None where nothing of it can be shown."""
    root = html.document_fromstring(text, parser=html.HTMLParser(encoding=None))
    writer = _PageWriter()
    content = Markup("").join(writer.write(root))
    if not content:
        return None
    frame = Markup(
        '<iframe class="page" sandbox="" tabindex="-1" loading="lazy" title="{}" srcdoc="{}">'
        "</iframe>"
    )
    end = " Its end is left out." if writer.is_cut else ""
    return Drawing(
        # Escaped once more: what was escaped for the page in the frame is text of an attribute.
        markup=frame.format("The page, as its elements and texts", str(Markup(FRAME) + content)),
        caption=f"Its elements and texts, without styles and pictures.{end}",
    )


class _PageWriter:
    """Writes a tree in its order, until there is enough."""

    def __init__(self) -> None:
        self._room = TOTAL_BYTES
        self._num_elements = 0
        self.is_cut = False

    def write(self, root: etree._Element) -> Iterator[Markup]:
        """Yield the pieces of a page; every element that is opened is closed."""
        waiting: list[etree._Element | Markup | str] = [root]
        while waiting:
            part = waiting.pop()
            if isinstance(part, Markup):
                yield part
            elif isinstance(part, str):
                yield self._write_text(part)
            else:
                waiting.extend(reversed(list(self._take_apart(part))))

    def _take_apart(self, element: etree._Element) -> Iterator[etree._Element | Markup | str]:
        """Yield what an element is made of; its tail stands after it."""
        name = str(element.tag).lower() if isinstance(element.tag, str) else ""
        self._num_elements += 1
        if self._num_elements > MAX_ELEMENTS or self._room <= 0:
            self.is_cut = True
        elif name and name not in DROPPED:
            is_kept = name in KEPT
            if is_kept:
                tag = _open_tag(name, element)
                self._room -= _measure(tag) + _measure(f"</{name}>")
                yield tag
            elif name in ("img", "area"):
                yield f"[{element.get('alt') or 'picture'}]"
            if name not in VOID:
                yield element.text or ""
                yield from element
                if is_kept:
                    yield Markup(f"</{name}>")
        yield element.tail or ""

    def _write_text(self, text: str) -> Markup:
        if self._room <= 0:
            self.is_cut = self.is_cut or bool(text.strip())
            return Markup("")
        shown = Markup.escape(clean_text(clip(text, min(TEXT_BYTES, self._room))))
        self._room -= _measure(shown)
        return shown


def _measure(text: str) -> int:
    """Return the bytes that a text takes in an attribute, where it is escaped once more."""
    return len(html_escape(str(text)).encode())


def _open_tag(name: str, element: etree._Element) -> Markup:
    attributes = [
        Markup(' {}="{}"').format(key, clean_text(clip(str(value), 200)))
        for key, value in element.attrib.items()
        if str(key) in ATTRIBUTES
    ]
    return Markup(f"<{name}") + Markup("").join(attributes) + Markup(">")
