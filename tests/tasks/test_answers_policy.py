"""What a policy changes, and when an algebra system is asked."""

import pickle

import pytest

from tasks.answers import DEFAULT_POLICY, Policy, UnitPolicy, check_answer, type_gold


def make_compare(verdict: bool | None, asked: list):
    def compare(gold: str, answer: str) -> bool | None:
        asked.append((gold, answer))
        return verdict

    return compare


@pytest.mark.parametrize("verdict", [True, False, None])
def test_the_algebra_system_decides_what_no_cheap_rule_can(verdict):
    asked = []
    checked = check_answer(
        type_gold("x^2/2"), "\\int_0^x t dt", compare=make_compare(verdict, asked)
    )
    assert (checked.is_correct, checked.rule) == (verdict, "algebra")
    assert asked == [("x^2/2", "\\int_0^x t dt")]


def test_without_an_algebra_system_the_verdict_is_open_and_says_why():
    checked = check_answer(type_gold("x^2/2"), "\\int_0^x t dt")
    assert (checked.is_correct, checked.rule) == (None, "needs_algebra")


@pytest.mark.parametrize(
    ("gold", "text"),
    [
        ("5", "5"),
        ("5", "6"),
        ("5", "2+4"),
        ("5", "blue"),
        ("5", "There are 5 apples in 6 boxes."),
        ("2x+3", "3+2x"),
        ("2x+3", "I do not know."),
        ("2x+3", "The area is large."),
        ("2x+3", "(1, 2)"),
        ("2x+3", "May 5, 2020"),
        ("red", "\\int_0^x t dt"),
        ("1990-2000", "2000-2010"),
        ("(1, 2)", "(1, 3)"),
        ("x > 3", "x < 3"),
        ("Yes", "No"),
        ("2x+3", "9**9**9**9, 5"),
    ],
)
def test_the_algebra_system_is_not_asked_where_a_rule_can_tell(gold, text):
    asked = []
    assert check_answer(type_gold(gold), text, compare=make_compare(True, asked)).is_correct in (
        True,
        False,
    )
    assert asked == []


def test_parts_are_asked_about_one_by_one():
    asked = []
    checked = check_answer(
        type_gold("(1, x^2/2)"), "(1, \\int_0^x t dt)", compare=make_compare(True, asked)
    )
    assert checked.is_correct is True and len(asked) == 1


def test_the_verdict_says_what_applied():
    policy = Policy(relative_tolerance=0.01, units=UnitPolicy.STRICT, fuzzy_text_ratio=90)
    assert check_answer(type_gold("5"), "5", policy).policy == (
        "tolerance 0.01 relative; units strict; texts 90 % alike"
    )
    assert check_answer(type_gold("5"), "").policy == DEFAULT_POLICY.description
    assert DEFAULT_POLICY.description == "tolerance 1e-06 relative; units lenient"


def test_policies_that_differ_say_so():
    changes = [
        {"relative_tolerance": 0.5},
        {"absolute_tolerance": 1},
        {"round_whole_numbers": True},
        {"units": "strict"},
        {"percent_equals_fraction": False},
        {"ratio_equals_fraction": True},
        {"ordered_lists": False},
        {"fuzzy_text_ratio": 90},
    ]
    told = {Policy(**change).description for change in changes} | {Policy().description}
    assert len(told) == len(changes) + 1


def test_a_policy_goes_to_other_processes():
    policy = Policy(units="strict")
    assert pickle.loads(pickle.dumps(policy)) == policy
    assert pickle.loads(pickle.dumps(policy)).description == policy.description


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"relative_tolerance": -0.1}, "relative_tolerance must be a number of 0 or more"),
        ({"relative_tolerance": 5}, "write 5 % as 0.05"),
        ({"absolute_tolerance": float("nan")}, "absolute_tolerance must be a number"),
        ({"fuzzy_text_ratio": 0.9}, "must be from 1 to 100, got 0.9; give it in percent"),
        ({"units": "loose"}, "'loose' is not a valid UnitPolicy"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Policy(**change)


@pytest.mark.parametrize(
    ("tolerance", "right", "wrong"),
    [(0.0, "0.1", "0.1000000001"), (0.1, "0.11", "0.1101"), (0.001, "0.1001", "0.10011")],
)
def test_the_tolerance_is_taken_as_written(tolerance, right, wrong):
    policy = Policy(relative_tolerance=tolerance)
    assert check_answer(type_gold("0.1"), right, policy).is_correct
    assert not check_answer(type_gold("0.1"), wrong, policy).is_correct


def test_a_larger_tolerance_reaches_expressions_and_parts():
    policy = Policy(relative_tolerance=0.01)
    for gold, answer in (("36\\pi", "113.1"), ("(\\sqrt{2}, 1.5)", "(1.41, 1.5)")):
        assert check_answer(type_gold(gold), answer, policy).is_correct is True
        assert check_answer(type_gold(gold), answer).is_correct is False
    assert check_answer(type_gold("36\\pi"), "120", policy).is_correct is False
