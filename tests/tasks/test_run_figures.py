from typing import Any

from schemas.figures import ModelFigures, RunFigures
from tasks.run_figures import FILE, MAX_RUNS, add_models, read_runs, write_run
from tasks.storage import Folder


def make_model(**changes: Any) -> ModelFigures:
    counts = [name for name, field in ModelFigures.model_fields.items() if field.annotation is int]
    values: dict[str, Any] = dict.fromkeys(counts, 1)
    values |= {"role": "llm", "model": "m", "stage": "reason", "fingerprint": "f", "retries": {}}
    values |= {"busy_seconds": 2.0, "slot_seconds": 8.0, "full_seconds": 1.0, "cost_usd": None}
    return ModelFigures(**(values | changes))


def make_run(run_id: str, **changes: Any) -> RunFigures:
    began = "2026-11-20T00:00:00+00:00"
    return RunFigures(run_id=run_id, began=began, models=(make_model(**changes),))


def test_a_run_takes_the_place_of_what_was_written_of_it_before(tmp_path):
    folder = Folder(str(tmp_path))
    for run in (make_run("a"), make_run("b", num_requests=5), make_run("b", num_requests=9)):
        write_run(folder, run)
    assert [(run.run_id, run.models[0].num_requests) for run in read_runs(folder)] == [
        ("a", 1),
        ("b", 9),
    ]


def test_a_run_that_asked_nothing_writes_nothing(tmp_path):
    folder = Folder(str(tmp_path))
    write_run(folder, make_run("a", num_requests=0, num_replies=0, num_reused=400))
    assert not folder.exists(FILE)


def test_the_earliest_runs_are_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr("tasks.run_figures.MAX_RUNS", 3)
    folder = Folder(str(tmp_path))
    for number in range(5):
        write_run(folder, make_run(f"run-{number}"))
    assert [run.run_id for run in read_runs(folder)] == ["run-2", "run-3", "run-4"]
    assert MAX_RUNS >= 100


def test_a_broken_file_is_no_runs(tmp_path):
    (tmp_path / FILE).write_text('{"runs": [{"run_id": 1}')
    assert read_runs(Folder(str(tmp_path))) == ()


def test_runs_add_up_by_table():
    runs = [
        make_run("a", retries={"503": 2}, cost_usd=0.5, max_limit=64),
        make_run("b", retries={"503": 1, "reset": 4}, cost_usd=0.25, max_limit=128),
        make_run("c", fingerprint="of another recipe"),
    ]
    (added,) = add_models(runs, {"f"})
    assert (added.num_requests, added.busy_seconds, added.max_limit) == (2, 4.0, 128)
    assert (added.retries, added.cost_usd) == ({"reset": 4, "503": 3}, 0.75)
    assert len(add_models(runs)) == 2
