"""What counts as a right answer: the case table, the laws, the recorded completions."""

import ast
import json
from collections import Counter

import pytest

from tasks.answers import (
    AnswerType,
    ExtractionStatus,
    Gold,
    check_answer,
    extract_answer,
    split_thought,
    type_gold,
)
from tests.tasks.answer_cases import CASES, ROOT, check_case

RECORDED = ROOT.parent / "shared/data/tabmwp/recorded"


def test_every_case_of_the_table_comes_out_as_it_says():
    wrong = [
        (case["gold"], case["prediction"], verdict.is_correct, verdict.rule, case["why"])
        for case in CASES
        if (verdict := check_case(case, case["prediction"])).is_correct is not case["expected"]
    ]
    assert wrong == []


def test_the_table_covers_every_type_and_says_why():
    counts = Counter(case["type"] for case in CASES)
    assert set(counts) == {kind.value for kind in AnswerType}
    assert len(CASES) >= 1_500 and min(counts.values()) >= 10
    assert all(case["why"] for case in CASES)


def test_golds_get_the_type_that_the_table_names():
    typed = [(c["gold"], c["type"], type_gold(c["gold"], c.get("options"), c.get("unit")))
             for c in CASES]  # fmt: skip
    assert [
        (gold, kind, got.answer_type) for gold, kind, got in typed if got.answer_type != kind
    ] == []


def write_gold(case: dict) -> str:
    """Write the gold as an answer; strict units want the unit that the source gives apart."""
    is_strict = case.get("policy", {}).get("units") == "strict"
    return f"{case['gold']} {case['unit']}" if is_strict and "unit" in case else case["gold"]


def test_each_gold_is_its_own_answer():
    refused = [
        case["gold"]
        for case in CASES
        for text in ("{}", "<answer>{}</answer>", "\\boxed{{{}}}")
        if check_case(case, text.format(write_gold(case))).is_correct is not True
    ]
    assert refused == []


# Not dates and times (a part may be left out of the gold), texts and yes/no (sentences).
SYMMETRIC = {"integer", "decimal", "fraction", "mixed_number", "percent", "quantity", "money",
             "number_word", "expression", "equation", "tuple", "list", "set", "interval", "range",
             "ratio", "matrix", "words"}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(SYMMETRIC))
def test_gold_and_answer_of_one_type_may_change_places(kind):
    num_swapped, changed = 0, []
    for case in CASES:
        if case["type"] == kind and not {"unit", "policy"} & set(case):
            swapped = type_swapped(case["prediction"])
            if swapped and swapped.answer_type == kind:
                num_swapped += 1
                if check_answer(swapped, case["gold"]).is_correct is not case["expected"]:
                    changed.append((case["gold"], case["prediction"], case["expected"]))
    assert changed == [] and num_swapped >= 3


def type_swapped(prediction: str) -> Gold | None:
    """Type an answer as a gold, where it is one without a marker around it."""
    try:
        if "box" in prediction or "<" in prediction:
            return None
        return type_gold(prediction)
    except ValueError:
        return None


@pytest.mark.parametrize("empty", ["", " ", "\n", "**", "$$", "."])
def test_an_empty_gold_is_refused(empty):
    with pytest.raises(ValueError, match="is empty"):
        type_gold(empty)


def test_a_letter_outside_the_options_is_refused():
    with pytest.raises(ValueError, match=r"'E' is none of the 3 options; .* from A to C"):
        type_gold("E", ["1", "2", "3"])


def test_a_gold_made_by_hand_with_a_wrong_type_is_never_right_by_accident():
    for kind in AnswerType:
        for options in (None, ("x", "y")):
            gold = Gold(answer="hello there", answer_type=kind, options=options)
            assert check_answer(gold, "something else").is_correct is not True


@pytest.mark.parametrize(
    ("text", "status", "answer"),
    [
        ("<answer>5</answer>", "ok", "5"),
        ("<answer>4</answer> then <answer> 5 </answer>", "multiple", "5"),
        ("\\boxed{\\frac{1}{2}}", "ok", "\\frac{1}{2}"),
        ("Final Answer: 5 cm", "ok", "5 cm"),
        ("So the answer is Mr. Watson. He won.", "ok", "Mr. Watson."),
        ("First 3.\n\nThere are 5.", "ok", "There are 5."),
        ("<answer>5", "unclosed", None),
        ("\\boxed{5", "unclosed", None),
        ("<answer> </answer>", "empty", None),
        ("", "missing", None),
        ("\n--\n", "missing", None),
    ],
)
def test_extraction_says_how_it_ended(text, status, answer):
    found = extract_answer(text)
    assert (found.status, found.answer) == (status, answer)


def test_a_missing_answer_is_wrong_and_says_so():
    verdict = check_answer(type_gold("2x+3"), "")
    assert (verdict.is_correct, verdict.rule, verdict.answer) == (False, "no_answer", None)
    assert verdict.extraction is ExtractionStatus.MISSING


@pytest.mark.parametrize(
    ("text", "reasoning", "rest"),
    [
        ("5", None, "5"),
        ("<think>a</think>5", "a", "5"),
        ("a</think>5", "a", "5"),
        ("<THINK>a</Think>5", "a", "5"),
        ("<think>a", "a", ""),
        ("so <think>a", "a", ""),
        ("<think></think>5", "", "5"),
        ("<think>a</think> b <think>c</think> d", "a\nc", "b\nd"),
        ("<think>a<think>b</think>5", "a\nb", "5"),
        ("<think>a</think> b </think> c", "a\nb", "c"),
        ("<thinking>a</thinking>5", "a", "5"),
        ("", None, ""),
    ],
)
def test_the_thought_is_split_off(text, reasoning, rest):
    assert split_thought(text) == (reasoning, rest)


def test_the_modules_neither_evaluate_nor_touch_the_outside():
    for path in (ROOT / "tasks/answers").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not names & {"eval", "exec", "open", "print", "compile", "__import__"}, path
        assert not {m.split(".")[0] for m in modules} & {"prefect", "pyarrow", "sympy", "os"}, path


@pytest.mark.shared
@pytest.mark.skipif(not RECORDED.exists(), reason="no recorded completions in ../shared")
def test_recorded_completions_are_judged_as_their_authors_did():
    """Labels that the authors drew from no text (an option at random) are counted apart."""
    rows = map(json.loads, (RECORDED / "metadata.jsonl").open(encoding="utf-8"))
    golds = {r["id"]: type_gold(r["answer"], r["choices"], r["unit"]) for r in rows}
    right, agreed, grounded = Counter(), [], []
    solved: set[str] = set()
    for line in (RECORDED / "completions.jsonl").open(encoding="utf-8"):
        record = json.loads(line)
        gold = golds[record["id"]]
        for index, completion in enumerate(record["completions"]):
            is_correct = check_answer(gold, completion["text"]).is_correct is True
            right[index] += is_correct
            solved |= {record["id"]} if is_correct else set()
            agreed.append(is_correct is completion["published_correct"])
            if is_drawn_from_text(completion, gold):
                grounded.append(agreed[-1])
    rates = [right[index] / len(golds) for index in range(4)]
    assert rates == pytest.approx([0.623, 0.577, 0.567, 0.570], abs=0.02)
    assert 0.75 <= len(solved) / len(golds) <= 0.79
    assert sum(agreed) / len(agreed) >= 0.985
    assert sum(grounded) / len(grounded) >= 0.99


def is_drawn_from_text(completion: dict, gold: Gold) -> bool:
    """Tell whether the authors' prediction stands in the text, as option text or as its letter."""
    text, prediction = completion["text"], completion["published_prediction"]
    if prediction in (gold.options or ()):
        letter = "ABCDEFGH"[gold.options.index(prediction)]
        words = text.replace("(", " ").replace(")", " ").replace(".", " ").replace(":", " ").split()
        return prediction.lower() in text.lower() or letter in words
    return bool(text) or not prediction
