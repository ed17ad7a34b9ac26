"""A child process of our own that answers line by line, in JSON.

Strings and numbers cross the pipes, nothing pickled. A child ends when its input does, so that it
never outlives this process; it needs no guard in the caller's main module and may be started from
any thread.
"""

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self


@dataclass(slots=True, eq=False)
class LineProcess:
    """A running child; make it with `LineProcess.start`."""

    process: subprocess.Popen[bytes]
    source: IO[bytes]
    sink: IO[bytes]

    @classmethod
    def start(cls, module: str, *arguments: str) -> Self:
        """Run a module of this project as a child process."""
        root = str(Path(__file__).resolve().parent.parent)
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        process = subprocess.Popen(
            # -P: nothing is imported from the folder that the caller happens to be in.
            [sys.executable, "-P", "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": path},
        )
        assert process.stdin and process.stdout
        return cls(process, process.stdout, process.stdin)

    def write(self, value: Any) -> None:
        """Send a value; one that died shows it when it is read from."""
        with contextlib.suppress(OSError):
            self.sink.write(json.dumps(value).encode("ascii") + b"\n")
            self.sink.flush()

    def read(self) -> Any:
        """Wait for the next value.

        Raises:
            EOFError: The child has ended.
        """
        line = self.source.readline()
        if not line.endswith(b"\n"):
            raise EOFError("the child process has ended")
        return json.loads(line)

    def end(self) -> None:
        """Kill it and wait for its end."""
        self.process.kill()
        self.process.wait()
        self.close()

    def close(self) -> None:
        """Close the pipes alone."""
        self.source.close()
        # What is left in the buffer has no reader any more.
        with contextlib.suppress(OSError):
            self.sink.close()
