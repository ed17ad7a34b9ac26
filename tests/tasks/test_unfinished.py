import asyncio

from schemas.tables import TABLES
from tasks.shards import complete_table, find_shard, find_table, read_shard, rows_to_table
from tasks.shards import write_shard as write_table
from tasks.unfinished import (
    count_unfinished,
    forget_unfinished,
    note_unfinished,
    watch_unfinished,
)
from tests.tasks import tables

FACTS = {"identity": {}, "run_id": "none", "code_version": "0"}


def write(job, table: str, rows: list) -> None:
    write_table(job, table, rows_to_table(rows, TABLES[table]), {"ok": len(rows)})


def test_outside_of_a_shard_nothing_is_counted():
    note_unfinished()
    assert count_unfinished() == 0


def test_tasks_and_threads_of_a_shard_count_for_it_and_for_no_other():
    async def make(times: int) -> int:
        with watch_unfinished():
            async with asyncio.TaskGroup() as group:
                for _ in range(times):
                    group.create_task(asyncio.to_thread(note_unfinished))
            return count_unfinished()

    async def make_all() -> list[int]:
        return await asyncio.gather(make(0), make(2), make(5))

    assert asyncio.run(make_all()) == [0, 2, 5]


def test_a_shard_that_is_tried_again_begins_anew():
    with watch_unfinished():
        note_unfinished(3)
        forget_unfinished()
        assert count_unfinished() == 0


def test_a_shard_that_lacks_something_is_not_found_and_its_table_is_not_complete(tmp_path):
    job = tables.make_job(tmp_path)
    with watch_unfinished():
        note_unfinished(2)
        write(job, "rollouts", [tables.make_rollout(1, 0)])
    complete_table([job], "rollouts", FACTS)
    assert find_shard(job, "rollouts") is None
    assert find_table([job], "rollouts") is None
    found = find_shard(job, "rollouts", is_unfinished_fine=True)
    assert found is not None
    assert (found.rows, found.num_unfinished) == (1, 2)


def test_what_is_made_from_it_lacks_it_too_until_both_are_made_anew(tmp_path):
    job = tables.make_job(tmp_path)
    with watch_unfinished():
        note_unfinished()
        write(job, "rollouts", [tables.make_rollout(1, 0)])
    for is_found in (False, True):
        with watch_unfinished():
            read_shard(job, "rollouts", ["problem_id"])
            write(job, "verdicts", [tables.make_verdict(1, 0)])
        assert (find_shard(job, "verdicts") is not None) is is_found
        write(job, "rollouts", [tables.make_rollout(1, 0)])


def test_a_finished_shard_has_the_same_bytes_as_one_that_was_never_watched(tmp_path):
    job = tables.make_job(tmp_path)
    write(job, "rollouts", [tables.make_rollout(1, 0)])
    plain = job.folder("rollouts").read(job.file)
    with watch_unfinished():
        write(job, "rollouts", [tables.make_rollout(1, 0)])
    assert job.folder("rollouts").read(job.file) == plain
