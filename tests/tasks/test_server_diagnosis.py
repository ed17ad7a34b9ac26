"""Why a server died: one sentence each, from what vLLM and the libraries below it print."""

import time

import pytest

from tasks.server.diagnosis import MAX_LINE_CHARS, diagnose
from tasks.server.logs import TAIL_BYTES, read_last_line, read_tail
from tasks.server.signs import Cause

WORKER = "(Worker pid=19172) ERROR 11-21 10:37:27 [multiproc_executor.py:1063] "
ENGINE_FAILED = (
    "RuntimeError: Engine core initialization failed. See root cause above."
    " Failed core proc(s): {'EngineCore': 1}"
)

LAST_WORDS = [
    (Cause.PORT, "OSError: [Errno 98] Address already in use"),
    (Cause.FLAG, "vllm: error: unrecognized arguments: --no-such-flag 3"),
    (Cause.FLAG, "vllm serve: error: argument --max-num-seqs: invalid int value: 'many'"),
    (Cause.GATED, "OSError: You are trying to access a gated repo."),
    (
        Cause.GATED,
        "huggingface_hub.errors.GatedRepoError: 401 Client Error. Access to model org/model is"
        " restricted.",
    ),
    (
        Cause.NO_MODEL,
        "OSError: org/model is not a local folder and is not a valid model identifier listed on"
        " 'https://huggingface.co/models'",
    ),
    (
        Cause.NO_MODEL,
        "huggingface_hub.errors.HFValidationError: Repo id must be in the form 'repo_name' or"
        " 'namespace/repo_name': '/nowhere/model'.",
    ),
    (
        Cause.NO_MODEL,
        "OSError: v9 is not a valid git identifier (branch name, tag name or commit id) that"
        " exists for this model name.",
    ),
    (
        Cause.NO_HUB,
        "OSError: We couldn't connect to 'https://huggingface.co' to load the files, and couldn't"
        " find them in the cached files.",
    ),
    (
        Cause.NO_HUB,
        "huggingface_hub.errors.LocalEntryNotFoundError: Cannot find an appropriate cached snapshot"
        " folder for the specified revision on the local disk",
    ),
    (
        Cause.ARCHITECTURE,
        "  Value error, Model architectures ['FooForCausalLM'] are not supported for now. Supported"
        " architectures: dict_keys(['AfmoeForCausalLM'])",
    ),
    (
        Cause.ARCHITECTURE,
        "  Value error, The checkpoint you are trying to load has model type `foo` but Transformers"
        " does not recognize this architecture.",
    ),
    (Cause.NO_GPU, "RuntimeError: Failed to infer device type, please set the environment"),
    (Cause.NO_GPU, "RuntimeError: No CUDA GPUs are available"),
    (Cause.NO_GPU, "RuntimeError: Found no NVIDIA driver on your system."),
    (
        Cause.GPU_MEMORY,
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.02 GiB. GPU 0 has a total"
        " capacity of 79.11 GiB of which 12.00 MiB is free.",
    ),
    (
        Cause.GPU_MEMORY,
        "ValueError: Free memory on device cuda:0 (10.1/79.1 GiB) on startup is less than desired"
        " GPU memory utilization (0.9, 71.2 GiB).",
    ),
    (Cause.GPU_MEMORY, "ValueError: No available memory for the cache blocks. Try increasing"),
    (
        Cause.CONTEXT,
        "  Value error, User-specified max_model_len (999999) is greater than the derived"
        " max_model_len (max_position_embeddings=4096.0 or model_max_length=None in model's"
        " config.json). ... will cause a CUDA array out-of-bounds error.",
    ),
    (
        Cause.CONTEXT,
        "ValueError: To serve at least one request with the model's max seq len (131072), (16.0"
        " GiB KV cache is needed",
    ),
    (
        Cause.HOST_MEMORY,
        "ValueError: Available memory on node 0 (16.19/21.84 GiB) on kv cache allocation is less"
        " than requested memory for kv (400.0 GiB).",
    ),
    (Cause.HOST_MEMORY, "RuntimeError: [enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't"),
    (Cause.DISK, "OSError: [Errno 28] No space left on device"),
    (Cause.ENGINE, "vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue."),
    (Cause.ENGINE, "[shutdown] MPClient: engine core exited unexpectedly; starting cleanup"),
]


def tell(log: str, code: int = 1, **facts):
    return diagnose(log, code, path="org/model", option="models.llm", **facts)


@pytest.mark.parametrize(("cause", "line"), LAST_WORDS)
def test_the_cause_is_found_among_what_follows_from_it(cause, line):
    log = (
        f"Traceback (most recent call last):\n{WORKER}{line}\n{WORKER}    raise X\n{ENGINE_FAILED}"
    )
    told = tell(log)
    assert told.cause is cause
    assert told.lines == (line.strip()[:240],)
    assert "{" not in told.words


def test_every_cause_has_words_of_its_own():
    logs = dict(LAST_WORDS)
    words = {tell(log).words for log in logs.values()}
    words |= {tell("", 127).words, tell("", 137).words, tell("").words}
    assert len(words) == len(Cause)


@pytest.mark.parametrize(
    ("code", "was_out_of_memory", "cause"),
    [
        (137, True, Cause.HOST_MEMORY),
        (1, True, Cause.HOST_MEMORY),
        (137, False, Cause.KILLED),
        (-9, False, Cause.KILLED),
        (127, False, Cause.NO_PROGRAM),
        (1, False, Cause.UNKNOWN),
    ],
)
def test_a_silent_death_is_told_by_its_code_and_the_kernel(code, was_out_of_memory, cause):
    told = tell("loading\n", code, was_out_of_memory=was_out_of_memory)
    assert (told.cause, told.lines) == (cause, ("loading",))


def test_an_unknown_death_shows_the_last_lines_that_say_something():
    told = tell(f"first\n{WORKER}second\n\n\x1b[31mthird\x1b[0m\n    ^^^^\n", 3)
    assert told.lines == ("second", "third")
    assert "exit code 3" in told.words
    assert tell("").lines == ("it wrote nothing",)


def test_an_unknown_error_is_shown_rather_than_what_follows_from_it():
    told = tell(f"{WORKER}KeyError: 'lm_head.weight'\n{ENGINE_FAILED}\nwarnings.warn('leaked')\n")
    assert (told.cause, told.lines) == (Cause.UNKNOWN, ("KeyError: 'lm_head.weight'",))


def test_an_engine_that_died_when_the_kernel_freed_memory_is_told_as_such():
    assert tell("EngineDeadError", was_out_of_memory=True).cause is Cause.HOST_MEMORY


def test_requests_of_a_server_that_has_served_explain_nothing_of_its_start():
    log = "Repo said: 401 Client Error\nvllm: error: unrecognized arguments: x"
    assert tell(log, has_served=True).cause is Cause.UNKNOWN
    assert tell("CUDA out of memory", has_served=True).cause is Cause.GPU_MEMORY


def test_only_what_a_person_must_mend_is_lasting():
    lasting = {cause for cause in Cause if cause.is_lasting}
    assert Cause.ARCHITECTURE in lasting
    assert not lasting & {Cause.PORT, Cause.GPU_MEMORY, Cause.HOST_MEMORY, Cause.KILLED}


@pytest.mark.parametrize(
    "line",
    ["architectures " * 200_000, "(" * 2_000_000, "\x1b[" * 1_000_000, "vllm" + "x" * 2_000_000],
)
def test_a_hostile_log_takes_no_time(line):
    started = time.process_time()
    told = tell("\n".join([line, *[line[:MAX_LINE_CHARS]] * 100]))
    assert time.process_time() - started < 10  # A quarter of a second; hours where it backtracks.
    assert all(len(line) <= 240 for line in told.lines)


def test_only_the_end_of_a_log_is_read(tmp_path):
    log = tmp_path / "log"
    log.write_bytes(b"old\n" + b"x" * (2 * TAIL_BYTES) + b"\nEngineCore \xff\r 50%\r100%\n\n")
    assert len(read_tail(log, 0)) == TAIL_BYTES
    assert read_tail(log, log.stat().st_size - 6) == "100%\n\n"
    assert read_last_line(log, 0) == "100%"
    assert read_last_line(tmp_path / "absent", 0) == "it has written nothing yet"
