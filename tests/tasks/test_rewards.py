import inspect
import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from schemas.errors import RecipeError
from schemas.recipe import VerifyParams
from tasks.answers import check_answer, type_gold
from tasks.rewards import (
    REWARDS,
    accuracy_reward,
    format_reward,
    hard_format_result_reward,
    make_reward,
    onevision_reward,
    openvlthinker_reward,
    read_text,
)

STRICT = "<think>\nTwo and two.\n</think>\n<answer>4</answer>"
SUMMED = "<think>Two and two.</think>\nThey are four.\n<answer>4</answer>"
WRONG = "<think>Two and two.</think><answer>5</answer>"
WRONG_SUMMED = "<think>Two and two.</think>It is five.<answer>5</answer>"
BARE = "The answer is 4."
VISION_R1 = "<think> So. </think><answer> Final Answer:4 </answer>"


def reward(function, *completions: str, gold: str = "4", **columns):
    count = len(completions)
    solution = [gold] * count
    return function(["?"] * count, list(completions), solution=solution, **columns)


def test_accuracy_is_that_of_the_verifier():
    assert reward(accuracy_reward, STRICT, WRONG, BARE, "4 or 5", "") == [1, 0, 1, 0, 0]
    assert reward(accuracy_reward, "<think>It is 4.</think>", "<think>It is 4.") == [0, 0]


def test_a_gold_answer_that_cannot_be_parsed_gives_none():
    golds = ["", "F", "4"]
    rewards = accuracy_reward(
        ["?"] * 3, [STRICT] * 3, solution=golds, options=[None, ["3", "4"], None]
    )
    assert rewards == [None, None, 1]
    for function in (hard_format_result_reward, onevision_reward, openvlthinker_reward):
        assert reward(function, STRICT, WRONG, gold=" ") == [None, None]


@pytest.mark.parametrize("broken", [None, float("nan"), ["4"], {}, True, 4.0, b"4"])
def test_a_gold_answer_that_is_no_text_gives_none_and_the_others_their_reward(broken):
    rewards = accuracy_reward(["?"] * 3, [STRICT] * 3, solution=[broken, "4", 4])
    assert rewards == [None, 1, 1]


@pytest.mark.parametrize("make", [list, tuple, np.array])
def test_options_may_be_any_sequence(make):
    options = [make(["3", "4"]), None]
    rewards = accuracy_reward(["?"] * 2, [STRICT] * 2, solution=["B", "B"], options=options)
    assert rewards == [1, 0]


def test_options_that_are_one_text_are_refused():
    with pytest.raises(TypeError, match=r"options must be a list .* parse it with json.loads"):
        reward(accuracy_reward, STRICT, gold="B", options=['["3", "4"]'])


def test_columns_of_the_problems_are_read():
    options = [["3 cm", "4 cm"]] * 3
    asked = reward(accuracy_reward, r"\boxed{B}", "4 cm", "A", gold="B", options=options)
    assert asked == [1, 1, 0]
    assert reward(accuracy_reward, "4 m", "4 cm", unit=["cm", "cm"]) == [0, 1]


def test_each_source_has_its_policy():
    verify = VerifyParams.model_validate({"sources": {"charts": {"absolute_tolerance": 1}}})
    loose = make_reward("accuracy", verify)
    assert reward(loose, "5", "5", "5", source=["charts", "maps", None]) == [1, 0, 0]


def test_algebra_is_asked_where_no_rule_can_tell():
    right, wrong = r"\boxed{\int_0^1 4 dx}", r"\boxed{\int_0^1 5 dx}"
    assert check_answer(type_gold("4"), right).is_correct is None
    assert reward(accuracy_reward, right, wrong) == [1, 0]


@pytest.mark.parametrize("text", [STRICT, SUMMED, WRONG, VISION_R1])
def test_a_thought_and_an_answer_are_the_format(text):
    assert format_reward(["?"], [text]) == [1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        BARE,
        "<answer>4</answer>",
        "<think></think><answer>4</answer>",
        "<think>So.</think><answer> </answer>",
        "Well. " + STRICT,
        STRICT + " That is all.",
        STRICT + "<answer>4</answer>",
        "<think>So <think>on</think></think><answer>4</answer>",
        "<answer>4</answer><think>So.</think>",
        "<think>So <answer>4</answer></think><answer>4</answer>",
        "<think>So.</think><answer>4",
        "<think>" * 100_000,
    ],
)
def test_anything_else_is_no_format(text):
    assert format_reward(["?"], [text]) == [0]


def test_vision_r1_gives_1_only_where_format_and_result_are_right():
    texts = (STRICT, VISION_R1, SUMMED, WRONG, BARE)
    assert reward(hard_format_result_reward, *texts) == [1, 1, 0, 0, 0]


def test_onevision_adds_format_and_accuracy():
    texts = (STRICT, WRONG, BARE, "I see 4 apples. <answer>5</answer>")
    assert reward(onevision_reward, *texts) == [2, 1, 1, 0]


def test_onevision_does_not_pay_for_several_answers_or_the_option_list():
    several = "<think>So.</think><answer>4</answer><answer>5</answer>"
    assert reward(onevision_reward, several, "<answer>A or B or C</answer>", gold="4") == [0, 0]


def test_openvlthinker_takes_half_from_a_correct_answer_without_a_summary():
    texts = (SUMMED, STRICT, WRONG, WRONG_SUMMED, BARE)
    assert reward(openvlthinker_reward, *texts) == [1, 0.5, 0, 0, 1]


def test_completions_may_be_chats():
    chats = [
        [{"role": "assistant", "content": STRICT}],
        [{"role": "assistant", "content": [{"type": "text", "text": STRICT}]}],
        [{"role": "tool", "content": "4"}, {"role": "assistant", "content": WRONG}],
        [{"role": "assistant", "content": None}],
        [],
    ]
    assert [read_text(chat) for chat in chats] == [STRICT, STRICT, WRONG, "", ""]
    assert accuracy_reward(["?"] * 5, chats, solution=["4"] * 5) == [1, 1, 0, 0, 0]


def test_of_a_chat_the_last_message_of_the_assistant_counts():
    after_tool = [{"role": "assistant", "content": STRICT}, {"role": "tool", "content": "5"}]
    before_user = [*after_tool, {"role": "user", "content": WRONG}]
    assert read_text(after_tool) == read_text(before_user) == STRICT
    assert read_text([{"role": "user", "content": STRICT}]) == ""
    assert read_text([{"content": STRICT}]) == STRICT


def test_one_message_and_parts_of_any_kind_are_read():
    assert read_text({"role": "assistant", "content": STRICT}) == STRICT
    parts = [None, "It is ", 5, {"type": "image"}, {"type": "text", "text": "4."}, {"text": None}]
    assert read_text([{"role": "assistant", "content": parts}]) == "It is 4."


@pytest.mark.parametrize("name", REWARDS)
def test_every_reward_has_a_name_and_can_be_pickled(name):
    assert REWARDS[name].__name__ == f"{name}_reward"
    assert not inspect.iscoroutinefunction(REWARDS[name])
    bound = pickle.loads(pickle.dumps(make_reward(name)))
    extra = {"completion_ids": [[1]], "trainer_state": None, "log_extra": print, "problem_id": [1]}
    assert reward(bound, STRICT, **extra)[0] in (0.5, 1, 2)


def test_an_unknown_reward_is_named_with_those_that_exist():
    with pytest.raises(RecipeError, match="no reward 'iou'; known rewards: "):
        make_reward("iou")


def _check(index: int) -> list[float | None]:
    return reward(accuracy_reward, r"\boxed{(x+1)^2}", gold=r"x^2+2x+1", source=[str(index)])


def test_rewards_are_the_same_in_threads_and_forks():
    assert _check(0) == [1]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(_check, range(8))) == [[1]] * 8
    with multiprocessing.get_context("fork").Pool(2) as forks:
        assert forks.map(_check, range(2)) == [[1], [1]]


@pytest.mark.slow
def test_trls_trainer_takes_the_rewards_with_their_names_and_none():
    torch = pytest.importorskip("torch")
    trl = pytest.importorskip("trl")
    rewards = [make_reward(name) for name in REWARDS]
    names = [trl.trainer.utils.get_callable_name(function) for function in rewards]
    assert names == [f"{name}_reward" for name in REWARDS]
    accelerator = SimpleNamespace(device=torch.device("cpu"), is_main_process=False)
    trainer = SimpleNamespace(
        accelerator=accelerator,
        args=SimpleNamespace(report_to=[]),
        environments=None,
        reward_funcs=rewards,
        reward_func_names=names,
        reward_processing_classes=[None] * len(rewards),
        state=SimpleNamespace(global_step=1),
        _log_completion_extra=None,
        _log_metric=None,
    )
    rows = [
        {"prompt": "?", "solution": gold, "options": None, "unit": None, "source": "toy"}
        for gold in ("4", "4", "")
    ]
    texts = [[{"role": "assistant", "content": text}] for text in (SUMMED, WRONG, STRICT)]
    scored = trl.GRPOTrainer._calculate_rewards(trainer, rows, ["?"] * 3, texts, [[1]] * 3)
    assert scored[:2].tolist() == [[1, 1, 0, 1, 1], [0, 1, 0, 1, 0]]
    assert scored[2].isnan().tolist() == [True, False, True, True, True]
