import pytest

from prompts import load_prompt
from schemas.recipe import ReasonParams
from schemas.records import Reply, Status
from tasks.reason import SEED_STRIDE, make_requests, make_rollout, make_seed

PROBLEM = {"problem_id": "ab" * 16, "question": "How many?", "options": ["1", "2"], "text": "a,b"}
PARAMS = ReasonParams(num_rollouts=3)


def test_each_rollout_is_a_request_with_its_own_seed():
    requests = make_requests(PROBLEM, load_prompt("reason.plain"), PARAMS)
    assert [request.sample_index for request in requests] == [0, 1, 2]
    base = make_seed("ab" * 16, 0)
    assert [request.seed for request in requests] == [base, base + 1, base + 2]
    assert len({request.messages for request in requests}) == 1


@pytest.mark.parametrize("problem_id", ["0" * 32, "f" * 32, "ab" * 16])
def test_seeds_of_a_problem_lie_in_its_own_stride(problem_id):
    base = make_seed(problem_id, 0)
    assert base % SEED_STRIDE == 0
    assert 0 <= base < base + SEED_STRIDE - 1 < 2**31


def test_the_prompt_holds_the_text_the_question_and_the_options_but_no_gold():
    (message,) = make_requests(PROBLEM, load_prompt("reason.plain"), PARAMS)[0].messages
    for part in ("a,b", "How many?", "(A) 1\n(B) 2"):
        assert part in message.text


@pytest.mark.parametrize(
    ("reply", "reasoning", "answer_text"),
    [
        ({"text": "<think>so</think>3"}, "so", "3"),
        ({"text": "so</think>\n3"}, "so", "3"),
        ({"text": "3", "reasoning": "so"}, "so", "3"),
        ({"text": "just 3"}, None, "just 3"),
        ({"text": None, "reasoning": "so"}, "so", ""),
        ({"text": "<think>never ends"}, "never ends", ""),
    ],
)
def test_thoughts_are_split_wherever_the_server_puts_them(reply, reasoning, answer_text):
    row = make_rollout("p", 0, Reply(status=Status.OK, **reply), "m")
    assert row["reasoning"] == reasoning
    assert row["answer_text"].strip() == answer_text


def test_a_failed_request_is_a_row_with_its_fault():
    row = make_rollout("p", 0, Reply(status=Status.REJECTED, error="400: too long"), "m")
    assert (row["status"], row["error"], row["answer_text"]) == ("rejected", "400: too long", None)
