import jinja2
import pytest

from prompts import load_prompt, render_options
from prompts.loader import list_prompts
from schemas.errors import RecipeError

VARIABLES = {
    "reasoning": "It shows 3.",
    "formal_text": "a,b\n1,2",
    "question": "How many?",
    "options": "(A) 1\n(B) 2",
    "gold_answer": "2",
    "unit": "",
    "answer_text": "So there are 2.",
    "mark": "0123456789ab",
    "pseudo_cot": "There are two.",
    "lines": "1 2 3 4: cat",
    "format": "csv",
    "problems": "- Line 2: This row has 1 cell.",
    "table": "a,b",
    "objects": "1 2 3 4: cat",
}


@pytest.mark.parametrize("name", list_prompts())
def test_every_prompt_renders(name):
    for message in load_prompt(name).render(**VARIABLES):
        assert message.text.strip()


def test_a_missing_variable_raises():
    with pytest.raises(jinja2.UndefinedError, match="'formal_text' is undefined"):
        load_prompt("reason.plain").render(question="q", options="")


def test_values_are_inserted_once_and_never_rendered():
    hostile = r"{{ question }} {% raw %} \boxed{} {0} <b>"
    (message,) = load_prompt("reason.plain").render(
        formal_text=hostile, question="secret", options=""
    )
    assert hostile in message.text
    assert message.text.count("secret") == 1


def test_options_are_left_out_where_there_are_none():
    (message,) = load_prompt("reason.plain").render(formal_text="t", question="q", options="")
    assert "Options" not in message.text
    assert "letter" not in message.text


def test_an_unknown_prompt_names_the_known_ones():
    with pytest.raises(RecipeError, match=r"no prompt 'reson'; known prompts: \["):
        load_prompt("reson")


def test_options_get_letters_and_past_z_numbers():
    lines = render_options([str(i) for i in range(27)]).splitlines()
    assert lines[0] == "(A) 0"
    assert lines[25:] == ["(Z) 25", "(27) 26"]
    assert render_options(None) == ""
