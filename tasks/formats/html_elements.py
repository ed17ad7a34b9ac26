"""What the HTML Standard says of elements, as far as nesting needs it.

Source: https://html.spec.whatwg.org/multipage/indices.html#elements-3 and syntax.html there.
"""


def _read_names(text: str) -> frozenset[str]:
    return frozenset(text.split())


VOID = _read_names("area base br col embed hr img input link meta source track wbr")
"""Elements without an end tag."""
RAW_TEXT = ("script", "style", "textarea", "title")
"""Elements whose text holds no tags."""
OPTIONAL_END = _read_names(
    "html head body p li dt dd rt rp option optgroup colgroup thead tbody tfoot tr td th"
)
"""Elements whose end tag may be left out."""
ELEMENTS = _read_names(
    """
    a abbr address area article aside audio b base bdi bdo blockquote body br button canvas caption
    center cite code col colgroup data datalist dd del details dfn dialog div dl dt em embed
    fieldset figcaption figure font footer form h1 h2 h3 h4 h5 h6 head header hgroup hr html i
    iframe img input ins kbd label legend li link main map mark math menu meta meter nav noscript
    object ol optgroup option output p param picture pre progress q rp rt ruby s samp script search
    section select slot small source span strike strong style sub summary sup svg table tbody td
    template textarea tfoot th thead time title tr track tt u ul var video wbr
    """
)
_ENDS_P = _read_names(
    """
    address article aside blockquote center details dialog div dl fieldset figcaption figure footer
    form h1 h2 h3 h4 h5 h6 header hgroup hr main menu nav ol p pre search section table ul
    """
)
_BODIES = _read_names("tbody tfoot thead")
_ROWS = _BODIES | {"tr"}
_CELLS = _ROWS | {"td", "th"}
CLOSED_BY: dict[str, frozenset[str]] = {
    "p": _ENDS_P,
    "li": _read_names("li"),
    "dt": _read_names("dt dd"),
    "dd": _read_names("dt dd"),
    "rt": _read_names("rt rp"),
    "rp": _read_names("rt rp"),
    "option": _read_names("option optgroup"),
    "optgroup": _read_names("optgroup"),
    "td": _CELLS,
    "th": _CELLS,
    "tr": _ROWS,
    "thead": _BODIES,
    "tbody": _BODIES,
    "tfoot": _BODIES,
    "colgroup": _ROWS | {"colgroup"},
    "head": _read_names("body"),
}
"""Open element to the start tags that end it without an end tag."""
_IN_TABLE = ("table",)
PARENTS: dict[str, tuple[str, ...]] = {
    "li": ("ul", "ol", "menu"),
    "dt": ("dl", "div"),
    "dd": ("dl", "div"),
    "tr": ("table", "thead", "tbody", "tfoot"),
    "td": ("tr",),
    "th": ("tr",),
    "thead": _IN_TABLE,
    "tbody": _IN_TABLE,
    "tfoot": _IN_TABLE,
    "caption": _IN_TABLE,
    "colgroup": _IN_TABLE,
    "col": ("table", "colgroup"),
    "option": ("select", "datalist", "optgroup"),
    "optgroup": ("select",),
    "figcaption": ("figure",),
    "summary": ("details",),
    "legend": ("fieldset",),
    "source": ("picture", "video", "audio"),
}
"""Element to the elements that it may stand in."""
