"""Formal texts by format: counts that add up over shards and partitions."""

import pytest

from schemas.tables import TABLES
from tasks.report.formats import (
    FormatCounts,
    add_formats,
    count_formats,
    write_coverage,
    write_repaired,
    write_routes,
)
from tasks.shards import rows_to_table, write_shard
from tests.tasks.tables import make_job, make_text

BROKEN = {"text": "a,b\n1", "problems": ["- Line 2: This row has 1 cell."]}


def write_texts(folder, index=0, num_shards=1):
    """Write five csv texts (of which three valid, one after two rounds), a caption and none."""
    job = make_job(folder, index, num_shards)
    table = {"format": "csv", "routed_by": "domain"}
    rows = [
        make_text(1, **table, is_valid=True, ocr_coverage=0.5),
        make_text(2, **table, is_valid=True, ocr_coverage=1.0),
        make_text(3, **table, is_valid=True, rounds=[BROKEN, BROKEN], gold_shown=True),
        make_text(4, **table, is_valid=False, problems=["- Line 1: no."], rounds=[BROKEN]),
        make_text(5, **table | {"routed_by": "classifier"}, is_valid=False, problems=["no"]),
        make_text(6, is_valid=True),
        make_text(7, text=None, is_valid=None, status="server_error"),
        make_text(8, format="none", text="", is_valid=None),
    ]
    write_shard(job, "formal_texts", rows_to_table(rows, TABLES["formal_texts"]), {})
    return job


def test_texts_are_counted_by_format_over_shards(tmp_path):
    formats = count_formats([write_texts(tmp_path, index, 2) for index in range(2)])
    assert list(formats) == ["csv", "caption"]
    assert formats["csv"] == FormatCounts(
        num_texts=10,
        num_valid_first=4,
        num_valid=6,
        repaired={"2": 2},
        routes={"classifier": 2, "domain": 8},
        num_read=4,
        coverage=30_000,
        num_gold_shown=2,
    )
    assert (formats["caption"].num_texts, formats["caption"].num_missing) == (2, 2)


def test_counts_are_said_in_words(tmp_path):
    csv = count_formats([write_texts(tmp_path)])["csv"]
    assert write_repaired(csv) == "1 in 2 rounds"
    assert write_coverage(csv) == "75%"
    assert write_routes(csv) == "domain 4, classifier 1"
    assert write_coverage(FormatCounts()) == "-"


def test_partitions_add_up(tmp_path):
    one = count_formats([write_texts(tmp_path)])
    assert add_formats([one, one])["csv"] == count_formats([write_texts(tmp_path)] * 2)["csv"]
    assert add_formats([]) == {}


def test_a_partition_without_texts_has_no_formats(tmp_path):
    job = make_job(tmp_path)
    write_shard(job, "formal_texts", rows_to_table([], TABLES["formal_texts"]), {})
    assert count_formats([job]) == {}


@pytest.mark.parametrize("coverage", [0.0, 0.3333, 1.0])
def test_coverage_keeps_what_is_nearly_all_or_nothing_apart(coverage):
    told = write_coverage(FormatCounts(num_read=3, coverage=round(30_000 * coverage)))
    assert told == {0.0: "0%", 0.3333: "33%", 1.0: "100%"}[coverage]
