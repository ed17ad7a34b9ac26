import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.curation.compounds import is_compound
from tasks.curation.wording import (
    check_wording,
    find_doubled_words,
    find_stuck_words,
    name_wording_fault,
)
from tests.tasks.curation.hostile import HOSTILE_TEXTS, assert_linear

VISION_R1_ROW = (
    "The image displays displays two tangentstouching the circle. Both tangents meet it, touching "
    "it once. The figure depicts shows a right angle."
)


def test_what_blind_replacement_left_in_released_rows_is_found():
    wording = check_wording(VISION_R1_ROW)
    assert wording.doubled_words == ("displays displays", "depicts shows")
    assert wording.stuck_words == ("tangentstouching",)


@pytest.mark.parametrize(
    ("text", "doubles"),
    [
        ("The image displays displays a cat.", ["displays displays"]),
        ("It depicts shows a bar", ["depicts shows"]),
        ("The the end", ["the the"]),
        ("We add add them, so so.", ["add add"]),
        ("I know that that is so. No no, very very big. Hmm hmm.", []),
        ("He had had two two-dollar coins, by side side side.", []),
        ("It is. Is it? A A, 5 5, AB. AB", []),
        ("The total is\nis what we add. In Pago Pago, Walla Walla.", []),
        ("The display shows states; each state displays; the values mentioned showed it.", []),
        ("\u597d \u597d", []),
    ],
)
def test_doubled_words_are_found(text, doubles):
    assert find_doubled_words(text) == doubles


@pytest.mark.parametrize(
    ("text", "stuck"),
    [
        ("Two tangentstouching the circle", ["tangentstouching"]),
        ("The tangents touching, hypotenuse", []),
        ("understanding", []),
        ("x" * 300, []),
    ],
)
def test_stuck_words_are_found(text, stuck):
    vocabulary = {"tangents", "touching", "under", "standing", "understanding", "circle"}
    assert find_stuck_words(text, vocabulary) == stuck


@pytest.mark.parametrize(
    "text",
    [
        'He wrote "the the" and `and and`, $a a of of$, and \u201cdepicts shows\u201d.',
        "I count without with out, another other an, some thing something, how ever however.",
        "A table top is a tabletop, a base ball a baseball, a rect angle a rectangle.",
        "I estimate it under 5: an underestimate; every thing, everything; straight, forward, "
        "straightforward; the counter example is a counterexample.",
        "Imageshows is a name: image, shows.",
        "imageshows twice: image, shows, imageshows",
    ],
)
def test_quotes_compounds_names_and_words_said_again_are_fine(text):
    wording = check_wording(text)
    assert (wording.doubled_words, wording.stuck_words) == ((), ())


def test_what_question_or_formal_text_hold_is_theirs():
    thought = "We toss heads heads tails with the circlemarker, a circle and a marker."
    assert name_wording_fault(check_wording(thought)) == "doubled_words"
    known = "What is the chance of heads?\nitem\ncirclemarker"
    assert name_wording_fault(check_wording(thought, known)) is None
    assert check_wording("Of the the heads", "Of the heads").doubled_words == ("the the",)


def test_the_parts_of_a_stuck_token_may_be_those_of_the_formal_text():
    assert check_wording("Two tangentstouching it", "tangents, touching").stuck_words
    assert not check_wording("Two tangentstouching it", "tangents").stuck_words


def test_faults_within_the_bound_pass():
    wording = check_wording("The image shows shows a tangentstouching; tangents, touching.")
    assert name_wording_fault(wording) == "doubled_words"
    assert name_wording_fault(wording, max_faults=1) == "doubled_words"
    assert name_wording_fault(wording, max_faults=2) is None
    stuck = check_wording("a tangentstouching; tangents, touching.")
    assert name_wording_fault(stuck) == "stuck_words"


def test_plurals_of_compounds_are_compounds():
    assert is_compound("strawberry")
    assert is_compound("checkpoints")
    assert not is_compound("tangentstouching")


WORDS = st.sampled_from(["the", "image", "displays", "of", '"', "5", "A", "cats", "\n", "``"])


@given(st.lists(WORDS | st.text(max_size=5), max_size=20).map(" ".join), st.text(max_size=40))
def test_any_text_can_be_checked(text, known):
    wording = check_wording(text, known)
    bare = text.casefold().split()
    assert all(word in bare or not word.isascii() for word in wording.stuck_words)
    assert name_wording_fault(wording, max_faults=100) is None


@pytest.mark.parametrize("name", HOSTILE_TEXTS)
def test_hostile_texts_take_linear_time(name):
    assert_linear(find_doubled_words, HOSTILE_TEXTS[name])
    assert_linear(lambda text: find_stuck_words(text, {"a" * 4}), HOSTILE_TEXTS[name])
    assert_linear(check_wording, HOSTILE_TEXTS[name])
