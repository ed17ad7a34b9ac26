"""Where log lines go: all to a file, to the screen only when asked.

Libraries warn and trace on the console by themselves; a person sees the progress display instead.
"""

import logging
import os
import time
from pathlib import Path

from tasks.storage import Folder

OURS = ("flows", "tasks", "prefect")
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def quiet_prefect() -> None:
    """Set what must be set before Prefect is imported; the user's own settings win."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    # The local server writes task runs in batches: less processor time and no backlog.
    for name in ("BATCH_SIZE", "READ_BATCH_SIZE"):
        os.environ.setdefault(f"PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_{name}", "200")


def find_log_folder(partition: Folder) -> Path:
    """Return where the logs of a partition go: beside it, or here where it is remote."""
    name = partition.join("logs")
    return Path(name.path()) if partition.is_local else Path("data/runs/logs")


def start_log(folder: Path, *, verbose: bool) -> Path:
    """Send all log lines to a new file in `folder`; with `verbose` also to the screen."""
    from prefect.logging.configuration import setup_logging

    setup_logging()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / time.strftime("run-%Y%m%d-%H%M%S.log")
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(logging.Formatter(FORMAT))
    for name in [None, *logging.root.manager.loggerDict]:
        logger = logging.getLogger(name)
        for old in list(logger.handlers):
            if isinstance(old, logging.StreamHandler) and not verbose:
                logger.removeHandler(old)
    logging.root.addHandler(handler)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # A full disk is told once, and not by a traceback a line.
    return file
