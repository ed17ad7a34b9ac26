"""What vLLM 0.32 and the libraries below it print when they cannot go on, and what to do then."""

import re
from enum import StrEnum


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
    ENGINE = "engine"
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

_PATTERNS: tuple[tuple[Cause, str], ...] = (
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
    (
        Cause.ENGINE,
        r"EngineDeadError|engine core exited unexpectedly|proc .{0,80}died unexpectedly",
    ),
)
SIGNS = tuple((cause, re.compile(pattern, re.IGNORECASE)) for cause, pattern in _PATTERNS)
"""The first that matches is told, so causes stand before what follows from them."""
CAN_COME_LATE = (Cause.GPU_MEMORY, Cause.HOST_MEMORY, Cause.DISK, Cause.ENGINE)
"""What may end a server that has served; its log holds words of many requests by then."""

WORDS = {
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
    Cause.ENGINE: "the process that holds the model died",
    Cause.KILLED: "it was killed; run the same command again",
    Cause.UNKNOWN: "it ended with exit code {code} for no reason that is known here",
}
