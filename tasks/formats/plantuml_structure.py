"""The lines of PlantUML's class, object, entity, use case, component and deployment diagrams.

Source: https://plantuml.com/class-diagram, /object-diagram, /ie-diagram, /use-case-diagram,
/component-diagram and /deployment-diagram.
"""

from tasks.formats.diagram_rules import Language, make_rule
from tasks.formats.plantuml_behavior import ALIAS, COLOR, NAME, NOTE_BODY, NOTES, STEREOTYPE

_WAY = r"(?:left|right|up|down|le|ri|do|[udlr])?"
_LOOK = r"(?:\[[^\[\]]*\])?"
_LEFT = r"(?:<\|\|?|<|\*|o|\+|#|x|\^|\}o|\}\||\|o|\|\||\}|0|@)?"
_RIGHT = r"(?:\|?\|>|>|\*|o|\+|#|x|\^|o\{|\|\{|o\||\|\||\{|0|@)?"
_LINK = rf"{_LEFT}(?:-+|\.+){_LOOK}{_WAY}{_LOOK}(?:-+|\.+)?{_RIGHT}"
_COUNT = r'(?:\s*"[^"]*")?'
_CLASS = rf"(?:{NAME}(?:<[^<>]*>)?(?:::{NAME})?|\(\w+,\s*\w+\)|<>)"
_KINDS = (
    "class|abstract\\s+class|abstract|interface|enum|annotation|entity|struct|exception"
    "|object|map|protocol|record|metaclass|stereotype|diamond|circle"
)
_HEAD = (
    rf"(?:{_KINDS})\s+{_CLASS}{ALIAS}(?:<[^<>]*>)?{STEREOTYPE}{COLOR}"
    rf"(?:\s+(?:extends|implements)\s+{_CLASS}(?:\s*,\s*{_CLASS})*){{0,2}}{STEREOTYPE}{COLOR}"
)
_GROUPS = (
    "package|namespace|folder|frame|rectangle|node|cloud|database|card|storage|component"
    "|artifact|queue|stack|hexagon|agent|file|control|boundary|collections|person|process"
)
_GROUP = rf"(?:{_GROUPS})(?:\s+(?:{NAME}|\[[^\[\]]*\]))?{ALIAS}{STEREOTYPE}{COLOR}\s*\{{"
CLASSES = Language(
    rules=(
        make_rule(rf"{_HEAD}\s*\{{\s*\}}"),
        make_rule(rf"{_HEAD}\s*\{{", opens="class"),
        make_rule(_HEAD),
        make_rule(rf"{_CLASS}{_COUNT}\s*{_LINK}{_COUNT}\s*{_CLASS}\s*(?::.*)?"),
        make_rule(rf"{_CLASS}\s*::?\s*\S.*"),
        make_rule(_GROUP, opens="package"),
        make_rule(r"together\s*\{", opens="package"),
        make_rule(r"\}", closes=("package",)),
        make_rule(rf"set\s+separator\s+\S+|{NAME}\s+(?:extends|implements)\s+{NAME}"),
        *NOTES,
    ),
    bodies={
        "note": NOTE_BODY,
        "class": (
            make_rule(r"\}", closes=("class",)),
            make_rule(r"(?:\{(?:static|abstract|field|method|classifier)\}\s*)?[^{}]+"),
            make_rule(r".*\{[^{}]*\}.*"),
            make_rule(r".*", problem="Put a brace on a line of its own."),
        ),
    },
    ends={"class": "}", "package": "}", "note": "end note"},
    hint="write classes such as class A { ... } and relations such as A <|-- B : text",
)

_ELEMENT = (
    r"(?::[^:]{1,200}:|\((?!\))[^()]{1,200}\)|\[[^\[\]]{1,200}\]|\(\)\s*"
    + NAME
    + "|"
    + NAME
    + ")/?"
)
_THINGS = f"actor|usecase|interface|label|portin|portout|port|archimate|action|{_GROUPS}"
COMPONENTS = Language(
    rules=(
        make_rule(rf"{_ELEMENT}{_COUNT}\s*{_LINK}{_COUNT}\s*{_ELEMENT}\s*(?::.*)?"),
        make_rule(
            rf"{_ELEMENT}{_COUNT}\s*(?:-+|\.+)[()]{{1,2}}(?:-+|\.+)?\s*{_ELEMENT}\s*(?::.*)?"
        ),
        make_rule(_GROUP, opens="package"),
        make_rule(r"(?:together|rectangle)\s*\{", opens="package"),
        make_rule(r"\}", closes=("package",)),
        make_rule(rf"(?:{_THINGS})/?\s+{_ELEMENT}(?:\s+as\s+{_ELEMENT})?{STEREOTYPE}{COLOR}"),
        make_rule(rf"{_ELEMENT}(?:\s+as\s+{_ELEMENT}){STEREOTYPE}{COLOR}"),
        make_rule(rf"(?::[^:]+:|\([^()]+\)|\[[^\[\]]+\]){STEREOTYPE}{COLOR}"),
        *NOTES,
    ),
    bodies={"note": NOTE_BODY},
    ends={"package": "}", "note": "end note"},
    hint="write elements such as [Part] or (Use case), and links such as [A] --> [B] : text",
)
