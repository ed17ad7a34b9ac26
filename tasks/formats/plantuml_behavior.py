"""The lines of PlantUML's sequence, activity and state diagrams.

Source: https://plantuml.com/sequence-diagram, /activity-diagram-beta, /activity-diagram-legacy and
/state-diagram.
"""

from tasks.formats.diagram_rules import Language, make_rule

COLOR = r"(?:\s+#[\w#:;./|\\-]+)?"
STEREOTYPE = r"(?:\s*<<[^<>]*>>)?"
NAME = r'(?:"[^"]{1,300}"|[\w.@$-]{1,200})'
ALIAS = rf"(?:\s+as\s+{NAME})?"
NOTES = (
    make_rule(r"(?:floating\s+)?[hr]?note\s+(?:left|right|top|bottom|over)(?:\s+of)?[^:]*:\s*\S.*"),
    make_rule(r'(?:floating\s+)?note\s+"[^"]*"\s+as\s+\w+' + COLOR),
    make_rule(
        r"(?:floating\s+)?[hr]?note\s+(?:left|right|top|bottom|over|as|on\s+link)[^:\"]*",
        opens="note",
    ),
)
NOTE_BODY = (
    make_rule(r"end\s*[hr]?note", closes=("note",)),
    make_rule(r".*"),
)

_SIDE = rf"(?:{NAME}(?:\(\))?)"
_TIP = r"(?:[xo]?(?:[<>]{1,2}|[\\/]{1,2})[xo]?|[xo])"
_ARROW = rf"{_TIP}?-+(?:\[[^\[\]]*\])?-*{_TIP}?"
_MARKS = r"(?:\s*(?:\+\+|--|\*\*|!!){1,2}(?:\s*#\w+)?)?"
_BLOCKS = ("alt", "opt", "loop", "par", "par2", "break", "critical", "group")
_ROLES = "participant|actor|boundary|control|entity|database|collections|queue"
SEQUENCE = Language(
    rules=(
        make_rule(
            rf"(?:create\s+)?(?:{_ROLES})\s+{NAME}{ALIAS}{STEREOTYPE}(?:\s+order\s+\d+)?"
            rf"{STEREOTYPE}{COLOR}"
        ),
        make_rule(rf"{_SIDE}\s*{_ARROW}\s*{_SIDE}{ALIAS}{_MARKS}\s*(?::.*)?"),
        make_rule(rf"[\[?]\s*{_ARROW}\s*{_SIDE}{_MARKS}\s*(?::.*)?"),
        make_rule(rf"{_SIDE}\s*{_ARROW}\s*[\]?]\s*{_MARKS}(?::.*)?"),
        make_rule(rf"(?:activate|deactivate|destroy|create)\s+{NAME}{COLOR}"),
        make_rule(r"return(?:\s.*)?|autoactivate\s+(?:on|off)|newpage(?:\s.*)?"),
        make_rule(r"==.*==|\.\.\.(?:.*\.\.\.)?|\|{2,3}|\|\|\d+\|\|"),
        *(make_rule(rf"{name}(?:\s.*|#.*)?", opens=name) for name in _BLOCKS),
        make_rule(r"else(?:\s.*)?", within=("alt", "par", "par2", "group", "critical")),
        make_rule(r"end", closes=_BLOCKS),
        make_rule(r"box(?:\s.*)?", opens="box"),
        make_rule(r"end\s*box", closes=("box",)),
        make_rule(r"ref\s+over\s+[^:]+:.*"),
        make_rule(r"ref\s+over\s+[^:]+", opens="ref"),
        *NOTES,
    ),
    bodies={
        "note": NOTE_BODY,
        "ref": (make_rule(r"end\s*ref", closes=("ref",)), make_rule(r".*")),
    },
    ends={**dict.fromkeys(_BLOCKS, "end"), "box": "end box", "note": "end note", "ref": "end ref"},
    hint="write messages such as A -> B : text, participants, notes and blocks",
)

_LABEL = r"(?:\s*\([^()]*\))?"
_CONDITION = r"\((?:[^()]|\([^()]*\)){0,500}\)"
ACTIVITY = Language(
    rules=(
        make_rule(r"start|stop|end|detach|kill|break"),
        make_rule(r"(?:#[\w/|\\-]+)?:.*[;|<>/\\\]}]" + STEREOTYPE),
        make_rule(
            r":.*[^;|<>/\\\]}]",
            problem="An activity such as :text; must end with a semicolon.",
        ),
        make_rule(
            rf"(?:#\w+:)?if\s*{_CONDITION}(?:\s*(?:is|equals)\s*{_CONDITION})?\s*(?:then{_LABEL})?",
            opens="if",
        ),
        make_rule(rf"{_LABEL}\s*else\s*if\s*{_CONDITION}.*", within=("if",)),
        make_rule(rf"else{_LABEL}", within=("if",)),
        make_rule(r"end\s*if", closes=("if",)),
        make_rule(rf"while\s*{_CONDITION}(?:\s*is\s*{_CONDITION})?.*", opens="while"),
        make_rule(rf"end\s*while{_LABEL}", closes=("while",)),
        make_rule(
            rf"repeat\s*while{_LABEL}(?:\s*is\s*{_CONDITION})?(?:\s*not\s*{_CONDITION})?.*",
            closes=("repeat",),
        ),
        make_rule(r"repeat(?:\s*:.*;)?", opens="repeat"),
        make_rule(r"backward\s*:.*;", within=("repeat", "while")),
        make_rule(rf"switch\s*{_CONDITION}", opens="switch"),
        make_rule(rf"case\s*{_CONDITION}", within=("switch",)),
        make_rule(r"end\s*switch", closes=("switch",)),
        make_rule(r"fork\s+again", within=("fork",)),
        make_rule(r"fork", opens="fork"),
        make_rule(r"(?:end\s*fork|end\s*merge)(?:\s*\{.*\})?", closes=("fork",)),
        make_rule(r"split\s+again", within=("split",)),
        make_rule(r"split", opens="split"),
        make_rule(r"end\s*split", closes=("split",)),
        make_rule(
            r"(?:partition|package|rectangle|card)\s+(?:#\w+\s+)?[^{}]+\{", opens="partition"
        ),
        make_rule(r"\}", closes=("partition",)),
        make_rule(r"group\s+\S.*", opens="group"),
        make_rule(r"end\s*group", closes=("group",)),
        make_rule(r"\|(?:#[\w#-]+\|)?[^|]+\|.*", is_content=False),
        make_rule(r"-+(?:\[[^\[\]]*\]-*)?>(?:.*;)?"),
        make_rule(r"(?:label|goto)\s+\w+|\(\w\)|#\w+:\(\w\)"),
        *NOTES,
    ),
    bodies={"note": NOTE_BODY},
    ends={
        "if": "endif",
        "while": "endwhile",
        "repeat": "repeat while (condition)",
        "switch": "endswitch",
        "fork": "end fork",
        "split": "end split",
        "partition": "}",
        "group": "end group",
        "note": "end note",
    },
    hint="write start, :activity;, if (condition) then (yes), else (no), endif, stop",
)

_STATE = rf"(?:\[\*\]|\[H\*?\]|{NAME}(?:\[H\*?\])?){STEREOTYPE}{COLOR}"
_STATE_ARROW = r"<?-+(?:\[[^\[\]]*\])?(?:up|down|left|right|[udlr])?(?:\[[^\[\]]*\])?-*>?"
STATES = Language(
    rules=(
        make_rule(rf"{_STATE}\s*{_STATE_ARROW}\s*{_STATE}\s*(?::.*)?"),
        make_rule(rf"state\s+{NAME}{ALIAS}{STEREOTYPE}{COLOR}\s*\{{", opens="state"),
        make_rule(rf"state\s+{NAME}{ALIAS}{STEREOTYPE}{COLOR}\s*(?::.*)?"),
        make_rule(r"\}", closes=("state",)),
        make_rule(r"--|\|\|", within=("state",)),
        make_rule(rf"{NAME}\s*:.*"),
        *NOTES,
    ),
    bodies={"note": NOTE_BODY},
    ends={"state": "}", "note": "end note"},
    hint="write states and transitions such as [*] --> A or A --> B : text",
)

_STEP = rf"(?:\(\*(?:top)?\)|{NAME}|===?\w+===?)"
OLD_ACTIVITY = Language(
    rules=(
        make_rule(rf"(?:{_STEP}\s*)?-+(?:\[[^\[\]]*\]|left|right|up|down)?-*>\s*(?:\[[^\[\]]*\]\s*)?"
                  rf"{_STEP}{ALIAS}"),
        make_rule(r'if\s+"[^"]*"\s+then', opens="if"),
        make_rule(r"else", within=("if",)),
        make_rule(r"end\s*if", closes=("if",)),
        make_rule(r"partition\s+[^{}]+\{", opens="partition"),
        make_rule(r"\}", closes=("partition",)),
        *NOTES,
    ),
    bodies={"note": NOTE_BODY},
    ends={"if": "endif", "partition": "}", "note": "end note"},
    hint='write steps such as (*) --> "First step"',
)  # fmt: skip
