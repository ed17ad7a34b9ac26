"""Why vLLM died, in one sentence, from its exit code and the end of its log. Pure.

The signs are what vLLM 0.32 and the libraries below it print; the first that matches is told, so
causes stand before what follows from them. Logs are other people's text: bounded, and shown as one
line without control characters.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

MAX_LINE_CHARS = 2_000
_SHOWN_CHARS = 240
_SHOWN_LINES = 2
_PREFIX = re.compile(
    r"^(\([^)\n]{1,80}\) ?)?"
    r"((INFO|WARNING|ERROR|DEBUG|CRITICAL) [\d-]{5} [\d:]{8} \[[^]\n]{1,80}\] ?)?"
)
_UNPRINTABLE = re.compile(r"(\x1b\[[0-9;]{0,20}[A-Za-z])|[\x00-\x08\x0b-\x1f\x7f-\x9f]+")
_NOISE = ("Traceback", "File ", "^", "warnings.warn", "For further information", "raise ")
_KILLED = (-9, 128 + 9)
_NOT_RUN = 127


class Cause(StrEnum):
    """Why a server is not there."""

    PORT = "port"
    GPU_MEMORY = "gpu_memory"
    HOST_MEMORY = "host_memory"
    CONTEXT = "context"
    GATED = "gated"
    NO_MODEL = "no_model"
    NO_HUB = "no_hub"
    ARCHITECTURE = "architecture"
    NO_GPU = "no_gpu"
    DISK = "disk"
    FLAG = "flag"
    NO_PROGRAM = "no_program"
    KILLED = "killed"
    UNKNOWN = "unknown"

    @property
    def is_lasting(self) -> bool:
        """Whether starting it again cannot be expected to help."""
        return self in _LASTING


_LASTING = frozenset(
    {Cause.GATED, Cause.NO_MODEL, Cause.ARCHITECTURE, Cause.NO_GPU, Cause.FLAG, Cause.CONTEXT}
    | {Cause.NO_PROGRAM}
)

_SIGNS: tuple[tuple[Cause, str], ...] = (
    (Cause.PORT, r"address already in use|EADDRINUSE"),
    (Cause.FLAG, r"^\S{0,40}( serve)?: error: |^error: unrecognized arguments"),
    (Cause.GATED, r"gated repo|GatedRepoError|401 Client Error|403 Client Error"),
    (
        Cause.NO_MODEL,
        r"not a valid model identifier|RepositoryNotFoundError|RevisionNotFoundError|Invalid "
        r"repository ID or local directory|HFValidationError|not a valid git identifier|no config "
        r"file found|Cannot find any model weights",
    ),
    (
        Cause.NO_HUB,
        r"couldn't connect to 'https://|LocalEntryNotFoundError|OfflineModeIsEnabled|"
        r"outgoing traffic has been disabled",
    ),
    (
        Cause.ARCHITECTURE,
        r"architectures? .{0,200}(not supported|failed to be inspected)|"
        r"does not recognize this architecture|has no vLLM implementation|no longer supported",
    ),
    (Cause.DISK, r"No space left on device|Disk quota exceeded"),
    (
        Cause.NO_GPU,
        r"Failed to infer device type|No CUDA GPUs are available|Found no NVIDIA driver|"
        r"no CUDA-capable device|CUDA driver version is insufficient|NVML: Driver Not Loaded|"
        r"libcuda\.so\.1: cannot open|invalid device ordinal|No HIP GPUs are available|"
        r"NVIDIA driver on your system is too old",
    ),
    (
        Cause.GPU_MEMORY,
        r"(CUDA|HIP|XPU) (error: )?out of memory|OutOfMemoryError|No available memory for the cache"
        r"|Free memory on device|Cannot auto-fit max_model_len|CUBLAS_STATUS_ALLOC_FAILED",
    ),
    (
        Cause.CONTEXT,
        r"greater than the derived max_model_len|To serve at least one request with the model",
    ),
    (
        Cause.HOST_MEMORY,
        r"Cannot allocate memory|DefaultCPUAllocator|MemoryError|Available memory on node \d+ |"
        r"std::bad_alloc|Out of memory: Killed|out of shared memory|Bus error",
    ),
)
_COMPILED = tuple((cause, re.compile(pattern, re.IGNORECASE)) for cause, pattern in _SIGNS)
_CAN_COME_LATE = (Cause.GPU_MEMORY, Cause.HOST_MEMORY, Cause.DISK)
"""What may end a server that has served; its log holds words of many requests by then."""

_WORDS = {
    Cause.PORT: "its port is taken by another process; run the same command again",
    Cause.GPU_MEMORY: "the GPU has too little free memory; stop what else uses it, take a smaller"
    " model, or set tensor-parallel-size or gpu-memory-utilization in {option}.flags",
    Cause.HOST_MEMORY: "this machine has too little free memory; stop what else uses it, or take"
    " a smaller model",
    Cause.CONTEXT: "it cannot hold as long a context as max-model-len says; lower it in"
    " {option}.flags, or leave it out",
    Cause.GATED: "the Hub refuses access to {path!r}; accept its license there, and set the"
    " environment variable HF_TOKEN",
    Cause.NO_MODEL: "there is no model {path!r}, neither as a folder nor on the Hub; correct"
    " {option}.path or {option}.revision",
    Cause.NO_HUB: "{path!r} is not on this machine, and the Hub cannot be reached; download the"
    " model first, or give its folder in {option}.path",
    Cause.ARCHITECTURE: "this vLLM does not know the architecture of {path!r}; install a newer"
    " vLLM, or choose another model",
    Cause.NO_GPU: "it found no GPU that it can use; look at nvidia-smi and CUDA_VISIBLE_DEVICES,"
    " or name a vLLM for the CPU in {option}.command",
    Cause.DISK: "the disk is full; free some of it, or set the environment variable HF_HOME to"
    " a larger one",
    Cause.FLAG: "it refuses its command line; correct {option}.flags",
    Cause.NO_PROGRAM: "its program cannot be run; correct {option}.command",
    Cause.KILLED: "it was killed; run the same command again",
    Cause.UNKNOWN: "it ended with exit code {code} for no reason that is known here",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Why a server is not there."""

    cause: Cause
    words: str
    """What is wrong and what to do, without the lines of the log."""
    lines: tuple[str, ...]
    """The lines of the log that tell it, else its last ones."""


def diagnose(
    log: str,
    code: int,
    *,
    path: str,
    option: str,
    has_served: bool = False,
    was_out_of_memory: bool = False,
) -> Diagnosis:
    """Tell why a server ended.

    Args:
        log: the end of what it wrote.
        code: its exit code; of a signal, its negative or 128 more.
        path: the model, for the words.
        option: the section of the recipe, for the words.
        has_served: it answered requests before it ended.
        was_out_of_memory: the kernel has killed some process meanwhile for want of memory.
    """
    lines = [clean_line(line) for line in log.splitlines()]
    cause, telling = _read_cause(lines, _CAN_COME_LATE if has_served else tuple(Cause))
    if cause is None:
        cause = _guess_cause(code, was_out_of_memory=was_out_of_memory)
    words = _WORDS[cause].format(path=path, option=option, code=code)
    shown = [telling] if telling else pick_last_lines(lines)
    return Diagnosis(cause=cause, words=words, lines=tuple(line[:_SHOWN_CHARS] for line in shown))


def _read_cause(lines: Sequence[str], causes: Sequence[Cause]) -> tuple[Cause | None, str]:
    for cause, pattern in _COMPILED:
        # The last is of the process that died last, and its words are the plainest.
        telling = next((line for line in reversed(lines) if pattern.search(line)), None)
        if telling is not None and cause in causes:
            return cause, telling
    return None, ""


def _guess_cause(code: int, *, was_out_of_memory: bool) -> Cause:
    if code == _NOT_RUN:
        return Cause.NO_PROGRAM
    if was_out_of_memory:
        return Cause.HOST_MEMORY
    return Cause.KILLED if code in _KILLED else Cause.UNKNOWN


def pick_last_lines(lines: Sequence[str]) -> list[str]:
    """Return the last lines that say something, in their order."""
    telling = (line for line in reversed(lines) if line and not line.startswith(_NOISE))
    picked = [line for line, _ in zip(telling, range(_SHOWN_LINES), strict=False)]
    return picked[::-1] or ["it wrote nothing"]


def clean_line(line: str) -> str:
    """Return a line of a log without colors, control characters, and what vLLM puts before each."""
    text = _UNPRINTABLE.sub("", line[:MAX_LINE_CHARS])
    return _PREFIX.sub("", text, count=1).strip()
