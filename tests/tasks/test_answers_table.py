"""The table that users read is what the code does."""

import ast
import re
from pathlib import Path

import pytest

from tasks.answers import Policy, check_answer, type_gold

README = Path(__file__).parents[2] / "tasks/answers/README.md"
VERDICTS = {"yes": True, "no": False, "open": None}
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in README.read_text(encoding="utf-8").splitlines()
    if line.startswith("| `")
]


def test_the_table_is_all_read():
    assert len(ROWS) >= 100 and all(len(row) == 4 for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1]} {row[3]}")
def test_a_row_of_the_table_is_what_the_code_does(row):
    gold, text, verdict, why = row
    answer, *rest = gold.strip("`").split(" ; ")
    unit = next((part.removeprefix("unit: ") for part in rest if part.startswith("unit: ")), None)
    options = [part for part in rest if not part.startswith("unit: ")]
    policy = Policy(**read_policy(why)) if re.match(r"`\w+=", why) else Policy()
    checked = check_answer(type_gold(answer, options, unit), text.strip("`"), policy)
    assert checked.is_correct is VERDICTS[verdict]


def read_policy(text: str) -> dict:
    call = ast.parse(f"f({text.strip('`')})", mode="eval").body
    return {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
