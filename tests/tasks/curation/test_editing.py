import pytest

from schemas.recipe import CurateParams, ReplaceParams, TrimParams
from tasks.curation.editing import edit_parts, read_parts
from tasks.curation.layout import Parts


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("9:15 A.M.", "9:15 A.M."),
        ("U.S.", "U.S."),
        ("in the U.S. ", "in the U.S."),
        ("1, 2, 3, ...", "1, 2, 3, ..."),
        ("e.g.", "e.g."),
        ("5.", "5"),
        ("$3.50.", "$3.50"),
        ("0.5", "0.5"),
        ("A.M. or P.M. is shown.", "A.M. or P.M. is shown"),
        ("three .", "three"),
        (".", ""),
        ("", ""),
    ],
)
def test_one_point_is_stripped_from_an_answer_but_not_from_an_abbreviation(answer, expected):
    assert read_parts("So.", "We add.", answer).answer == expected


def test_a_multiple_choice_thought_is_not_cut_at_an_article():
    thought = (
        "Okay, let me look at a diagram of the food web. Wait, the question asks which organism "
        "is the producer. Algae make food, so option A."
    )
    parts = Parts(reasoning=thought, summary="", answer="A")
    edited = edit_parts(parts, "Which?", CurateParams(trim=TrimParams()))
    assert (edited.parts, edited.edits) == (parts, ())
    longer = Parts(reasoning=f"{thought} Wait, or B? No, A.", summary="", answer="A")
    edited = edit_parts(longer, "Which?", CurateParams(trim=TrimParams()))
    assert edited.parts == parts
    assert edited.edits == ("cut 19 characters from 'Wait,' on",)


def test_a_thought_is_cut_before_its_phrases_are_replaced():
    thought = "The description says 2, so it is 2. Wait, the description says more. 2."
    params = CurateParams(trim=TrimParams(), replace=ReplaceParams(max_edited_words=2))
    edited = edit_parts(Parts(reasoning=thought, summary="", answer="2"), "How many?", params)
    assert edited.parts.reasoning == "The image shows 2, so it is 2."
    assert len(edited.edits) == 2
    assert edited.fault is None


def test_a_recipe_that_asks_for_no_edit_gets_none():
    parts = Parts(reasoning="The description says 2. Wait, 2.", summary="", answer="2")
    assert edit_parts(parts, "How many?", CurateParams()).parts == parts
