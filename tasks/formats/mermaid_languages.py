"""The lines of Mermaid's other diagrams: sequence, class, state, entities, pie, gantt.

Source: https://mermaid.js.org/syntax/, the page of each diagram.
"""

from tasks.formats.diagram_rules import Language, make_rule

_LINK = "Remove this line; a diagram must not hold links or programs."
_STYLES = (
    make_rule(r"(?:style|classDef|cssClass|class)\s+\S+\s+\S.*", is_content=False),
    make_rule(r"direction\s+(?:TB|TD|BT|RL|LR)", is_content=False),
    make_rule(r"title:?\s+\S.*", is_content=False),
)
_ANY = (make_rule(r".*"),)

_ACTOR = r"[^\s:;,<>+-][^:;,<>]{0,200}?"
_ARROW = r"(?:<<-{1,2}>>|-{1,2}(?:>>|>|x|\)))"
_BLOCKS = ("loop", "alt", "opt", "par", "critical", "break", "rect", "box")
SEQUENCE = Language(
    rules=(
        make_rule(r"(?:create\s+)?(?:participant|actor)\s+\S.*"),
        make_rule(r"destroy\s+\S.*"),
        make_rule(rf"{_ACTOR}\s*{_ARROW}\s*[+-]?\s*{_ACTOR}\s*:.*"),
        make_rule(
            rf"{_ACTOR}\s*{_ARROW}\s*[+-]?\s*[^:]*",
            problem="A message needs a text: write A->>B: text, with a name on both sides.",
        ),
        make_rule(r"(?:activate|deactivate)\s+\S.*"),
        make_rule(r"autonumber(?:\s+(?:off|\d+)(?:\s+\d+)?)?", is_content=False),
        make_rule(r"note\s+(?:left\s+of|right\s+of)\s+[^:,]+:.*"),
        make_rule(r"note\s+over\s+[^:,]+(?:,[^:,]+)?:.*"),
        make_rule(r"note\s.*", problem="Write a note as Note right of A: text, or over A,B: text."),
        *(make_rule(rf"{name}(?:\s.*)?", opens=name) for name in _BLOCKS),
        make_rule(r"else(?:\s.*)?", within=("alt",)),
        make_rule(r"and(?:\s.*)?", within=("par",)),
        make_rule(r"option(?:\s.*)?", within=("critical",)),
        make_rule(r"end", closes=_BLOCKS),
        make_rule(r"links?\s.*|properties\s.*|details\s.*", problem=_LINK),
        make_rule(r"title:?\s+\S.*", is_content=False),
    ),
    bodies={},
    ends=dict.fromkeys(_BLOCKS, "end"),
    hint="write messages such as A->>B: text, participants, notes and blocks",
)

_CLASS = r"(?:[\w.~-]{1,200}|`[^`]{1,200}`)"
_RELATION = r"(?:<\||<|\*|o|\(\))?(?:--|\.\.)(?:\|>|>|\*|o|\(\))?"
_LABEL = r'(?:\s*\["[^"]*"\]|\s*\[[^\]"]*\])?'
CLASSES = Language(
    rules=(
        make_rule(rf"class\s+{_CLASS}{_LABEL}(?:\s*:::\s*\w+)?\s*\{{", opens="class"),
        make_rule(rf"class\s+{_CLASS}{_LABEL}(?:\s*:::\s*\w+)?(?:\s*\{{.*\}})?"),
        make_rule(r"namespace\s+[\w.]+\s*\{", opens="namespace"),
        make_rule(r"\}", closes=("namespace",)),
        make_rule(rf'{_CLASS}\s*(?:"[^"]*"\s*)?{_RELATION}\s*(?:"[^"]*"\s*)?{_CLASS}\s*(?::.*)?'),
        make_rule(
            rf".*{_RELATION}\s*",
            problem="A relation leads to nothing; write A <|-- B with a class on both sides.",
        ),
        make_rule(rf"{_CLASS}\s*:\s*\S.*"),
        make_rule(rf"<<[^<>]+>>\s*{_CLASS}"),
        make_rule(rf'note\s+(?:for\s+{_CLASS}\s+)?"[^"]*"'),
        make_rule(r"(?:click|link|callback|href)\s.*", problem=_LINK),
        *_STYLES,
    ),
    bodies={
        "class": (
            make_rule(r"\}", closes=("class",)),
            make_rule(r".*[{}].*", problem="Put a brace on a line of its own."),
            make_rule(r"[^{}]+"),
        )
    },
    ends={"class": "}", "namespace": "}"},
    hint="write classes such as class A { ... }, relations such as A <|-- B, members A : name",
)

_STATE = r'(?:\[\*\]|[\w.-]{1,200}|"[^"]{1,200}")(?::::\w+)?'
STATES = Language(
    rules=(
        make_rule(rf"{_STATE}\s*-->\s*{_STATE}\s*(?::.*)?"),
        make_rule(
            r".*--?>.*",
            problem="Write a transition as A --> B : text; names of states have no spaces.",
        ),
        make_rule(r'state\s+"[^"]*"\s+as\s+\w+\s*\{', opens="state"),
        make_rule(r'state\s+"[^"]*"\s+as\s+\w+'),
        make_rule(r"state\s+\w+\s*<<(?:choice|fork|join|history)>>"),
        make_rule(r'state\s+(?:\w+|"[^"]*")\s*\{', opens="state"),
        make_rule(r"state\s+\w+"),
        make_rule(r"\}", closes=("state",)),
        make_rule(r"note\s+(?:left|right)\s+of\s+\w+\s*:.*"),
        make_rule(r"note\s+(?:left|right)\s+of\s+\w+", opens="note"),
        make_rule(r"--", within=("state",)),
        make_rule(r"hide\s+empty\s+description|scale\s+\d+.*", is_content=False),
        make_rule(r"click\s.*", problem=_LINK),
        *_STYLES,
        make_rule(rf"{_STATE}\s*:.*"),
        make_rule(r"[\w.-]+(?::::\w+)?"),
    ),
    bodies={"note": (make_rule(r"end\s*note", closes=("note",)), *_ANY)},
    ends={"state": "}", "note": "end note"},
    hint="write states and transitions such as [*] --> A or A --> B : text",
)

_ENTITY = r'(?:[\w-]{1,200}|"[^"]{1,200}")'
_KEYS = r"(?:PK|FK|UK)(?:\s*,\s*(?:PK|FK|UK))*"
ENTITIES = Language(
    rules=(
        make_rule(
            rf"{_ENTITY}\s*(?:\|o|\|\||\}}o|\}}\|)(?:--|\.\.)(?:o\||\|\||o\{{|\|\{{)\s*{_ENTITY}\s*:\s*\S.*"
        ),
        make_rule(
            rf"{_ENTITY}\s*(?:\|o|\|\||\}}o|\}}\|)(?:--|\.\.)(?:o\||\|\||o\{{|\|\{{)\s*{_ENTITY}\s*:?",
            problem="A relation needs a label: write A ||--o{ B : label.",
        ),
        make_rule(
            r".*(?:--|\.\.).*",
            problem="Write a relation as A ||--o{ B : label, with |o, ||, }o or }| on the left and "
            "o|, ||, o{ or |{ on the right.",
        ),
        make_rule(rf"{_ENTITY}{_LABEL}\s*\{{", opens="entity"),
        make_rule(rf"{_ENTITY}{_LABEL}(?:\s*\{{\s*\}})?"),
        *_STYLES,
    ),
    bodies={
        "entity": (
            make_rule(r"\}", closes=("entity",)),
            make_rule(rf'[^\s"{{}}]+\s+[^\s"{{}}]+(?:\s+{_KEYS})?(?:\s+"[^"]*")?'),
            make_rule(r".*", problem='Write an attribute as type name, then PK, FK or UK, "note".'),
        )
    },
    ends={"entity": "}"},
    hint="write relations such as A ||--o{ B : label, and entities such as A { int id PK }",
)

PIE = Language(
    rules=(
        make_rule(r"title\s+\S.*", is_content=False),
        make_rule(r"showData", is_content=False),
        make_rule(r'"[^"]+"\s*:\s*0+(?:\.0*)?', problem="A slice must be above 0; leave it out."),
        make_rule(r'"[^"]+"\s*:\s*\d+(?:\.\d+)?'),
        make_rule(
            r'"[^"]*"\s*:.*', problem='Write a slice as "label" : 12.5, with no unit or sign.'
        ),
        make_rule(r'[^"]+:\s*[\d.]+\s*%?', problem="Put double quotes around a slice's label."),
    ),
    bodies={},
    ends={},
    hint='write slices such as "label" : 12.5, and title',
)

_DURATION = r"\d+(?:\.\d+)?(?:ms|s|m|h|d|w|M|y)"
_DATE = r"\d[\d:/. T-]{0,30}"
_END = rf"(?:{_DURATION}|{_DATE}|until\s+[\w\s-]+)"
_TASK_START = rf"(?:{_DATE}|after\s+[\w\s-]+)"
_TAGS = r"(?:(?:active|done|crit|milestone|vert)\s*,\s*)*"
GANTT = Language(
    rules=(
        make_rule(
            r"(?:title|dateFormat|axisFormat|tickInterval|todayMarker)\s+\S.*", is_content=False
        ),
        make_rule(r"(?:excludes|includes|weekday|weekend)\s+\S.*", is_content=False),
        make_rule(r"inclusiveEndDates|topAxis", is_content=False),
        make_rule(r"section\s+\S.*", is_content=False),
        make_rule(r"click\s.*", problem=_LINK),
        make_rule(
            rf"[^:]*[^:\s]\s*:\s*{_TAGS}(?:(?:[A-Za-z_][\w-]*\s*,\s*)?{_TASK_START}\s*,\s*)?{_END}"
        ),
        make_rule(rf"[^:]*[^:\s]\s*:\s*{_TAGS}[A-Za-z_][\w-]*\s*,\s*{_END}"),
        make_rule(
            r".*:.*",
            problem="Write a task as Name : id, 2024-01-31, 5d, or Name : after id, 5d.",
        ),
    ),
    bodies={},
    ends={},
    hint="write title, dateFormat, section, and tasks such as Name : a1, 2024-01-31, 5d",
)

LANGUAGES = {
    "sequenceDiagram": SEQUENCE,
    "classDiagram": CLASSES,
    "stateDiagram": STATES,
    "erDiagram": ENTITIES,
    "pie": PIE,
    "gantt": GANTT,
}
"""First word of a diagram to its lines."""
