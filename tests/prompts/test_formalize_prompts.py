"""The prompts of the formats say what the validators check, and change only with a reviewed text.

`python -m tests.prompts.test_formalize_prompts` writes the snapshots anew; read the difference.
"""

import re
from pathlib import Path
from typing import get_args

import pytest

from prompts import load_prompt
from schemas.recipe import ImageKind
from tasks.formats import FORMATS, validate
from tasks.formats.geometry_figure import MEASURES, STATEMENTS

SNAPSHOT_DIR = Path(__file__).parent / "snapshots"
FORMAT_PROMPTS = [f"formalize.{format}" for format in FORMATS]
REPAIR = {"format": "csv", "formal_text": "a,b\n1", "problems": "- Line 2: One cell is missing."}
EVIDENCE = {"lines": "1 2 3 4 cup", "table": "cup,hat\n1,2", "objects": "5 6 7 8 white cup"}
SNAPSHOTS = {
    **{name: {} for name in FORMAT_PROMPTS},
    "formalize.classify": {},
    "formalize.repair": REPAIR,
    "formalize.evidence": EVIDENCE,
}
EXAMPLES = ["boxes", "geometry", "mixed", "ocr", "spice"]


def render(name: str, **variables: str | None) -> str:
    (message,) = load_prompt(name).render(**variables)
    return message.text


@pytest.mark.parametrize("name", sorted(SNAPSHOTS))
def test_a_prompt_is_its_reviewed_text(name):
    reviewed = (SNAPSHOT_DIR / f"{name}.txt").read_text("utf-8")
    assert render(name, **SNAPSHOTS[name]) + "\n" == reviewed


def test_every_snapshot_has_its_prompt():
    assert {file.stem for file in SNAPSHOT_DIR.glob("*.txt")} == set(SNAPSHOTS)


@pytest.mark.parametrize("name", FORMAT_PROMPTS)
def test_a_question_is_shown_only_if_there_is_one(name):
    blind = render(name)
    assert render(name, question=None, options=None) == blind
    aware = render(name, question="How many {{ cups }}?", options="(A) 1")
    assert aware.startswith(blind)
    assert aware.count("How many {{ cups }}?\n(A) 1\n") == 1
    assert "Do not answer it." in aware


@pytest.mark.parametrize("name", FORMAT_PROMPTS)
def test_every_format_asks_for_everything_and_forbids_solving(name):
    text = render(name)
    asked = r"everything|complete and|all text|one object for each thing"
    assert re.search(asked, text, re.IGNORECASE)
    assert re.search(r"do not [^.]*\b(?:solve|compute|explain)\b", text, re.IGNORECASE)


@pytest.mark.parametrize("name", ["boxes", "ocr", "evidence"])
def test_places_are_told_and_asked_for_in_one_scale(name):
    text = render(f"formalize.{name}", **SNAPSHOTS[f"formalize.{name}"])
    assert "from 0 at the left and top edge of the image to 1000 at the right and bottom" in text
    assert "pixel" not in text


@pytest.mark.parametrize("format", EXAMPLES)
def test_the_example_in_a_prompt_is_valid(format):
    example = re.search(r"Example of the form:\n(.+?)\n\n", render(f"formalize.{format}"), re.S)
    assert example is not None
    assert validate(format, example[1]) == []


def test_only_the_listed_prompts_have_examples():
    assert [f for f in sorted(FORMATS) if "Example" in render(f"formalize.{f}")] == EXAMPLES


def test_the_geometry_prompt_names_the_whole_vocabulary_as_it_is_checked():
    text = render("formalize.geometry").partition("- Write every point")[0]
    statements = re.findall(r"\b[A-Z][A-Za-z]+\([^()]*\)(?:=\([^()]*\)|=\w+)?", text)
    statements = [statement.replace(",...", "") for statement in statements]
    points = "".join(f"Point({letter})\n" for letter in "ABCDEFGHMOP")
    for statement in statements:
        if not statement.startswith("Point"):
            assert validate("geometry", points + statement) == [], statement
    assert {statement.partition("(")[0] for statement in statements} == {*STATEMENTS, *MEASURES}


def test_the_classifier_names_every_kind_once_in_order():
    named = re.findall(r"^- (\w+):", render("formalize.classify"), re.M)
    assert tuple(named) == get_args(ImageKind)


def test_the_mixed_prompt_names_every_other_format():
    text = render("formalize.mixed")
    assert all(re.search(rf"\b{format}:", text) for format in FORMATS if format != "mixed")


def test_repair_inserts_a_hostile_text_as_it_is():
    hostile = "{{ problems }} {% if x %} </div>\n```"
    text = render("formalize.repair", **REPAIR | {"formal_text": hostile})
    assert hostile in text


if __name__ == "__main__":
    SNAPSHOT_DIR.mkdir(exist_ok=True)
    for name, variables in SNAPSHOTS.items():
        (SNAPSHOT_DIR / f"{name}.txt").write_text(render(name, **variables) + "\n", "utf-8")
