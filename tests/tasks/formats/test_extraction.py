"""Taking the formal text out of a reply."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.formats import extract_formal_text
from tasks.formats.extraction import FENCE_NAMES

CSV = "a,b\n1,2"
UML = "@startuml\nA -> B: hi\n@enduml"
CASES = [
    ("csv", CSV, CSV, "nothing around"),
    ("csv", f"\n\n{CSV}\n\n", CSV, "empty lines around"),
    ("csv", f"```csv\n{CSV}\n```", CSV, "a fence"),
    ("csv", f"```\n{CSV}\n```", CSV, "a fence without a name"),
    ("csv", f"~~~csv\n{CSV}\n~~~", CSV, "a fence of tildes"),
    ("csv", f"Here is the table:\n\n```csv\n{CSV}\n```\nIt has one row.", CSV, "words around"),
    ("csv", f"```csv\nx,y\n1\n```\nCorrected:\n```csv\n{CSV}\n```", CSV, "the last of two fences"),
    ("csv", f"```csv\n{CSV}\n```\n```python\nprint(1)\n```", CSV, "the fence whose name fits"),
    ("csv", f"```csv\n{CSV}", CSV, "a fence that is cut off"),
    ("csv", f"Here is the CSV:\n{CSV}", CSV, "an announcement without a fence"),
    ("csv", f"<think>a, b?</think>\n{CSV}", CSV, "a thought"),
    ("csv", f"so it is a table</think>{CSV}", CSV, "a thought whose start the server took"),
    ("csv", "<think>never ends", "", "a thought without an end"),
    ("csv", f"```csv\r\n{CSV}\r\n```".replace("1,2", "1,2"), CSV, "other line ends"),
    ("csv", "item,cost\nsure: 5,6", "item,cost\nsure: 5,6", "a cell is no announcement"),
    ("json", 'The data: {"a": 1} as seen.', 'The data: {"a": 1} as seen.', "a bracket in a line"),
    ("json", 'The data is\n{"a": 1}\nas seen.', '{"a": 1}', "brackets on lines of their own"),
    ("boxes", 'Sure:\n[{"label": "x"}]', '[{"label": "x"}]', "a list"),
    ("chart_spec", '```vega-lite\n{"mark": "bar"}\n```', '{"mark": "bar"}', "a fence by its name"),
    ("html", "Sure!\n<p>x</p>\nDone.", "<p>x</p>", "tags without a fence"),
    ("html", "<!DOCTYPE html>\n<p>x", "<!DOCTYPE html>\n<p>", "a text that ends without a tag"),
    ("plantuml", f"Here:\n{UML}\nDone.", UML, "from @start to @end"),
    ("plantuml", "@startuml\nA -> B", "@startuml\nA -> B", "no end"),
    (
        "mermaid",
        "The chart:\n\nflowchart TD\n  A --> B",
        "flowchart TD\n  A --> B",
        "its first word",
    ),
    ("mermaid", "---\ntitle: T\n---\npie\n", "---\ntitle: T\n---\npie", "front matter"),
    ("caption", "A cup. ```x``` is written on it.", "A cup. ```x``` is written on it.", "marks"),
    ("caption", "```\nA cup.\n```", "A cup.", "a caption in a fence"),
    ("caption", "It shows code:\n```\nx = 1\n```", "It shows code:\n```\nx = 1\n```", "code shown"),
    (
        "mixed",
        "Two parts:\n=== csv: t ===\n```csv\na,b\n1,2\n```\n\n=== caption ===\nA cup is here.",
        "=== csv: t ===\na,b\n1,2\n=== caption ===\nA cup is here.",
        "each section out of its own fence",
    ),
    (
        "mixed",
        "```\n=== csv ===\na,b\n1,2\n=== caption ===\nA cup is here.\n```",
        "=== csv ===\na,b\n1,2\n=== caption ===\nA cup is here.",
        "one fence around all sections",
    ),
    ("mixed", "no sections", "no sections", "a text without sections stays"),
]


@pytest.mark.parametrize(("format", "reply", "expected", "why"), CASES)
def test_the_formal_text_is_taken_out(format, reply, expected, why):
    assert extract_formal_text(format, reply) == expected, why


@pytest.mark.parametrize("format", sorted(FENCE_NAMES))
@settings(max_examples=60)
@given(reply=st.text("ab`~\n<>=:[{}]@ ,startcsvthink/#", max_size=200))
def test_no_reply_raises_or_grows(format, reply):
    text = extract_formal_text(format, reply)
    assert len(text) <= len(reply)
    assert text == text.strip("\n").rstrip()


def test_time_is_bounded_on_hostile_replies():
    pieces = [
        "```\n",
        "<think>",
        "</think>",
        "=== csv ===\n",
        "[\n",
        "<a",
        "@start",
        "here is:",
        "~",
    ]
    start = time.process_time()
    for piece in pieces:
        for format in FENCE_NAMES:
            extract_formal_text(format, piece * (200_000 // len(piece)))
    assert time.process_time() - start < 20
