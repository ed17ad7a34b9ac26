import io
import json
import re
import subprocess
import sys
from itertools import count

import psutil
import pytest

from flows.cli import main
from tasks.answer_line import MAX_LINE_BYTES
from tasks.answers import Policy
from tasks.graded_lines import BATCH_LINES, grade_batches, read_batches
from tasks.worker_processes import ITEMS_AHEAD
from tests.flows.conftest import run_command, start_command

POLICY = Policy()
ROWS = [
    {"gold": "1/2", "prediction": "So it is 0.5."},
    {"gold": "B", "prediction": "The answer is 5 cm.", "options": ["3 cm", "5 cm"], "id": 7},
    {"gold": "5 cm", "prediction": "5 m"},
    {"gold": "x^2+2x+1", "prediction": "\\boxed{(x+1)^2}"},
    {"gold": "5", "prediction": "\\boxed{\\int_0^1 5 dx}"},
    {"gold": "a \\oplus b", "prediction": "b \\oplus a"},
]
VERDICTS = ["correct", "correct", "incorrect", "correct", "correct", "cannot_tell"]
FAULTS = {
    "{not JSON": "not_json",
    '{"gold": "1", "prediction": "\\ud800}': "not_json",
    "[" * 5_000: "not_json",
    "[1, 2]": "not_an_object",
    "{}": "no_gold",
    '{"gold": null, "prediction": "1"}': "no_gold",
    '{"gold": " ", "prediction": "1"}': "empty_gold",
    '{"gold": "1"}': "no_prediction",
    '{"gold": "1", "prediction": ["1"]}': "prediction_is_no_text",
    '{"gold": {"a": 1}, "prediction": "1"}': "gold_is_no_text",
    '{"gold": "F", "prediction": "1", "options": ["1", "2"]}': "gold_is_no_option",
    '{"gold": "1", "prediction": "1", "options": "12"}': "options_are_no_texts",
    '{"gold": "1", "prediction": "1", "unit": 5.5}': "unit_is_no_text",
    '{"gold": "1", "prediction": "1", "type": "number"}': "unknown_type",
    '{"gold": "1", "prediction": "1", "type": ["integer"]}': "unknown_type",
}


def grade(data: bytes | str, policy: Policy = POLICY, num_workers: int = 1):
    stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
    graded = list(grade_batches(read_batches(stream), policy, num_workers=num_workers))
    return [json.loads(line) for batch in graded for line in batch.data.splitlines()]


def write_file(folder, lines):
    file = folder / "predictions.jsonl"
    file.write_text("".join(line + "\n" for line in lines))
    return file


def test_the_same_lines_come_back_with_their_verdicts(tmp_path, capfdbinary):
    file = write_file(tmp_path, map(json.dumps, ROWS))
    assert main(["grade", str(file)]) == 0
    out, err = capfdbinary.readouterr()
    graded = [json.loads(line) for line in out.splitlines()]
    assert [row["verdict"] for row in graded] == VERDICTS
    for row, line in zip(ROWS, graded, strict=True):
        assert list(line) == [*row, "verdict", "rule", "answer", "policy"]
        assert line | row == line
    assert b"66.7%" in err
    assert b"could not be read" not in err


def test_what_was_in_a_line_stays_as_it_was_written():
    text = '{"id" : 1.0,  "score":1e3, "gold":12345678901234567890123, "prediction": "\\u00e9 1"}'
    (graded,) = grade_batches(read_batches(io.BytesIO(text.encode())), POLICY)
    assert graded.data.startswith(text[:-1].encode() + b',"verdict"')


def test_numbers_are_compared_as_they_are_written():
    rows = grade('{"gold": 12345678901234567890123, "prediction": 12345678901234567890124}')
    assert rows[0]["verdict"] == "incorrect"
    rows = grade('{"gold": 0.30, "prediction": 0.3}\n{"gold": true, "prediction": "Yes."}')
    assert [row["verdict"] for row in rows] == ["correct", "correct"]


@pytest.mark.parametrize(("line", "rule"), FAULTS.items())
def test_a_line_that_cannot_be_graded_is_a_row_that_says_why(line, rule):
    rows = grade(f'{{"gold": "1", "prediction": "1"}}\n{line}\n{{"gold": "1", "prediction": "2"}}')
    assert [row["verdict"] for row in rows] == ["correct", "cannot_tell", "incorrect"]
    assert (rows[1]["rule"], rows[1]["answer"]) == (rule, None)


def test_a_line_that_is_too_long_is_a_row_and_blank_lines_are_none():
    good = '{"gold": "1", "prediction": "1"}'
    long = json.dumps({"gold": "1", "prediction": "1" * MAX_LINE_BYTES})
    rows = grade(f"\ufeff{good}\n\n  \n{long}\n{good}")
    assert [row["rule"] for row in rows] == ["exact", "line_too_long", "exact"]


def test_a_longest_line_is_still_read():
    line = json.dumps({"gold": "1", "prediction": "x"})
    line = line[:-2] + "x" * (MAX_LINE_BYTES - len(line)) + '"}'
    assert [row["rule"] for row in grade(f"{line}\n{line}")] == ["numeric"] * 2


def test_order_is_kept_over_processes_and_the_same_bytes_come_out():
    numbers = range(BATCH_LINES * 3 + 5)
    rows = [{"id": n, "gold": str(n), "prediction": f"It is {n - n % 2}"} for n in numbers]
    lines = list(map(json.dumps, rows))
    lines[1500] = "{broken"
    alone, together = (grade("\n".join(lines), num_workers=number) for number in (1, 3))
    assert alone == together
    ids = [row.get("id") for row in together]
    assert ids == [number if number != 1500 else None for number in numbers]


@pytest.mark.parametrize("num_workers", [1, 2])
def test_no_more_is_read_ahead_than_the_workers_need(num_workers):
    drawn = count()
    batches = ([b'{"gold": "5", "prediction": "%d"}' % number] for number in drawn)
    graded = grade_batches(batches, POLICY, num_workers=num_workers)
    assert [next(graded).data.count(b'"correct"') for _ in range(8)] == [0] * 5 + [1] + [0] * 2
    assert next(drawn) <= 8 + num_workers * ITEMS_AHEAD
    graded.close()


def test_lines_that_were_graded_already_get_their_new_verdict(tmp_path, capfdbinary):
    row = {"gold": "3.14", "prediction": "3.1", "verdict": "old", "rule": "old", "n": 10**30}
    file = write_file(tmp_path, [json.dumps(row)])
    assert main(["grade", str(file), "--tolerance", "0.05", "--json"]) == 0
    out, err = capfdbinary.readouterr()
    graded, summary = json.loads(out), json.loads(err)
    assert (graded["verdict"], graded["rule"], graded["n"]) == ("correct", "numeric", 10**30)
    assert graded["policy"] == summary["policy"] == "tolerance 0.05 relative; units lenient"
    assert summary["rules"] == {"numeric": {"correct": 1, "incorrect": 0, "cannot_tell": 0}}
    assert (summary["lines"], summary["correct"], summary["faulty"]) == (1, 1, 0)


def test_a_line_that_is_graded_again_keeps_every_digit_and_every_other_byte():
    kept = r'"f":0.12345678901234567890 , "g" : 1.10,"n":1e300,"s":"\u00e9 \"verdict\"", "l":[ 1]'
    line = f'{{ "verdict" : {{"a": [1, "}}"]}}, {kept} , "rule":"old", "gold":2, "prediction":"2"}}'
    first = grade_bytes(line)
    assert first.startswith(b"{" + re.sub(r" ?, ?", ",", kept).encode() + b',"gold":2,"prediction"')
    assert grade_bytes(first) == first
    assert json.loads(grade_bytes('{"gold":"","verdict":1}'))["rule"] == "empty_gold"


def grade_bytes(line: str | bytes) -> bytes:
    stream = io.BytesIO(line.encode() if isinstance(line, str) else line)
    return b"".join(batch.data for batch in grade_batches(read_batches(stream), POLICY))


def test_half_of_a_surrogate_pair_is_graded_and_written_like_any_text():
    rows = [{"gold": "5", "prediction": "\ud800 5"}, {"gold": "\udfff", "prediction": "\udfff"}]
    graded = grade("\n".join(map(json.dumps, rows)))
    assert [row["prediction"] for row in graded] == ["\ud800 5", "\udfff"]
    assert graded[0]["verdict"] == "correct"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("FILE > /dev/full", "to its end: No space left on device"),
        ("FILE >&-", "cannot write the graded lines: standard output is closed"),
        ("- <&-", "cannot read '-': standard input is closed"),
    ],
)
def test_a_stream_that_is_full_or_closed_is_one_sentence(command, words, tmp_path):
    file = write_file(tmp_path, map(json.dumps, ROWS[:3]))
    line = f"{sys.executable} -m flows.cli grade {command.replace('FILE', str(file))}"
    ended = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert ended.stderr.startswith("error: ")
    assert words in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr


def test_faulty_lines_are_counted_on_stderr(tmp_path, capfd):
    file = write_file(tmp_path, [*FAULTS, json.dumps(ROWS[0])])
    assert main(["grade", str(file), "--set", "units=strict"]) == 0
    err = capfd.readouterr().err
    assert f"{len(FAULTS)} lines could not be read; their rule says why" in " ".join(err.split())
    assert "units strict" in err


def test_the_type_and_the_unit_of_a_gold_answer_may_be_given():
    row = {"gold": "May", "prediction": "may"}
    typed = [row | {"type": "text"}, {"gold": "5", "prediction": "5 m", "unit": "cm"}]
    rows = grade("\n".join(map(json.dumps, typed)))
    assert [row["verdict"] for row in rows] == ["correct", "incorrect"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.jsonl"], "cannot read 'nowhere.jsonl': No such file or directory"),
        (["/"], "cannot read '/': Is a directory"),
        (["-", "--tolerance", "5%"], "key 'relative_tolerance' is '5%'"),
        (["-", "--set", "tolerance=1"], "unknown key 'tolerance'; known keys there: relative_tol"),
        (["-", "--set", "units=metric"], "key 'units' is 'metric': Input should be 'lenient'"),
    ],
)
def test_wrong_usage_is_one_sentence(arguments, words, capsys):
    assert main(["grade", *arguments]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err


def test_lines_come_from_stdin_too():
    process = start_grade("-", "--json")
    out, err = process.communicate("\n".join(map(json.dumps, ROWS)), timeout=120)
    assert [json.loads(line)["verdict"] for line in out.splitlines()] == VERDICTS
    assert json.loads(err)["lines"] == len(ROWS)


def start_grade(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "grade", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_reader_that_leaves_is_no_traceback(tmp_path):
    line = json.dumps({"gold": "1", "prediction": "1", "padding": "x" * 1_000})
    file = write_file(tmp_path, [line] * 5_000)
    process = start_command(["grade", str(file)])
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    assert process.wait(timeout=120) == 1
    assert err == ""


def test_the_help_says_what_a_line_holds():
    ended = run_command(["grade", "--help"])
    assert ended.code == 0
    assert '"prediction": "So it is 0.5."' in " ".join(ended.out.split())


def test_a_worker_that_dies_is_one_sentence(tmp_path):
    file = write_file(tmp_path, [json.dumps(ROWS[3])] * 200_000)
    process = start_command(["grade", str(file), "--workers", "2"])
    assert process.stdout is not None
    process.stdout.readline()
    workers = [
        child
        for child in psutil.Process(process.pid).children()
        if "spawn_main" in " ".join(child.cmdline())
    ]
    workers[0].kill()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert err.startswith("error: a worker process was killed")
    assert "Traceback" not in err
