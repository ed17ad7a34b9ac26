import hashlib

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.errors import ContractError
from schemas.tables import TABLES, VERDICTS
from tasks.shards import (
    MANIFEST,
    complete_table,
    conform,
    find_shard,
    find_table,
    iterate_rows,
    make_fingerprint,
    read_shard,
    rows_to_table,
)
from tests.tasks.tables import make_job, make_problem, make_verdict, write_rows

FACTS = {"identity": {}, "run_id": "r", "code_version": "0"}


def test_a_shard_reads_back_as_it_was_written(tmp_path):
    job = make_job(tmp_path)
    rows = [make_problem(n) for n in range(150)]
    write_rows(job, "problems", rows)
    assert list(iterate_rows(job, "problems", list(rows[0]))) == rows
    assert read_shard(job, "problems", ["source_row"])["source_row"].to_list() == list(range(150))


def test_the_same_rows_give_the_same_bytes(tmp_path):
    digests = set()
    for name in ("a", "b"):
        job = make_job(tmp_path / name)
        write_rows(job, "problems", [make_problem(n) for n in range(70)])
        digests.add(job.folder("problems").sha256(job.file))
    assert len(digests) == 1


def test_a_shard_documents_itself(tmp_path):
    job = make_job(tmp_path)
    write_rows(job, "verdicts", [make_verdict(1, 0)])
    schema = pq.read_schema(tmp_path / f"verdicts/{'f' * 16}/{job.file}")
    assert schema.equals(VERDICTS)
    assert schema.field("is_correct").metadata[b"doc"] == b"null: cannot tell"


def test_images_are_stored_as_they_are_and_the_rest_is_compressed(tmp_path):
    job = make_job(tmp_path)
    write_rows(job, "problems", [make_problem(n) for n in range(65)])
    file = pq.ParquetFile(tmp_path / f"problems/{'f' * 16}/{job.file}")
    group = file.metadata.row_group(0)
    kinds = {
        group.column(i).path_in_schema: group.column(i).compression
        for i in range(group.num_columns)
    }
    assert kinds.pop("images.list.element.bytes") == "UNCOMPRESSED"
    assert set(kinds.values()) == {"ZSTD"}
    assert file.num_row_groups == 2


def test_a_finished_shard_reports_the_same_as_when_it_was_built(tmp_path):
    job = make_job(tmp_path)
    assert find_shard(job, "verdicts") is None
    write_rows(job, "verdicts", [make_verdict(1, 0), make_verdict(1, 1)])
    found = find_shard(job, "verdicts")
    assert (found.rows, found.counts, found.is_reused) == (2, {"ok": 2}, True)


@pytest.mark.parametrize("damage", ["truncated", "empty", "html", "other contract"])
def test_a_damaged_shard_is_not_finished(tmp_path, damage):
    job = make_job(tmp_path)
    write_rows(job, "verdicts", [make_verdict(1, 0)])
    file = tmp_path / f"verdicts/{'f' * 16}/{job.file}"
    if damage == "other contract":
        pq.write_table(pa.table({"problem_id": ["x"]}), file)
    else:
        data = {"truncated": file.read_bytes()[:-9], "empty": b"", "html": b"<html>"}
        file.write_bytes(data[damage])
    assert find_shard(job, "verdicts") is None


def test_a_table_is_complete_with_its_manifest_and_all_its_shards(tmp_path):
    jobs = [make_job(tmp_path, index, 2) for index in range(2)]
    for job in jobs:
        write_rows(job, "verdicts", [make_verdict(job.index, 0)])
        assert find_table(jobs, "verdicts") is None
    complete_table(jobs, "verdicts", FACTS)
    assert [report.rows for report in find_table(jobs, "verdicts")] == [1, 1]
    jobs[1].folder("verdicts").remove(jobs[1].file)
    assert find_table(jobs, "verdicts") is None


def test_the_manifest_holds_the_hash_of_every_shard(tmp_path):
    job = make_job(tmp_path)
    write_rows(job, "verdicts", [make_verdict(1, 0)])
    complete_table([job], "verdicts", FACTS)
    data = job.folder("verdicts").read(job.file)
    assert hashlib.sha256(data).hexdigest() in job.folder("verdicts").read(MANIFEST).decode()


def test_conform_names_what_is_missing_and_extra():
    frame = pl.DataFrame({"problem_id": ["x"], "colour": ["red"]})
    with pytest.raises(ContractError, match=r"missing=\['answer', .*extra=\['colour'\]"):
        conform(frame, VERDICTS)


def test_conform_casts_types_and_puts_columns_in_order():
    row = make_verdict(1, 0)
    frame = pl.DataFrame({name: [row[name]] for name in reversed(VERDICTS.names)})
    assert conform(frame, VERDICTS).schema.equals(VERDICTS)


def test_a_null_where_the_contract_forbids_it_raises():
    with pytest.raises(ContractError, match="column 'rule' holds 1 nulls"):
        rows_to_table([make_verdict(1, 0, rule=None)], VERDICTS)


@pytest.mark.parametrize("table", TABLES)
def test_an_empty_shard_is_a_shard(tmp_path, table):
    job = make_job(tmp_path)
    write_rows(job, table, [])
    assert find_shard(job, table).rows == 0
    assert read_shard(job, table).columns == TABLES[table].names


def test_the_fingerprint_follows_from_the_content_alone():
    assert make_fingerprint({"a": 1, "b": [2]}) == make_fingerprint({"b": [2], "a": 1})
    assert make_fingerprint({"a": 1}) != make_fingerprint({"a": 2})
