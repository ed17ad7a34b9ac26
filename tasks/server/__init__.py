"""A server of vLLM's own, in its own environment and process: started, watched, stopped.

`life` is the entry; `process` is one start and its end; `command` says what is started;
`diagnosis` reads the log of one that died, by the table in `signs`; `supervisor` is the small
process between, which leaves nothing behind. vLLM is never imported.
"""

from tasks.server.command import VllmSpec, check_spec, make_defaults
from tasks.server.life import Limits, run_vllm

__all__ = ["Limits", "VllmSpec", "check_spec", "make_defaults", "run_vllm"]
