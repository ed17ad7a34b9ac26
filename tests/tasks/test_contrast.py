from tasks.contrast import find_contrast
from tests.tasks.tables import (
    make_job,
    make_problem,
    make_rollout,
    make_text,
    make_verdict,
    write_rows,
)


def write_stage_tables(folder, verdicts: dict[tuple[int, int], bool]):
    job = make_job(folder)
    numbers = sorted({number for number, _ in verdicts})
    write_rows(job, "problems", [make_problem(n) for n in numbers])
    write_rows(job, "formal_texts", [make_text(n) for n in numbers])
    rollouts = [make_rollout(*key, reasoning=f"{value}") for key, value in verdicts.items()]
    write_rows(job, "rollouts", rollouts)
    rows = [make_verdict(*key, is_correct=value) for key, value in verdicts.items()]
    write_rows(job, "verdicts", rows)
    return job


def test_the_first_problem_whose_rollouts_disagree_is_shown(tmp_path):
    verdicts = {(1, 0): True, (1, 1): True, (2, 0): False, (2, 1): True, (3, 0): False}
    contrast = find_contrast([write_stage_tables(tmp_path, verdicts)])
    assert contrast.question == "Compute 2 + 1"
    assert contrast.right.startswith("True")
    assert contrast.wrong.startswith("False")


def test_there_may_be_none(tmp_path):
    assert find_contrast([write_stage_tables(tmp_path, {(1, 0): True, (2, 0): False})]) is None
