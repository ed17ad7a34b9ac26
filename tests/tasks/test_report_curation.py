"""What curation made, counted: reflections, lengths, edits, splits and benchmarks."""

from schemas.tables import TABLES
from tasks.report.curation import (
    CurationCounts,
    add_curation,
    count_curation,
    describe_curation,
    summarize_counted,
)
from tasks.report.formats import FormatCounts
from tasks.report.summaries import add_summaries, list_summaries
from tasks.shards import read_shard, rows_to_table, write_shard
from tests.report_tables import make_screen, write_mixed
from tests.tasks.tables import make_job, make_problem


def fill(table, values):
    """Make a row of a table; what is not given is null."""
    return {name: values.get(name) for name in TABLES[table].names}


def make_sft(number, thought, **changes):
    row = make_problem(number)
    completion = f"<think>\n{thought}\n</think>\n\n<answer>7</answer>"
    made = {
        "prompt": [{"role": "user", "content": "Why?"}],
        "completion": [{"role": "assistant", "content": completion}],
        "rollout_index": 0,
        "completion_tokens": 10 * number,
        "pass_rate": 1.0,
        "is_censored": False,
        "num_rollouts": 4,
        "producer": "toy-llm",
        "formalizer": "toy-vlm",
        "gold_shown": False,
        "edits": [],
    }
    return fill("sft", row | made | changes)


def make_grpo(number, difficulty):
    row = make_problem(number)
    made = {
        "prompt": [{"role": "user", "content": "Why?"}],
        "solution": "7",
        "pass_rate": 0.5,
        "is_censored": difficulty is None,
        "num_rollouts": 4,
        "difficulty": difficulty,
    }
    return fill("grpo", row | made)


def write_rows(folder, index=0, num_shards=1):
    job = make_job(folder, index, num_shards)
    problems = [make_problem(n, image_size=[[280, 280]]) for n in range(1, 4)]
    found = {"drop_reason": "contaminated", "detail": "it is", "benchmark": "toy-bench"}
    tables = {
        "problems": problems,
        "screens": [
            make_screen(problems[0]),
            make_screen(problems[1], **found, match="image"),
            make_screen(problems[2], **found, match="ngram"),
        ],
        "sft": [
            make_sft(1, "Wait, let me check. Wait."),
            make_sft(2, "It is so.", edits=["- a\n+ b"]),
            make_sft(3, "one two three four", completion_tokens=None),
        ],
        "grpo": [make_grpo(4, "hard"), make_grpo(5, None), make_grpo(6, "hard")],
        "test": [],
    }
    for name, rows in tables.items():
        write_shard(job, name, rows_to_table(rows, TABLES[name]), {})
    return job


def test_training_rows_are_counted_over_shards(tmp_path):
    counts = count_curation([write_rows(tmp_path, index, 2) for index in range(2)])
    assert (counts.num_rows, counts.num_edited) == (6, 2)
    assert counts.markers["Wait"] == (4, 2)
    assert counts.markers["Check"] == (2, 2)
    assert counts.lengths["completion_tokens"] == {10: 2, 20: 2}
    assert counts.lengths["reasoning_words"] == {5: 2, 3: 2, 4: 2}
    assert counts.lengths["image_tokens"] == {102: 6}
    assert counts.difficulties == {"grpo": {"hard": 4, "unknown": 2}}
    assert counts.contaminated == {"toy-bench": {"image": 2, "ngram": 2}}
    assert [edits for _, edits in counts.edited] == [("- a\n+ b",)] * 2


def test_lengths_are_summed_up_by_values_that_occur():
    assert summarize_counted({10: 3, 20: 1}) == {
        "num_rows": 4, "mean": 12.5, "p5": 10, "p25": 10, "p50": 10, "p75": 10, "p95": 20,
        "p99": 20, "max": 20,
    }  # fmt: skip


def test_an_empty_partition_has_nothing_to_say():
    nothing = describe_curation(CurationCounts())
    assert list_summaries({}, nothing) == []
    assert add_summaries([]) == []
    assert add_summaries([{"funnel": []}]) == []


def test_tables_say_what_was_counted_and_add_up_over_partitions(tmp_path):
    curation = describe_curation(count_curation([write_rows(tmp_path)]))
    formats = {"csv": FormatCounts(num_texts=8, num_valid_first=6, num_valid=8, repaired={"1": 2})}
    tables = {table.title: table for table in list_summaries(formats, curation)}
    assert tables["Formal text"].rows == (("csv", "8", "75%", "100%", "2 in 1 round", "-", ""),)
    wait = tables["Reflection markers"].rows[0]
    assert wait == ("Wait", "2", "666.7", "2,928.6", "33%")
    assert tables["Splits"].rows[0][2:] == ("-",) * 4
    assert "Rows of grpo and test alone are graded" in tables["Splits"].caption
    assert "(other split)" in tables["Splits"].caption
    assert tables["Splits"].rows[1] == ("grpo", "3", "0", "0", "2", "1")
    assert tables["Contamination"].rows == (("toy-bench", "2", "1", "0", "1"),)
    assert all(len(row) == len(t.head) for t in tables.values() for row in t.rows)
    facts = {"formats": {"csv": {"num_texts": 8}}, "curation": curation}
    added = {table.title: table for table in add_summaries([facts, {"funnel": []}, facts])}
    assert added["Formal text"].rows[0][1] == "16"
    assert added["Reflection markers"].rows[0][1] == "4"
    assert added["Lengths"] == tables["Lengths"]


def test_the_stages_own_tables_can_be_counted(tmp_path):
    job = write_mixed(tmp_path)
    counts = count_curation([job])
    assert counts.num_rows == len(read_shard(job, "sft")) == 60
    assert sum(counts.difficulties["grpo"].values()) == 20
    assert sum(counts.lengths["reasoning_words"].values()) == 60
    assert not counts.contaminated
    assert add_curation([describe_curation(counts)] * 2)["num_rows"] == 120
