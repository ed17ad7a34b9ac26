import pyarrow.parquet as pq

from tasks.report.choice import Outcome
from tasks.report.sample import read_sample
from tests.report_tables import (
    make_job,
    make_problem,
    make_rollout,
    make_text,
    write_mixed,
    write_tables,
)


def test_the_sample_mixes_outcomes_and_is_the_same_every_time(tmp_path):
    jobs = [write_mixed(tmp_path, index, 2) for index in range(2)]
    sample = read_sample(jobs)
    counts = {outcome: sum(p.outcome is outcome for p in sample) for outcome in Outcome}
    assert list(counts.values()) == [10, 8, 0, 3, 3]
    assert sample == read_sample(jobs)


def test_a_problem_comes_with_all_that_was_made_of_it(tmp_path):
    problem = make_problem(7, options=["6", "7"], unit="cm")
    rollouts = [make_rollout(problem, i, a, 9 - i) for i, a in enumerate(("7", "7", "6"))]
    (shown,) = read_sample(
        [write_tables(make_job(tmp_path), [problem], [make_text(problem)], rollouts)]
    )
    assert shown.outcome is Outcome.SOLVED
    assert (shown.options, shown.unit) == (("6", "7"), "cm")
    assert shown.formal and shown.formal.text == "It shows 7."
    assert len(shown.images) == shown.num_images == 1
    assert [r.is_selected for r in shown.rollouts] == [False, True, False]
    assert [r.drop_reason for r in shown.rollouts] == ["longer_than_shortest", None, "wrong"]
    assert [r.is_correct for r in shown.rollouts] == [True, True, False]


def test_lost_and_refused_rows_say_why(tmp_path):
    sample = read_sample([write_mixed(tmp_path)])
    lost = next(p for p in sample if p.outcome is Outcome.REJECTED)
    refused = next(p for p in sample if p.outcome is Outcome.REFUSED)
    assert (lost.drop_stage, lost.drop_reason, lost.rollouts) == ("formalize", "no_formal_text", ())
    assert (refused.drop_reason, refused.source_row, refused.question) == ("duplicate", 101, None)


def test_images_that_cannot_be_read_are_left_out(tmp_path):
    broken = {"bytes": b"no image", "path": "x.png"}
    nothing = {"bytes": None, "path": "y.png"}
    problem = make_problem(1, images=[broken, nothing, *make_problem(2)["images"]])
    (shown,) = read_sample([write_tables(make_job(tmp_path), [problem], [make_text(problem)], [])])
    assert (len(shown.images), shown.num_images) == (1, 3)


def test_only_the_row_groups_that_are_needed_are_read(tmp_path, monkeypatch):
    job = write_mixed(tmp_path)
    groups: list[int] = []
    read = pq.ParquetFile.read_row_group

    def count(file, group, columns=None, **options):
        if columns is None and "images" in file.schema_arrow.names:
            groups.append(group)
        return read(file, group, columns=columns, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", count)
    read_sample([job], 1)
    assert len(groups) == 1


def test_an_empty_partition_has_an_empty_sample(tmp_path):
    assert read_sample([write_tables(make_job(tmp_path), [], [], [])]) == []
    assert read_sample([write_mixed(tmp_path / "more")], 0) == []
