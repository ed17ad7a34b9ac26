"""What models were asked, in the report; and the tokens behind the tables, for the card."""

from tasks.report.facts import ReportFacts
from tasks.report.page import write_report
from tasks.report.tokens import count_tokens
from tests.report_pages import Page
from tests.report_tables import make_job, make_problem, make_rollout, make_text, write_tables

HOSTILE = "<script>alert(1)</script>"


def write(spending):
    facts = ReportFacts(spending=spending)
    return write_report(title="toy", funnel=[], identity={}, facts=facts, sample=[])


def test_what_models_were_asked_is_a_column_each():
    page = write(
        [
            {"stage": "formalize", "retries": "503 x2"},
            {"stage": "reason", "retries": HOSTILE, "saved by that": "about 9 tokens"},
        ]
    )
    assert HOSTILE not in page
    assert '<th scope="col">formalize</th><th scope="col">reason</th>' in page
    assert '<th scope="row">saved by that</th><td></td><td>about 9 tokens</td>' in page
    assert {"retries", "503 x2"} <= set(Page(page).texts)


def test_without_figures_there_is_no_section():
    assert "Requests and tokens" not in write([])


def test_tokens_of_finished_replies_add_up_and_stopped_ones_are_left_out(tmp_path):
    jobs = []
    for index in range(2):
        problem = make_problem(index)
        text = make_text(problem, prompt_tokens=700, completion_tokens=40)
        whole = make_rollout(problem, 0, "7", 12, prompt_tokens=100)
        stopped = make_rollout(
            problem, 1, "", None, status="outrun", prompt_tokens=None, answer_text=None
        )
        job = make_job(tmp_path, index, 2)
        jobs.append(write_tables(job, [problem], [text], [whole, stopped]))
    assert count_tokens(jobs) == {
        "vlm": {"rows": 2, "prompt_tokens": 1_400, "completion_tokens": 80},
        "llm": {"rows": 2, "prompt_tokens": 200, "completion_tokens": 24},
    }
